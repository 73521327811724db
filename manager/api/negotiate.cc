// SPDX-License-Identifier: Apache-2.0
#include "manager/api/negotiate.h"

#include <algorithm>

#include "common/text.h"

namespace piman::manager::api {
namespace {

constexpr std::string_view kOpenMetricsType = "application/openmetrics-text";
constexpr std::string_view kOpenMetricsVersion = "1.0.0";

struct MediaRange {
  std::string_view type;
  std::string_view version;
  double weight = 1;
};

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

MediaRange parse_range(std::string_view item) {
  MediaRange range;
  range.type = trim(next_until(item, ';'));
  while (!item.empty()) {
    std::string_view parameter = next_until(item, ';');
    const std::string_view name = trim(next_until(parameter, '='));
    const std::string_view value = unquoted(trim(parameter));
    if (equals_ignoring_case(name, "q")) range.weight = std::clamp(parse_double(value).value_or(0), 0.0, 1.0);
    if (equals_ignoring_case(name, "version")) range.version = value;
  }
  return range;
}

std::string_view opaque_tag(std::string_view etag) {
  etag = trim(etag);
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

}  // namespace

prom_text::Format negotiate_format(std::string_view accept) {
  double open = 0;
  double text = 0;
  int text_precision = 0;  // the most precise range decides: text/plain before text/* before */*
  while (!accept.empty()) {
    const MediaRange range = parse_range(next_until(accept, ','));
    if (equals_ignoring_case(range.type, kOpenMetricsType)) {
      if (range.version.empty() || range.version == kOpenMetricsVersion) open = std::max(open, range.weight);
      continue;
    }
    const int precision = equals_ignoring_case(range.type, "text/plain") ? 3
                          : equals_ignoring_case(range.type, "text/*")   ? 2
                          : range.type == "*/*"                          ? 1
                                                                         : 0;
    if (precision > text_precision) {
      text_precision = precision;
      text = range.weight;
    } else if (precision > 0 && precision == text_precision) {
      text = std::max(text, range.weight);
    }
  }
  return open > 0 && open >= text ? prom_text::Format::kOpenMetrics : prom_text::Format::kText;
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  if (trim(if_none_match) == "*") return true;
  while (!if_none_match.empty()) {
    if (opaque_tag(next_until(if_none_match, ',')) == opaque_tag(etag)) return true;
  }
  return false;
}

}  // namespace piman::manager::api
