// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/http_types.h"

/// One thing with a fixed length as an answer: whole, a range of it, or "you have it already". Pure: the time comes in.
/// Source: RFC 9110 sections 8.8 (validators), 13 (conditions), 14 (ranges).
namespace piman::http {

struct Content {
  std::shared_ptr<const BodySource> source;
  std::string content_type = "application/octet-stream";
  std::string etag;                  ///< a strong one with its quotes: "\"1a-2b\""; empty: none
  std::optional<WallTime> modified;  ///< becomes Last-Modified
};

/// Bytes [first, first + length) of something longer; length is at least 1.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

enum class RangeKind {
  kWhole,    ///< no range, another unit, or nothing that can be read as a range: the header is ignored
  kPart,     ///< one range that the content has
  kRefused,  ///< a range beyond the end (416), or more than one range: no boot client asks so, and many are an attack
};
struct RangeChoice {
  RangeKind kind = RangeKind::kWhole;
  ByteRange range;
};

/// What the value of a Range header asks of content of `size_bytes`. Numbers of any length are understood.
RangeChoice choose_range(std::string_view range, std::uint64_t size_bytes);

/// 200, 206, 304, 412 or 416, with Accept-Ranges, ETag, Last-Modified and Date, and never more than `content` has.
/// A Range counts only for GET, and under If-Range only while the content is the one that the client knows.
/// `now` is what makes a Last-Modified a strong validator: changes within its second can't be seen.
Response respond_with(const Request& request, Content content, WallTime now);

}  // namespace piman::http
