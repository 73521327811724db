// SPDX-License-Identifier: Apache-2.0
#include "common/prom_parse.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/text.h"

namespace piman::prom_text {
namespace {

constexpr std::uint8_t kFirst = 1;       // may begin a name
constexpr std::uint8_t kLater = 2;       // may stand later in a name
constexpr std::uint8_t kMetricOnly = 4;  // ':', which labels don't have

constexpr std::array<std::uint8_t, 256> make_name_table() {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 'a'; c <= 'z'; ++c) table[c] = kFirst | kLater;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) table[c] = kFirst | kLater;
  for (std::size_t c = '0'; c <= '9'; ++c) table[c] = kLater;
  table['_'] = kFirst | kLater;
  table[':'] = kMetricOnly;
  return table;
}
constexpr auto kNameTable = make_name_table();

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// One line, from left to right. Every step returns false or null and leaves a problem when it can't go on.
class Cursor {
 public:
  explicit Cursor(std::string_view line) : at_(line.data()), end_(line.data() + line.size()) {}

  bool at_end() const { return at_ == end_; }
  char peek() const { return at_ == end_ ? '\0' : *at_; }
  const char* position() const { return at_; }
  std::string_view since(const char* begin) const { return {begin, static_cast<std::size_t>(at_ - begin)}; }
  void skip(std::size_t count) { at_ += count; }

  void skip_blanks() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }

  std::string_view take_name(bool metric) {
    const char* const begin = at_;
    const auto allows = [&](std::uint8_t wanted) {
      return (kNameTable[static_cast<unsigned char>(*at_)] & (metric ? wanted | kMetricOnly : wanted)) != 0;
    };
    if (at_ == end_ || !allows(kFirst)) return {};
    while (at_ != end_ && allows(kLater)) ++at_;
    return since(begin);
  }

  std::string_view take_token() {
    const char* const begin = at_;
    while (at_ != end_ && !is_blank(*at_)) ++at_;
    return since(begin);
  }

  /// After the opening quote; leaves the cursor behind the closing one. False when there is none.
  bool skip_label_value(bool& valid_utf8) {
    const char* const begin = at_;
    unsigned char all = 0;
    while (at_ != end_ && *at_ != '"') {
      all = static_cast<unsigned char>(all | static_cast<unsigned char>(*at_));
      if (*at_ == '\\' && ++at_ == end_) return false;
      ++at_;
    }
    if (at_ == end_) return false;
    valid_utf8 = all < 0x80 || is_valid_utf8(since(begin));
    ++at_;
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

constexpr std::string_view kBadLabelName = "label name expected";
constexpr std::string_view kBadEquals = "'=' expected after a label name";
constexpr std::string_view kBadQuote = "label value must begin with a quote";
constexpr std::string_view kOpenLabel = "label value is not closed";
constexpr std::string_view kBadUtf8 = "label value is not UTF-8";
constexpr std::string_view kOpenLabels = "labels are not closed";
constexpr std::string_view kBadValue = "value is no number";
constexpr std::string_view kBadTimestamp = "timestamp is no number";
constexpr std::string_view kLeftover = "more than a value and a timestamp";

/// From behind '{' to behind '}'. Returns the problem, empty when there is none.
std::string_view read_labels(Cursor& cursor, std::string_view& labels) {
  const char* const begin = cursor.position();
  for (;;) {
    cursor.skip_blanks();
    if (cursor.peek() == '}') break;
    if (cursor.at_end()) return kOpenLabels;
    if (cursor.take_name(false).empty()) return kBadLabelName;
    cursor.skip_blanks();
    if (cursor.peek() != '=') return kBadEquals;
    cursor.skip(1);
    cursor.skip_blanks();
    if (cursor.peek() != '"') return kBadQuote;
    cursor.skip(1);
    bool valid_utf8 = false;
    if (!cursor.skip_label_value(valid_utf8)) return kOpenLabel;
    if (!valid_utf8) return kBadUtf8;
    cursor.skip_blanks();
    if (cursor.peek() == ',') {
      cursor.skip(1);
    } else if (cursor.peek() != '}') {
      return kOpenLabels;
    }
  }
  labels = cursor.since(begin);
  cursor.skip(1);
  return {};
}

/// Numbers as Go reads them, as far as from_chars goes: it knows NaN and Inf in any case, but also "nan(1)", and no
/// '+'.
bool parse_value(std::string_view text, double& value) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size() && !text.ends_with(')');
}

