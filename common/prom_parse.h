// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/prom_text.h"

/// Reads the Prometheus exposition formats, text 0.0.4 and OpenMetrics 1.0.0, line by line and without allocating: a
/// sample is a set of views into the page, which may be whole or arrive in pieces. What Prometheus would refuse is
/// refused, since whoever passes a page on must know whether it will be taken: bad names, unquoted or unclosed label
/// values, bytes that are not UTF-8, values that are no numbers, a page that ends within a line. Errors: in words with
/// the line's number. Thread-safety: none; pure but for the position. Source:
/// prometheus.io/docs/instrumenting/exposition_formats, OpenMetrics 1.0.0 section "ABNF".
namespace piman::prom_text {

/// Takes labels off the front of what stands between a sample's braces.
class LabelReader {
 public:
  /// REQUIRES: `text` is the `labels` of a Sample.
  explicit LabelReader(std::string_view text) : rest_(text) {}

  /// False at the end. The value is as written: see append_unescaped().
  bool next(std::string_view& name, std::string_view& escaped_value);

 private:
  std::string_view rest_;
};

struct Sample {
  std::string_view name;
  std::string_view labels;  ///< what stands between the braces, checked; empty when there are none
  double value = 0;

  /// The value of a label as written, nothing when the sample does not have it.
  std::optional<std::string_view> find_label(std::string_view label_name) const;
};

/// Appends a label value with \\, \" and \n undone. Other escapes stay as they are.
void append_unescaped(std::string& out, std::string_view escaped_value);

/// What one line is, without its line end.
enum class LineKind : std::uint8_t {
  kBlank,
  kComment,  ///< with HELP and UNIT, which are not looked into
  kType,     ///< a well-formed TYPE line
  kEnd,      ///< "# EOF"
  kSample,
  kBad,
};
struct ParsedLine {
  LineKind kind = LineKind::kBlank;
  Sample sample;             ///< of kSample
  std::string_view problem;  ///< of kBad: a constant text
};
/// Pure.
ParsedLine parse_line(std::string_view line);

/// Why a page is refused.
struct PageProblem {
  std::size_t line = 0;  ///< 1-based
  std::string_view what;
  bool operator==(const PageProblem&) const = default;
  std::string to_string() const;  ///< "line 7: value is no number"
};

/// Walks a page that arrives in pieces, whose borders may lie anywhere: feed() one, take samples with next() until
/// there are no more, and so on; end() when all has come. Copies a line only where a border lies within it.
class PageStream {
 public:
  /// A longer line than this is a problem: a sender without line ends must not fill the memory.
  static constexpr std::size_t kMostLineBytes = 256UL * 1024;

  explicit PageStream(Format format, std::size_t most_line_bytes = kMostLineBytes)
      : format_(format), most_line_bytes_(most_line_bytes) {}

  /// REQUIRES: the piece before is used up. `piece` must outlive the samples that next() takes from it.
  void feed(std::string_view piece) { rest_ = piece; }
  /// The next sample, valid until the next call. False when the piece is used up, and for good after a problem.
  bool next(Sample& sample);
  /// The page is over. Errors: it ended within a line, or without the end that OpenMetrics wants; see problem().
  void end();
  const std::optional<PageProblem>& problem() const { return problem_; }

 private:
  bool stop(std::string_view what);
  bool take_line(std::string_view& line);

  std::string_view rest_;
  std::string begun_;        ///< the first part of a line whose end has not come
  bool drop_begun_ = false;  ///< `begun_` is the line that next() has shown
  Format format_;
  std::size_t most_line_bytes_;
  std::size_t line_ = 0;
  bool ended_ = false;
  std::optional<PageProblem> problem_;
};

/// Walks a whole page, sample by sample.
class PageReader {
 public:
  /// `page` must outlive the reader and what it returns.
  explicit PageReader(std::string_view page, Format format) : stream_(format, page.size() + 1) { stream_.feed(page); }

  /// The next sample. False at the end of the page, and for good after a problem.
  bool next(Sample& sample) {
    if (stream_.next(sample)) return true;
    stream_.end();
    return false;
  }
  const std::optional<PageProblem>& problem() const { return stream_.problem(); }

 private:
  PageStream stream_;
};

/// The format that a Content-Type names; text 0.0.4 for all but OpenMetrics.
Format format_of_content_type(std::string_view content_type);

}  // namespace piman::prom_text
