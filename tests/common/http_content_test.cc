// SPDX-License-Identifier: Apache-2.0
#include "common/http_content.h"

#include <gmock/gmock.h>

#include <random>

#include "common/http_date.h"
#include "common/text.h"

namespace piman::http {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class FixedSize final : public BodySource {
 public:
  explicit FixedSize(std::uint64_t size) : size_(size) {}
  std::uint64_t size_bytes() const override { return size_; }
  std::string_view read(std::uint64_t, std::span<char>) const override { return {}; }

 private:
  std::uint64_t size_;
};

const WallTime kModified{seconds(1'700'000'000)};
const WallTime kNow = kModified + hours(1);

Content content_of(std::uint64_t size) {
  Content content;
  content.source = std::make_shared<FixedSize>(size);
  content.etag = "\"v1\"";
  content.modified = kModified + std::chrono::milliseconds(500);
  return content;
}

Response ask(Headers headers, std::uint64_t size = 1000, std::string method = "GET", WallTime now = kNow) {
  Request request;
  request.method = std::move(method);
  request.headers = std::move(headers);
  return respond_with(request, content_of(size), now);
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

/// "whole", "refused" or "FIRST+LENGTH".
std::string chosen(std::string_view range, std::uint64_t size = 1000) {
  const RangeChoice choice = choose_range(range, size);
  if (choice.kind == RangeKind::kWhole) return "whole";
  if (choice.kind == RangeKind::kRefused) return "refused";
  return concat(choice.range.first, '+', choice.range.length);
}

TEST(ChooseRange, OneRange) {
  EXPECT_EQ(chosen("bytes=0-499"), "0+500");
  EXPECT_EQ(chosen("bytes=500-999"), "500+500");
  EXPECT_EQ(chosen("bytes=999-999"), "999+1");
  EXPECT_EQ(chosen("bytes=999-"), "999+1");
  EXPECT_EQ(chosen("bytes=0-"), "0+1000");
  EXPECT_EQ(chosen("bytes=-1"), "999+1");
  EXPECT_EQ(chosen("bytes=-1000"), "0+1000");
  EXPECT_EQ(chosen("Bytes= 0-0 "), "0+1");
  EXPECT_EQ(chosen("bytes=,, 0-0 ,"), "0+1");
}

TEST(ChooseRange, LongerThanTheContentIsCut) {
  EXPECT_EQ(chosen("bytes=990-1000"), "990+10");
  EXPECT_EQ(chosen("bytes=990-18446744073709551615"), "990+10");
  EXPECT_EQ(chosen("bytes=990-99999999999999999999999999"), "990+10");
  EXPECT_EQ(chosen("bytes=-1001"), "0+1000");
  EXPECT_EQ(chosen("bytes=-99999999999999999999999999"), "0+1000");
}

TEST(ChooseRange, BeyondTheEnd) {
  EXPECT_EQ(chosen("bytes=1000-"), "refused");
  EXPECT_EQ(chosen("bytes=1000-1000"), "refused");
  EXPECT_EQ(chosen("bytes=18446744073709551615-"), "refused");
  EXPECT_EQ(chosen("bytes=99999999999999999999999999-"), "refused");
  EXPECT_EQ(chosen("bytes=99999999999999999999999998-99999999999999999999999999"), "refused");
  EXPECT_EQ(chosen("bytes=-0"), "refused");
  EXPECT_EQ(chosen("bytes=-000"), "refused");
}

TEST(ChooseRange, MoreThanOneIsRefused) {
  EXPECT_EQ(chosen("bytes=0-0,2-2"), "refused");
  EXPECT_EQ(chosen("bytes=0-,0-"), "refused");
  EXPECT_EQ(chosen("bytes=0-999,0-999"), "refused");
  EXPECT_EQ(chosen("bytes=-1,-1"), "refused");
  std::string many = "bytes=";
  for (int i = 0; i < 5000; ++i) many += "0-,";
  EXPECT_EQ(chosen(many), "refused");
}

TEST(ChooseRange, WhatIsNoRangeIsIgnored) {
  for (const char* range : {"",
                            "bytes",
                            "bytes=",
                            "bytes=,",
                            "bytes=-",
                            "bytes=x",
                            "bytes=5",
                            "bytes=5-4",
                            "bytes=a-b",
                            "bytes=1-b",
                            "bytes=+1-2",
                            "bytes=1-+2",
                            "bytes=--1",
                            "bytes=1--2",
                            "bytes=0x1-2",
                            "bytes=1 - 2",
                            "bytes=1.5-2",
                            "items=0-1",
                            "bytes 0-1",
                            "=0-1",
                            "none",
                            "bytes==0-1",
                            "bytes=99999999999999999999-1"}) {
    EXPECT_EQ(chosen(range), "whole") << range;
  }
}

TEST(ChooseRange, NothingOfNothing) {
  EXPECT_EQ(chosen("bytes=0-", 0), "refused");
  EXPECT_EQ(chosen("bytes=0-0", 0), "refused");
  EXPECT_EQ(chosen("bytes=-5", 0), "whole");
}

TEST(ChooseRange, TheLargestContent) {
  const std::uint64_t most = ~std::uint64_t{0};
  EXPECT_EQ(chosen("bytes=0-", most), "0+18446744073709551615");
  EXPECT_EQ(chosen("bytes=18446744073709551614-", most), "18446744073709551614+1");
  EXPECT_EQ(chosen("bytes=-18446744073709551615", most), "0+18446744073709551615");
}

TEST(ChooseRange, NeverOutsideTheContent) {
  std::mt19937_64 random(14);
  const std::string_view pieces = "0123456789-,= bytes";
  for (int i = 0; i < 200'000; ++i) {
    std::string range = "bytes=";
    for (std::uint64_t n = random() % 24; n > 0; --n) range += pieces[random() % pieces.size()];
    const std::uint64_t size = random() % 3 == 0 ? random() : random() % 2000;
    const RangeChoice choice = choose_range(range, size);
    if (choice.kind != RangeKind::kPart) continue;
    ASSERT_GE(choice.range.length, 1U) << range;
    ASSERT_LT(choice.range.first, size) << range;
    ASSERT_LE(choice.range.length, size - choice.range.first) << range;
  }
}

TEST(RespondWith, Whole) {
  const Response response = ask({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/octet-stream");
  EXPECT_EQ(header(response, "Accept-Ranges"), "bytes");
  EXPECT_EQ(header(response, "ETag"), "\"v1\"");
  EXPECT_EQ(header(response, "Last-Modified"), format_http_date(kModified));
  EXPECT_EQ(header(response, "Date"), format_http_date(kNow));
  EXPECT_EQ(header(response, "Content-Range"), "");
  ASSERT_TRUE(response.part);
  EXPECT_EQ(response.part->first, 0U);
  EXPECT_EQ(response.part->length, 1000U);
}

TEST(RespondWith, APart) {
  const Response response = ask({{"Range", "bytes=10-19"}});
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(header(response, "Content-Range"), "bytes 10-19/1000");
  ASSERT_TRUE(response.part);
  EXPECT_EQ(response.part->first, 10U);
  EXPECT_EQ(response.part->length, 10U);
}

TEST(RespondWith, APartThatIsNotThere) {
  const Response response = ask({{"Range", "bytes=1000-"}});
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(header(response, "Content-Range"), "bytes */1000");
  EXPECT_FALSE(response.part);
  EXPECT_NE(response.body, "");
}

TEST(RespondWith, RangesAreForGetAlone) {
  const Response response = ask({{"Range", "bytes=10-19"}}, 1000, "HEAD");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.part->length, 1000U);
}

TEST(RespondWith, IfRange) {
  const auto status = [](std::string value, WallTime now = kNow) {
    return ask({{"Range", "bytes=0-0"}, {"If-Range", std::move(value)}}, 1000, "GET", now).status;
  };
  EXPECT_EQ(status("\"v1\""), 206);
  EXPECT_EQ(status("\"v2\""), 200);
  EXPECT_EQ(status("W/\"v1\""), 200) << "a weak tag does not prove equal bytes";
  EXPECT_EQ(status("v1"), 200);
  EXPECT_EQ(status("*"), 200);
  EXPECT_EQ(status("\"v1\", \"v2\""), 200);
  EXPECT_EQ(status(format_http_date(kModified)), 206);
  EXPECT_EQ(status(format_http_date(kModified + seconds(1))), 200) << "exactly this date, not before or after";
  EXPECT_EQ(status(format_http_date(kModified - seconds(1))), 200);
  EXPECT_EQ(status(format_http_date(kModified), kModified + seconds(1)), 200) << "it may change within its second";
}

TEST(RespondWith, NotModified) {
  EXPECT_EQ(ask({{"If-None-Match", "\"v1\""}}).status, 304);
  EXPECT_EQ(ask({{"If-None-Match", "W/\"v1\""}}).status, 304);
  EXPECT_EQ(ask({{"If-None-Match", "\"a,b\", \"v1\""}}).status, 304);
  EXPECT_EQ(ask({{"If-None-Match", "*"}}).status, 304);
  EXPECT_EQ(ask({{"If-None-Match", "\"v2\""}}).status, 200);
  EXPECT_EQ(ask({{"If-None-Match", "\"v1"}}).status, 200) << "an unclosed quote is no tag";
  EXPECT_EQ(ask({{"If-None-Match", "v1"}}).status, 200);
  EXPECT_EQ(ask({{"If-Modified-Since", format_http_date(kModified)}}).status, 304);
  EXPECT_EQ(ask({{"If-Modified-Since", format_http_date(kModified - seconds(1))}}).status, 200);
  EXPECT_EQ(ask({{"If-Modified-Since", "yesterday"}}).status, 200);
  EXPECT_EQ(ask({{"If-None-Match", "\"v2\""}, {"If-Modified-Since", format_http_date(kModified)}}).status, 200)
      << "a tag says more than a date";
  EXPECT_EQ(ask({{"If-None-Match", "\"v1\""}, {"Range", "bytes=5000-"}}).status, 304) << "conditions come first";
  EXPECT_FALSE(ask({{"If-None-Match", "*"}}).part);
}

TEST(RespondWith, PreconditionFailed) {
  EXPECT_EQ(ask({{"If-Match", "\"v1\""}}).status, 200);
  EXPECT_EQ(ask({{"If-Match", "*"}}).status, 200);
  EXPECT_EQ(ask({{"If-Match", "W/\"v1\""}}).status, 412);
  EXPECT_EQ(ask({{"If-Match", "\"v2\""}}).status, 412);
  EXPECT_EQ(ask({{"If-Unmodified-Since", format_http_date(kModified)}}).status, 200);
  EXPECT_EQ(ask({{"If-Unmodified-Since", format_http_date(kModified - seconds(1))}}).status, 412);
}

TEST(RespondWith, WithoutValidators) {
  Request request;
  request.method = "GET";
  request.headers = {{"If-Range", "\"v1\""}, {"Range", "bytes=0-0"}};
  Content content;
  content.source = std::make_shared<FixedSize>(10);
  const Response response = respond_with(request, content, kNow);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response, "ETag"), "");
  EXPECT_EQ(header(response, "Last-Modified"), "");
}

}  // namespace
}  // namespace piman::http