/// " # {labels} value [timestamp]" of OpenMetrics: checked for its form and otherwise ignored.
std::string_view skip_exemplar(Cursor& cursor) {
  cursor.skip(1);
  cursor.skip_blanks();
  if (cursor.peek() != '{') return "exemplar must begin with labels";
  cursor.skip(1);
  std::string_view labels;
  if (const auto problem = read_labels(cursor, labels); !problem.empty()) return problem;
  cursor.skip_blanks();
  double ignored = 0;
  if (!parse_value(cursor.take_token(), ignored)) return kBadValue;
  cursor.skip_blanks();
  if (!cursor.at_end() && !parse_value(cursor.take_token(), ignored)) return kBadTimestamp;
  cursor.skip_blanks();
  return cursor.at_end() ? std::string_view() : kLeftover;
}

std::string_view read_sample(Cursor& cursor, Sample& sample) {
  sample.name = cursor.take_name(true);
  if (sample.name.empty()) return "metric name expected";
  const bool separated = is_blank(cursor.peek());
  cursor.skip_blanks();
  if (cursor.peek() == '{') {
    cursor.skip(1);
    if (const auto problem = read_labels(cursor, sample.labels); !problem.empty()) return problem;
    cursor.skip_blanks();
  } else if (!separated) {
    return cursor.at_end() ? kBadValue : std::string_view("metric name has a character that names can't have");
  }
  if (!parse_value(cursor.take_token(), sample.value)) return kBadValue;
  cursor.skip_blanks();
  if (!cursor.at_end() && cursor.peek() != '#') {
    double timestamp = 0;  // the one who asks knows better what time it is: many Pis have no clock
    if (!parse_value(cursor.take_token(), timestamp)) return kBadTimestamp;
    cursor.skip_blanks();
  }
  if (cursor.peek() == '#') return skip_exemplar(cursor);
  return cursor.at_end() ? std::string_view() : kLeftover;
}

ParsedLine bad(std::string_view problem) { return {LineKind::kBad, {}, problem}; }

/// Behind the '#'.
ParsedLine parse_comment(Cursor& cursor) {
  if (!is_blank(cursor.peek())) return {LineKind::kComment, {}, {}};
  cursor.skip_blanks();
  const std::string_view word = cursor.take_token();
  if (word == "EOF" && cursor.at_end()) return {LineKind::kEnd, {}, {}};
  if (word != "TYPE") return {LineKind::kComment, {}, {}};
  constexpr std::array<std::string_view, 9> kTypes = {"counter", "gauge",    "histogram",      "summary", "untyped",
                                                      "unknown", "stateset", "gaugehistogram", "info"};
  cursor.skip_blanks();
  if (cursor.take_name(true).empty()) return bad("TYPE has no metric name");
  cursor.skip_blanks();
  const std::string_view type = cursor.take_token();
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) return bad("TYPE names no metric type");
  cursor.skip_blanks();
  return cursor.at_end() ? ParsedLine{LineKind::kType, {}, {}} : bad("TYPE has something after the type");
}

}  // namespace

bool LabelReader::next(std::string_view& name, std::string_view& escaped_value) {
  Cursor cursor(rest_);
  cursor.skip_blanks();
  if (cursor.peek() == ',') cursor.skip(1);
  cursor.skip_blanks();
  name = cursor.take_name(false);
  if (name.empty()) return false;
  while (!cursor.at_end() && cursor.peek() != '"') cursor.skip(1);
  if (cursor.at_end()) return false;
  cursor.skip(1);
  const char* const begin = cursor.position();
  bool valid_utf8 = false;
  if (!cursor.skip_label_value(valid_utf8)) return false;
  escaped_value = cursor.since(begin);
  escaped_value.remove_suffix(1);
  rest_.remove_prefix(static_cast<std::size_t>(cursor.position() - rest_.data()));
  return true;
}

