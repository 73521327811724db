// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/page_intake.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"

namespace piman::manager {
namespace {

constexpr PageLimits kLimits{1'000'000, 1000};

/// A page in pieces, and what became of it.
ScrapeResult take_in(IntakeDesk& desk, std::string_view page, std::size_t piece, std::string_view encoding = "") {
  PageIntake intake(desk);
  HttpAnswer answer;
  answer.status = 200;
  bool goes_on = page.empty() || intake.begin({200, "text/plain; version=0.0.4", encoding});
  while (goes_on && !page.empty()) {
    goes_on = intake.take(page.substr(0, piece));
    page.remove_prefix(std::min(piece, page.size()));
  }
  if (!goes_on) answer.error = ScrapeError::kOther;  // what the client says of a transfer that its sink has cut
  ScrapeResult result;
  intake.finish(answer, result);
  return result;
}

constexpr std::string_view kPage =
    "node_boot_time_seconds 1000\nnode_thermal_zone_temp{type=\"cpu-thermal\"} 51.5\nrpi_info{model=\"Pi\"} 1\n";

TEST(PageIntake, APlainPageInPiecesOfAnySize) {
  IntakeDesk desk{kLimits};
  for (std::size_t piece = 1; piece <= kPage.size(); ++piece) {
    const ScrapeResult result = take_in(desk, kPage, piece);
    EXPECT_EQ(result.error, ScrapeError::kNone) << result.error_text;
    EXPECT_EQ(result.samples, 3U);
    EXPECT_EQ(result.temperature_celsius, 51.5);
    EXPECT_EQ(result.model, "Pi");
    EXPECT_EQ(*result.page, kPage);
    EXPECT_FALSE(result.page_is_gzip);
    EXPECT_EQ(*desk.plain_bytes, kPage.size());
  }
  EXPECT_EQ(desk.bytes_under_way, 0U);
  EXPECT_EQ(*desk.plain_bytes, 0U);  // the last page was let go
}

TEST(PageIntake, APageThatIsCutIsRefusedAtEveryByteButALineEnd) {
  IntakeDesk desk{kLimits};
  for (std::size_t length = 1; length < kPage.size(); ++length) {
    const ScrapeResult result = take_in(desk, kPage.substr(0, length), 7);
    const bool whole = kPage[length - 1] == '\n';
    EXPECT_EQ(result.error, whole ? ScrapeError::kNone : ScrapeError::kMalformed) << length;
    EXPECT_EQ(result.page == nullptr, !whole) << length;
  }
}

TEST(PageIntake, LimitsOfBytesAndSamples) {
  IntakeDesk desk{{1000, 10}};
  std::string samples;
  for (int i = 0; i < 11; ++i) samples += "a 1\n";
  EXPECT_EQ(take_in(desk, samples.substr(4), 3).error, ScrapeError::kNone);
  const ScrapeResult many = take_in(desk, samples, 3);
  EXPECT_EQ(many.error, ScrapeError::kTooLarge);
  EXPECT_EQ(many.error_text, "/metrics: more than 10 samples");
  const ScrapeResult large = take_in(desk, std::string(1001, '#'), 100);
  EXPECT_EQ(large.error, ScrapeError::kTooLarge);
  EXPECT_EQ(large.error_text, "/metrics: more than 1000 bytes");

  std::string packed;
  GzipCompressor().compress(std::string(100'000, '\n'), packed);
  ASSERT_LT(packed.size(), 1000U);
  const ScrapeResult bomb = take_in(desk, packed, 100, "gzip");
  EXPECT_EQ(bomb.error, ScrapeError::kTooLarge);
  EXPECT_EQ(bomb.error_text, "/metrics: more than 1000 bytes when decompressed");
  GzipCompressor().compress(samples, packed);
  EXPECT_EQ(take_in(desk, packed, 5, "GZIP").error_text, "/metrics: more than 10 samples");
}

TEST(PageIntake, LargePagesShareWhatIsLeftAndSmallOnesAreAlwaysTaken) {
  IntakeDesk desk{{100'000'000, 1000}};
  desk.bytes_under_way = IntakeDesk::kMostBytesTogether;  // others hold it
  EXPECT_EQ(take_in(desk, kPage, 10).error, ScrapeError::kNone);
  std::string page;
  while (page.size() <= IntakeDesk::kSmallBytes) page += "# a comment of a page that is large\n";
  const ScrapeResult large = take_in(desk, page, 10'000);
  EXPECT_EQ(large.error, ScrapeError::kTooLarge);
  EXPECT_NE(large.error_text.find("all pages under way"), std::string::npos) << large.error_text;
  EXPECT_EQ(desk.bytes_under_way, IntakeDesk::kMostBytesTogether);
  desk.bytes_under_way = 0;
  EXPECT_EQ(take_in(desk, page, 10'000).error, ScrapeError::kNone);
}

TEST(PageIntake, PlainPagesOfALargeFleetAreKeptCompressed) {
  IntakeDesk desk{kLimits};
  *desk.plain_bytes = IntakeDesk::kMostPlainBytes;
  const ScrapeResult result = take_in(desk, kPage, 10);
  ASSERT_TRUE(result.page_is_gzip);
  GzipDecompressor decompressor;
  ASSERT_EQ(decompressor.decompress(*result.page, 1000), GzipDecompressor::Outcome::kGood);
  EXPECT_EQ(decompressor.text(), kPage);
}

TEST(PageIntake, AnotherStatusIsNoPage) {
  IntakeDesk desk{kLimits};
  PageIntake intake(desk);
  EXPECT_TRUE(intake.begin({500, "text/html", ""}));
  EXPECT_TRUE(intake.take("<html>"));
  HttpAnswer answer;
  answer.status = 500;
  ScrapeResult result;
  intake.finish(answer, result);
  EXPECT_EQ(result.error, ScrapeError::kHttpStatus);
  EXPECT_EQ(result.error_text, "/metrics: answered with status 500");
}

}  // namespace
}  // namespace piman::manager
