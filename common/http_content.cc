// SPDX-License-Identifier: Apache-2.0
#include "common/http_content.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "common/http_date.h"
#include "common/text.h"

namespace piman::http {
namespace {

/// Decimal digits as a number; the largest one when they say more than that.
std::optional<std::uint64_t> saturated(std::string_view digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return parse_u64(digits).value_or(std::numeric_limits<std::uint64_t>::max());
}

RangeChoice part(std::uint64_t first, std::uint64_t length) { return {RangeKind::kPart, {first, length}}; }

/// "500-999", "500-" or "-500".
RangeChoice one_range(std::string_view text, std::uint64_t size) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view before = text.substr(0, dash), behind = text.substr(dash + 1);
  if (before.empty()) {
    const auto suffix = saturated(behind);
    if (!suffix) return {};
    if (*suffix == 0) return {RangeKind::kRefused, {}};
    if (size == 0) return {};  // satisfiable, yet a 206 can't say "no bytes of none"
    const std::uint64_t length = std::min(*suffix, size);
    return part(size - length, length);
  }
  const auto first = saturated(before);
  const auto last = behind.empty() ? std::numeric_limits<std::uint64_t>::max() : saturated(behind);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {RangeKind::kRefused, {}};
  return part(*first, std::min(*last, size - 1) - *first + 1);
}

/// Takes an entity-tag with its quotes and its W/ off the front of a list; empty at the end or at what is none.
std::string_view next_tag(std::string_view& list) {
  list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
  const std::size_t open = list.starts_with("W/") ? 2 : 0;
  if (list.size() <= open || list[open] != '"') return {};
  const std::size_t close = list.find('"', open + 1);
  if (close == std::string_view::npos) return {};
  const std::string_view tag = list.substr(0, close + 1);
  list.remove_prefix(tag.size());
  return tag;
}

/// RFC 9110 section 8.8.3.2; `etag` is strong.
bool tag_listed(std::string_view list, std::string_view etag, bool weak_counts) {
  if (trim(list) == "*") return true;
  if (etag.empty()) return false;
  for (std::string_view tag = next_tag(list); !tag.empty(); tag = next_tag(list)) {
    if (tag.starts_with("W/")) {
      if (!weak_counts) continue;
      tag.remove_prefix(2);
    }
    if (tag == etag) return true;
  }
  return false;
}

bool modified_after(const Content& content, WallTime time) {
  return !content.modified || std::chrono::floor<std::chrono::seconds>(*content.modified) > time;
}

/// 304 or 412 instead of the content, in the order of RFC 9110 section 13.2.2; 0: none of them.
int condition_status(const Request& request, const Content& content) {
  const std::string_view if_match = request.header("If-Match");
  const std::string_view if_none_match = request.header("If-None-Match");
  if (!if_match.empty()) {
    if (!tag_listed(if_match, content.etag, false)) return 412;
  } else if (const auto since = parse_http_date(request.header("If-Unmodified-Since"))) {
    if (modified_after(content, *since)) return 412;
  }
  if (!if_none_match.empty()) {
    if (tag_listed(if_none_match, content.etag, true)) return 304;
  } else if (const auto since = parse_http_date(request.header("If-Modified-Since"))) {
    if (!modified_after(content, *since)) return 304;
  }
  return 0;
}

/// RFC 9110 section 13.1.5: whether a part may be added to what the client has.
bool range_counts(const Request& request, const Content& content, WallTime now) {
  const std::string_view if_range = request.header("If-Range");
  if (if_range.empty()) return true;
  if (if_range.ends_with('"')) return !content.etag.empty() && if_range == content.etag;
  if (!content.modified) return false;
  // A date is a strong validator only once its second and another one are over (section 8.8.2.2).
  const auto second = std::chrono::floor<std::chrono::seconds>(*content.modified);
  return parse_http_date(if_range) == WallTime(second) && now - second >= std::chrono::seconds(2);
}

}  // namespace

RangeChoice choose_range(std::string_view range, std::uint64_t size_bytes) {
  if (!equals_ignoring_case(trim(next_until(range, '=')), "bytes")) return {};
  std::string_view only;
  while (!range.empty()) {
    const std::string_view item = trim(next_until(range, ','));
    if (item.empty()) continue;
    if (!only.empty()) return {RangeKind::kRefused, {}};
    only = item;
  }
  return one_range(only, size_bytes);
}

Response respond_with(const Request& request, Content content, WallTime now) {
  Response response;
  response.headers.emplace_back("Date", format_http_date(now));
  if (!content.etag.empty()) response.headers.emplace_back("ETag", content.etag);
  if (content.modified) response.headers.emplace_back("Last-Modified", format_http_date(*content.modified));
  if (const int status = condition_status(request, content); status != 0) {
    response.status = status;
    if (status == 412) response.body = "not the one you know\n";
    if (status == 304) response.content_type.clear();  // that of an empty text would be wrong
    return response;
  }
  response.headers.emplace_back("Accept-Ranges", "bytes");
  const std::uint64_t size = content.source->size_bytes();
  RangeChoice choice;
  if (request.method == "GET" && range_counts(request, content, now))
    choice = choose_range(request.header("Range"), size);
  if (choice.kind == RangeKind::kRefused) {
    response.status = 416;
    response.headers.emplace_back("Content-Range", concat("bytes */", size));
    response.body = "no such range\n";
    return response;
  }
  response.content_type = std::move(content.content_type);
  if (choice.kind == RangeKind::kPart) {
    response.status = 206;
    const ByteRange& range = choice.range;
    response.headers.emplace_back("Content-Range",
                                  concat("bytes ", range.first, '-', range.first + range.length - 1, '/', size));
  } else {
    choice.range = {0, size};
  }
  response.part = BodyPart{std::move(content.source), choice.range.first, choice.range.length, {}};
  return response;
}

}  // namespace piman::http