std::optional<std::string_view> Sample::find_label(std::string_view label_name) const {
  LabelReader reader(labels);
  std::string_view found_name;
  std::string_view found_value;
  while (reader.next(found_name, found_value)) {
    if (found_name == label_name) return found_value;
  }
  return std::nullopt;
}

void append_unescaped(std::string& out, std::string_view escaped_value) {
  for (std::size_t i = 0; i < escaped_value.size(); ++i) {
    const char next = i + 1 < escaped_value.size() ? escaped_value[i + 1] : '\0';
    const bool known = next == '\\' || next == '"' || next == 'n';
    if (escaped_value[i] != '\\' || !known) {
      out.push_back(escaped_value[i]);
    } else {
      out.push_back(next == 'n' ? '\n' : next);
      ++i;
    }
  }
}

ParsedLine parse_line(std::string_view line) {
  Cursor cursor(line);
  cursor.skip_blanks();
  if (cursor.at_end()) return {};
  if (cursor.peek() == '#') {
    cursor.skip(1);
    return parse_comment(cursor);
  }
  ParsedLine parsed;
  parsed.problem = read_sample(cursor, parsed.sample);
  parsed.kind = parsed.problem.empty() ? LineKind::kSample : LineKind::kBad;
  return parsed;
}

std::string PageProblem::to_string() const { return concat("line ", line, ": ", what); }

bool PageStream::stop(std::string_view what) {
  problem_ = PageProblem{line_, what};
  rest_ = {};
  return false;
}

/// Half a number is a number too: only the line end tells that a value is whole.
bool PageStream::take_line(std::string_view& line) {
  if (drop_begun_) begun_.clear();
  drop_begun_ = false;
  const std::size_t length = rest_.find('\n');
  if (begun_.size() + std::min(length, rest_.size()) > most_line_bytes_) {
    ++line_;
    return stop("line is too long");
  }
  if (length == std::string_view::npos) {
    begun_.append(rest_);
    rest_ = {};
    return false;
  }
  ++line_;
  line = rest_.substr(0, length);
  rest_.remove_prefix(length + 1);
  if (begun_.empty()) return true;
  begun_.append(line);
  line = begun_;
  drop_begun_ = true;
  return true;
}

bool PageStream::next(Sample& sample) {
  if (problem_) return false;
  std::string_view text;
  while (!rest_.empty() && take_line(text)) {
    const ParsedLine line = parse_line(text);
    if (line.kind == LineKind::kBad) return stop(line.problem);
    if (format_ == Format::kOpenMetrics) {
      if (ended_) return stop("something stands after # EOF");
      ended_ = line.kind == LineKind::kEnd;
    }
    if (line.kind != LineKind::kSample) continue;
    sample = line.sample;
    return true;
  }
  return false;
}

void PageStream::end() {
  if (problem_) return;
  if (drop_begun_) begun_.clear();
  drop_begun_ = false;
  if (!begun_.empty()) {
    ++line_;
    const bool is_end = format_ == Format::kOpenMetrics && parse_line(begun_).kind == LineKind::kEnd;
    if (!is_end || ended_) {
      stop("page ends within a line");
      return;
    }
    ended_ = true;
    begun_.clear();
  }
  if (format_ == Format::kOpenMetrics && !ended_) stop("page has no # EOF");
}

Format format_of_content_type(std::string_view content_type) {
  const std::string_view type = trim(next_until(content_type, ';'));
  return equals_ignoring_case(type, "application/openmetrics-text") ? Format::kOpenMetrics : Format::kText;
}

}  // namespace piman::prom_text
