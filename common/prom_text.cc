// SPDX-License-Identifier: Apache-2.0
#include "common/prom_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "common/text.h"

namespace piman::prom_text {
namespace {

std::string_view type_name(Type type, Format format) {
  switch (type) {
    case Type::kCounter:
      return "counter";
    case Type::kGauge:
      return "gauge";
    case Type::kUntyped:
      return format == Format::kText ? "untyped" : "unknown";
    case Type::kHistogram:
      return "histogram";
    case Type::kSummary:
      return "summary";
  }
  return "untyped";
}

/// Text escapes backslash and line end in HELP; OpenMetrics the double quote as well.
void append_help(std::string& out, std::string_view help, Format format) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '\\' && c != '"'; };
  if (std::all_of(help.begin(), help.end(), is_plain)) {  // nearly all, and an agent's start makes hundreds
    out += help;
    return;
  }
  for (const char c : to_valid_utf8(help)) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && format == Format::kOpenMetrics) {
      out += "\\\"";
    } else {
      out.push_back(c);
    }
  }
}

std::string make_header(std::string_view name, Type type, std::string_view help, Format format) {
  constexpr std::string_view kHelp = "# HELP ", kType = "# TYPE ";
  const std::string_view type_word = type_name(type, format);
  std::string out;
  out.reserve(kHelp.size() + kType.size() + 2 * name.size() + help.size() + type_word.size() + 4);
  out.append(kHelp).append(name).append(1, ' ');
  append_help(out, help, format);
  out.append(1, '\n').append(kType).append(name).append(1, ' ').append(type_word).append(1, '\n');
  return out;
}

constexpr std::string_view kTotal = "_total";

void append_labels(std::string& out, std::initializer_list<Label> labels) {
  char separator = '{';
  for (const auto& [name, value] : labels) {
    out.push_back(separator);
    out += name;
    out += "=\"";
    append_label_value(out, value);
    out.push_back('"');
    separator = ',';
  }
  if (separator == ',') out.push_back('}');
}

}  // namespace

std::string_view content_type(Format format) {
  return format == Format::kText ? "text/plain; version=0.0.4; charset=utf-8"
                                 : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

Format negotiate(std::string_view accept) {
  double best_text = 0;
  double best_open = 0;
  while (!accept.empty()) {
    std::string_view range = next_until(accept, ',');
    const std::string_view type = trim(next_until(range, ';'));
    double quality = 1;
    std::string_view version;
    while (!range.empty()) {
      std::string_view parameter = next_until(range, ';');
      const std::string_view key = trim(next_until(parameter, '='));
      if (key == "q") quality = parse_double(trim(parameter)).value_or(0);
      if (key == "version") version = trim(parameter);
    }
    // Version 0.0.1 differs from 1.0.0 in nothing that we write.
    const bool known_version = version.empty() || version == "1.0.0" || version == "0.0.1";
    if (equals_ignoring_case(type, "application/openmetrics-text") && known_version) {
      best_open = std::max(best_open, quality);
    } else if (equals_ignoring_case(type, "text/plain") || type == "text/*" || type == "*/*") {
      best_text = std::max(best_text, quality);
    }
  }
  return best_open > best_text ? Format::kOpenMetrics : Format::kText;
}

Family::Family(std::string_view name, Type type, std::string_view help)
    : name_(name), type_(type), text_header_(make_header(name, type, help, Format::kText)) {
  std::string_view base = name;
  if (type == Type::kCounter) {
    if (base.ends_with(kTotal)) {
      base.remove_suffix(kTotal.size());
    } else {
      open_name_ = concat(name, kTotal);
    }
  }
  const bool is_alike = base == name && type_name(type, Format::kText) == type_name(type, Format::kOpenMetrics) &&
                        help.find('"') == std::string_view::npos;
  if (!is_alike) open_header_ = make_header(base, type, help, Format::kOpenMetrics);
}

Labels::Labels(std::initializer_list<Label> labels) { append_labels(text_, labels); }

void Writer::reset(Format format) {
  format_ = format;
  family_ = nullptr;
  header_due_ = false;
  samples_ = 0;
  out_.clear();
  constexpr std::size_t kSpareBytes = 1024;
  if (released_bytes_ > 0) out_.reserve(released_bytes_ + kSpareBytes);
}

void Writer::begin(std::string_view rendered_labels, std::string_view suffix) {
  if (header_due_) {
    out_ += family_->header(format_);
    header_due_ = false;
  }
  out_ += family_->sample_name(format_);
  out_ += suffix;
  out_ += rendered_labels;
  out_.push_back(' ');
  ++samples_;
}

void Writer::number(double value) {
  append_number(out_, value);
  out_.push_back('\n');
}

void Writer::number(std::uint64_t value) {
  append_number(out_, value);
  out_.push_back('\n');
}

void Writer::sample(std::initializer_list<Label> labels, double value) {
  begin({});
  out_.pop_back();
  append_labels(out_, labels);
  out_.push_back(' ');
  number(value);
}

void Writer::sample(std::initializer_list<Label> labels, std::uint64_t value) {
  begin({});
  out_.pop_back();
  append_labels(out_, labels);
  out_.push_back(' ');
  number(value);
}

void Writer::sample_rendered(std::string_view labels, double value, std::string_view suffix) {
  begin(labels, suffix);
  number(value);
}

void Writer::append(const Writer& part) {
  out_ += part.out_;
  samples_ += part.samples_;
  family_ = nullptr;
}

void Writer::take(Writer& part) {
  if (!out_.empty()) {
    append(part);
  } else {
    out_.swap(part.out_);
    samples_ += part.samples_;
    family_ = nullptr;
  }
  part.reset(format_);
}

std::string Writer::release() {
  released_bytes_ = out_.size();
  return std::exchange(out_, {});
}

void Writer::finish() {
  if (format_ == Format::kOpenMetrics) out_ += "# EOF\n";
}

void append_number(std::string& out, std::uint64_t value) {
  // Go switches to an exponent at 21 digits for %v but at 1e+06 for the shortest %g, which the format uses.
  char digits[24];
  char* const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  const auto length = static_cast<std::size_t>(end - digits);
  if (length <= 6) {
    out.append(digits, length);
    return;
  }
  if (length > 15) {  // may lose precision as a double: let the double decide its shortest form
    append_number(out, static_cast<double>(value));
    return;
  }
  std::size_t significant = length;
  while (significant > 1 && digits[significant - 1] == '0') --significant;
  out.push_back(digits[0]);
  if (significant > 1) {
    out.push_back('.');
    out.append(digits + 1, significant - 1);
  }
  const std::size_t exponent = length - 1;
  out += "e+";
  out.push_back(static_cast<char>('0' + exponent / 10));
  out.push_back(static_cast<char>('0' + exponent % 10));
}

void append_number(std::string& out, double value) {
  if (value >= 0 && value < 1e15) {
    const auto whole = static_cast<std::uint64_t>(value);
    if (static_cast<double>(whole) == value && !(whole == 0 && std::signbit(value))) {
      append_number(out, whole);
      return;
    }
  }
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  char digits[40];
  const double magnitude = std::fabs(value);
  const bool plain = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e6);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value, format).ptr);
}

void append_label_value(std::string& out, std::string_view value) {
  bool plain = true;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || c == '\\' || c == '"' || c == '\n') {
      plain = false;
      break;
    }
  }
  if (plain) {
    out += value;
    return;
  }
  for (const char c : to_valid_utf8(value)) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '"') {
      out += "\\\"";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
}

}  // namespace piman::prom_text
