// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "common/check.h"
#include "common/http_content.h"
#include "common/http_date.h"
#include "common/text.h"

namespace {

using namespace piman;
using namespace piman::http;

class Sized final : public BodySource {
 public:
  explicit Sized(std::uint64_t size) : size_(size) {}
  std::uint64_t size_bytes() const override { return size_; }
  std::string_view read(std::uint64_t, std::span<char>) const override { return {}; }

 private:
  std::uint64_t size_;
};

void check_range(std::string_view range, std::uint64_t size) {
  const RangeChoice choice = choose_range(range, size);
  if (choice.kind != RangeKind::kPart) return;
  PIMAN_CHECK(choice.range.length >= 1 && choice.range.first < size);
  PIMAN_CHECK(choice.range.length <= size - choice.range.first);
}

void check_answer(std::string_view headers, std::uint64_t size) {
  Request request;
  request.method = "GET";
  while (!headers.empty()) {
    std::string_view value = next_line(headers);
    const std::string_view name = next_until(value, ':');
    request.headers.emplace_back(name, trim(value));
  }
  Content content;
  content.source = std::make_shared<Sized>(size);
  content.etag = "\"v1\"";
  content.modified = WallTime(std::chrono::seconds(784111777));
  const Response response = respond_with(request, content, WallTime(std::chrono::seconds(1'700'000'000)));
  const bool has_body = response.status == 200 || response.status == 206;
  PIMAN_CHECK(has_body || response.status == 304 || response.status == 412 || response.status == 416);
  PIMAN_CHECK(has_body == response.part.has_value());
  if (!has_body) return;
  PIMAN_CHECK(response.part->first <= size && response.part->length <= size - response.part->first);
  PIMAN_CHECK(response.status == 206 || response.part->length == size);
}

void check_date(std::string_view text) {
  const auto time = parse_http_date(text);
  if (time) PIMAN_CHECK(parse_http_date(format_http_date(*time)) == time);
}

}  // namespace

/// The first byte chooses how long the content is; the rest is a Range, a date, and lines of headers.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint64_t length = data[0] == 0xff ? ~std::uint64_t{0} : std::uint64_t{data[0]} * data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_range(text, length);
  check_answer(text, length);
  check_date(text);
  return 0;
}
