// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/fat_plan.h"

#include <gmock/gmock.h>

#include "common/text.h"

namespace piman::manager {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMiB = 1024UL * 1024;
constexpr std::uint64_t kMost = 128 * kMiB;

std::string error_of(std::vector<FatEntry> entries) {
  const auto plan = plan_fat(std::move(entries), kMost);
  return plan ? "" : plan.error().message;
}

TEST(FatPlan, ASmallImageIsNoSmallerThanFat16Allows) {
  const auto plan = plan_fat({{"config.txt", 10}}, kMost);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->sectors_per_cluster, 1U);
  EXPECT_EQ(plan->root_entries, 256U);
  EXPECT_GT(plan->total_bytes, 4085 * kSectorBytes);
  EXPECT_LT(plan->total_bytes, 3 * kMiB);
  EXPECT_EQ(plan->total_bytes % kSectorBytes, 0U);
}

TEST(FatPlan, HoldsWhatItMustWithLittleSlack) {
  for (const std::uint64_t size : {5 * kMiB, 31 * kMiB, 33 * kMiB, 64 * kMiB, 100 * kMiB, 125 * kMiB}) {
    const auto plan = plan_fat({{"kernel8.img", size}}, kMost);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_GT(plan->total_bytes, size);
    EXPECT_LT(plan->total_bytes, size + size / 50 + kMiB) << size;
    EXPECT_LT(plan->total_bytes / (kSectorBytes * plan->sectors_per_cluster), 65'525U) << "else it is no FAT16";
  }
}

TEST(FatPlan, TooLargeIsRefusedWithTheReason) {
  const std::string error = error_of({{"small", 10}, {"kernel8.img", 30 * kMiB}, {"initramfs.gz", 100 * kMiB}});
  EXPECT_THAT(error, HasSubstr("the limit of bootloaders is 128 MiB"));
  EXPECT_THAT(error, HasSubstr("the largest files: initramfs.gz 102400 KiB, kernel8.img 30720 KiB, small 1 KiB"));
  EXPECT_NE(error_of({{"all", kMost}}), "");
  EXPECT_NE(error_of({{"absurd", ~std::uint64_t{0}}}), "");
  EXPECT_NE(error_of({{"a", ~std::uint64_t{0} / 2}, {"b", ~std::uint64_t{0} / 2}, {"c", 3}}), "");
}

TEST(FatPlan, TheRootDirectoryGrowsWithLongNames) {
  std::vector<FatEntry> entries;
  for (int i = 0; i < 300; ++i) entries.push_back({concat("a-name-longer-than-thirteen-", i), 1});
  const auto plan = plan_fat(entries, kMost);
  ASSERT_TRUE(plan);
  EXPECT_GE(plan->root_entries, 300U * 4);
  EXPECT_EQ(plan->root_entries % 16, 0U) << "whole sectors";
}

TEST(FatPlan, NamesThatFatCanNotHave) {
  for (const char* name : {"", "a//b", "/a", "..", "a/../b", ".", "a:b", "a*b", "a\\b", "a?", "a|b", "a\"b", "a<b",
                           "a>b", "dot.", "blank ", "a\nb", "\xc3\xa4", "a\x7f"}) {
    if (std::string_view(name).empty()) continue;
    EXPECT_THAT(error_of({{name, 1}}), HasSubstr("not a name that a FAT")) << name;
  }
  EXPECT_NE(error_of({{std::string(256, 'x'), 1}}), "");
  EXPECT_EQ(error_of({{std::string(255, 'x'), 1}}), "");
}

TEST(FatPlan, NamesThatDifferOnlyInCase) {
  EXPECT_THAT(error_of({{"Config.txt", 1}, {"config.TXT", 1}}), HasSubstr("differs only in case"));
  EXPECT_EQ(error_of({{"a", 0, true}, {"a/config.txt", 1}, {"config.txt", 1}}), "");
}

TEST(FatPlan, TooManyFiles) {
  std::vector<FatEntry> entries;
  for (std::size_t i = 0; i <= kMostFatEntries; ++i) entries.push_back({concat(i), 1});
  EXPECT_THAT(error_of(entries), HasSubstr("more than 10000 files"));
}

}  // namespace
}  // namespace piman::manager
