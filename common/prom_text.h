// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

/// Writes the Prometheus exposition formats straight into one reused buffer: text 0.0.4, and OpenMetrics 1.0.0.
/// A family's HELP and TYPE lines and constant label sets are rendered once, at start-up; a scrape only appends.
/// Values stand as Go's client library prints them, so that a page can be compared with an exporter's to the letter.
/// Source: prometheus.io/docs/instrumenting/exposition_formats, OpenMetrics 1.0.0 section "ABNF".
namespace piman::prom_text {

enum class Type : std::uint8_t { kCounter, kGauge, kUntyped, kHistogram, kSummary };
enum class Format : std::uint8_t { kText, kOpenMetrics };

/// The media type to answer with; a missing one is refused by Prometheus 3.
std::string_view content_type(Format format);

/// The format that an Accept header prefers, text when it names neither. Prometheus 2 asks for OpenMetrics first;
/// Prometheus 3 adds text 1.0.0 and `escaping=` parameters, which an answer in text 0.0.4 satisfies.
Format negotiate(std::string_view accept);

/// One metric family: name, type and help, rendered for both formats when it is made.
class Family {
 public:
  /// `help` may hold any UTF-8 text and should end with the unit where there is one.
  Family(std::string_view name, Type type, std::string_view help);

  const std::string& name() const { return name_; }
  Type type() const { return type_; }
  const std::string& header(Format format) const {
    return format == Format::kText || open_header_.empty() ? text_header_ : open_header_;
  }
  /// The name that samples carry: OpenMetrics demands `_total` on every counter sample.
  const std::string& sample_name(Format format) const {
    return format == Format::kText || open_name_.empty() ? name_ : open_name_;
  }

 private:
  std::string name_;
  Type type_;
  std::string text_header_;
  // Of OpenMetrics; empty where it is the same as text.
  std::string open_name_;
  std::string open_header_;
};

using Label = std::pair<std::string_view, std::string_view>;

/// A label set rendered once: `{cpu="0",mode="idle"}`, or nothing. Names must be valid label names; values any bytes.
class Labels {
 public:
  Labels() = default;
  Labels(std::initializer_list<Label> labels);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Appends families and samples to a buffer that it keeps between pages.
/// REQUIRES: all samples of a family follow its family() call, and a family is opened once a page.
/// Thread-safety: none.
class Writer {
 public:
  explicit Writer(Format format = Format::kText) : format_(format) {}

  /// Empties the page and keeps the memory.
  void reset(Format format);
  /// Opens a family. Its header is written with the first sample, so that an empty family leaves no trace.
  void family(const Family& family) {
    family_ = &family;
    header_due_ = true;
  }

  void sample(double value) {
    begin({});
    number(value);
  }
  void sample(const Labels& labels, double value) {
    begin(labels.text());
    number(value);
  }
  void sample(std::initializer_list<Label> labels, double value);
  /// For whole numbers, which most are: the same text, at a third of the cost.
  void sample(std::uint64_t value) {
    begin({});
    number(value);
  }
  void sample(const Labels& labels, std::uint64_t value) {
    begin(labels.text());
    number(value);
  }
  void sample(std::initializer_list<Label> labels, std::uint64_t value);

  /// For a label set that is rendered already, with a histogram's or summary's "_bucket", "_sum" or "_count".
  void sample_rendered(std::string_view labels, double value, std::string_view suffix = {});

  /// A family with one unlabelled sample.
  void single(const Family& opened, double value) {
    family(opened);
    sample(value);
  }
  void single(const Family& opened, std::uint64_t value) {
    family(opened);
    sample(value);
  }

  /// Appends a part of a page made by another writer in the same format.
  void append(const Writer& part);
  /// The same for a part that is not needed any more: on an empty page nothing is copied.
  void take(Writer& part);
  /// Ends the page; OpenMetrics wants its EOF marker.
  void finish();

  Format format() const { return format_; }
  std::size_t sample_count() const { return samples_; }
  const std::string& text() const { return out_; }
  /// The text itself, for who passes it on; the page is empty then.
  std::string release();

 private:
  void begin(std::string_view rendered_labels, std::string_view suffix = {});
  void number(double value);
  void number(std::uint64_t value);

  Format format_;
  const Family* family_ = nullptr;
  bool header_due_ = false;
  std::size_t samples_ = 0;
  std::string out_;
  std::size_t released_bytes_ = 0;  ///< how long the text was that went away: the next is about as long
};

/// Appends `value` as Go's strconv.FormatFloat(value, 'g', -1, 64) prints it, with NaN, +Inf and -Inf.
void append_number(std::string& out, double value);
void append_number(std::string& out, std::uint64_t value);
/// Appends a label value with backslash, quote and line end escaped and what is not UTF-8 replaced.
void append_label_value(std::string& out, std::string_view value);

}  // namespace piman::prom_text
