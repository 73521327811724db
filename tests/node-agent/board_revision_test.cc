// SPDX-License-Identifier: Apache-2.0
#include "node-agent/board_revision.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "common/text.h"

namespace piman::agent {
namespace {

constexpr std::uint64_t kMebibyte = 1024 * 1024, kGibibyte = 1024 * kMebibyte;

/// One line for the whole of it.
std::string describe(std::uint32_t code) {
  const auto board = decode_revision(code);
  if (!board) return "none";
  return concat(board->type, '|', board->processor, '|', board->manufacturer, '|', board->revision, '|',
                board->memory_bytes / kMebibyte);
}

TEST(BoardRevision, NewStyleAsTheMakerListsThem) {
  EXPECT_EQ(describe(0xa02082), "3B|BCM2837|Sony UK|1.2|1024");
  EXPECT_EQ(describe(0xa32082), "3B|BCM2837|Sony Japan|1.2|1024");
  EXPECT_EQ(describe(0xa52082), "3B|BCM2837|Stadium|1.2|1024");
  EXPECT_EQ(describe(0xa22083), "3B|BCM2837|Embest|1.3|1024");
  EXPECT_EQ(describe(0xa020d3), "3B+|BCM2837|Sony UK|1.3|1024");
  EXPECT_EQ(describe(0x9020e1), "3A+|BCM2837|Sony UK|1.1|512");
  EXPECT_EQ(describe(0x902120), "Zero 2 W|BCM2837|Sony UK|1.0|512");
  EXPECT_EQ(describe(0x9000c1), "Zero W|BCM2835|Sony UK|1.1|512");
  EXPECT_EQ(describe(0xa21041), "2B|BCM2836|Embest|1.1|1024");
  EXPECT_EQ(describe(0xa02042), "2B|BCM2837|Sony UK|1.2|1024");
  EXPECT_EQ(describe(0xc03111), "4B|BCM2711|Sony UK|1.1|4096");
  EXPECT_EQ(describe(0xd03114), "4B|BCM2711|Sony UK|1.4|8192");
  EXPECT_EQ(describe(0xc03130), "400|BCM2711|Sony UK|1.0|4096");
  EXPECT_EQ(describe(0xb04170), "5|BCM2712|Sony UK|1.0|2048");
  EXPECT_EQ(describe(0xe04171), "5|BCM2712|Sony UK|1.1|16384");
  EXPECT_EQ(describe(0xd04190), "500|BCM2712|Sony UK|1.0|8192");
  EXPECT_EQ(describe(0xb041a0), "CM5 Lite|BCM2712|Sony UK|1.0|2048");
  EXPECT_EQ(describe(0x900061), "CM1|BCM2835|Sony UK|1.1|512");
  EXPECT_EQ(describe(0xa02100), "CM3+|BCM2837|Sony UK|1.0|1024");
}

TEST(BoardRevision, OldStyleAsTheMakerListsThem) {
  EXPECT_EQ(describe(0x0002), "B|BCM2835|Egoman|1.0|256");
  EXPECT_EQ(describe(0x0005), "B|BCM2835|Qisda|2.0|256");
  EXPECT_EQ(describe(0x0008), "A|BCM2835|Sony UK|2.0|256");
  EXPECT_EQ(describe(0x000e), "B|BCM2835|Sony UK|2.0|512");
  EXPECT_EQ(describe(0x0010), "B+|BCM2835|Sony UK|1.2|512");
  EXPECT_EQ(describe(0x0014), "CM1|BCM2835|Embest|1.0|512");
  EXPECT_EQ(describe(0x0015), "A+|BCM2835|Embest|1.1|0");
  for (const std::uint32_t code : {0x0000U, 0x0001U, 0x000aU, 0x000cU, 0x0016U, 0xffffU}) {
    EXPECT_EQ(describe(code), "none") << code;
  }
}

TEST(BoardRevision, OvervoltageAndOtpBitsDoNotMatter) {
  EXPECT_EQ(describe(0x1000002), describe(0x0002));
  EXPECT_EQ(describe(0x2a02082), describe(0xa02082));
  EXPECT_EQ(describe(0xe0c03111), describe(0xc03111));
}

TEST(BoardRevision, WhatIsNewerThanTheTableIsLeftOpen) {
  const auto board = decode_revision(0xc0f1f5);
  ASSERT_TRUE(board);
  EXPECT_EQ(board->type, "");
  EXPECT_EQ(board->processor, "");
  EXPECT_EQ(board->memory_bytes, 4 * kGibibyte);
  EXPECT_EQ(decode_revision(0xf04170)->memory_bytes, 0U);  // "other": told elsewhere
  EXPECT_EQ(decode_revision(0x9f0010)->manufacturer, "");
}

TEST(BoardRevision, AnyCodeIsTaken) {
  std::mt19937 random(4);
  for (int i = 0; i < 100000; ++i) decode_revision(static_cast<std::uint32_t>(random()));
}

}  // namespace
}  // namespace piman::agent
