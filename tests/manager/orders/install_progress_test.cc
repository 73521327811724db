// SPDX-License-Identifier: Apache-2.0
#include "manager/orders/install_progress.h"

#include <gtest/gtest.h>

#include <vector>

namespace piman::manager {
namespace {

netboot::install::InstallEvent event(std::string_view what, std::uint64_t install, std::string stage = {},
                                     std::uint64_t bytes = 0) {
  netboot::install::InstallEvent made;
  made.what = what;
  made.install_id = install;
  made.stage = std::move(stage);
  made.bytes = bytes;
  return made;
}

TEST(InstallProgress, clients_words_become_known_stages) {
  for (std::size_t i = 0; i < kInstallStageCount; ++i) {
    const auto stage = static_cast<InstallStage>(i);
    EXPECT_EQ(install_stage(to_string(stage)), stage);
  }
  EXPECT_EQ(install_stage(""), InstallStage::kStart);
  EXPECT_EQ(install_stage("started"), InstallStage::kStart);
  EXPECT_EQ(install_stage("shave-yaks"), InstallStage::kOther);
}

TEST(InstallProgress, each_stage_is_timed_once_from_the_order_to_the_end) {
  InstallProgress progress;
  std::vector<EndedStage> ended;
  const auto take = [&](const netboot::install::InstallEvent& what, std::int64_t at) {
    if (const auto stage = follow(progress, what, at)) ended.push_back(*stage);
  };
  take(event("hello", 0, "uninstalled"), 1000);
  take(event("queued", 0), 1100);
  take(event("started", 7), 5000);
  take(event("progress", 7, "format"), 6000);
  take(event("progress", 7, "format"), 6500);
  take(event("disk", 7), 6600);
  take(event("progress", 7, "download", 1000), 9000);
  take(event("progress", 7, "download", 5000), 11000);
  EXPECT_EQ(progress.stage, "download");
  EXPECT_EQ(progress.bytes, 5000U);
  EXPECT_DOUBLE_EQ(progress.bytes_per_second, 2000);
  take(event("progress", 7, "write"), 19000);
  take(event("ended", 7), 21000);
  take(event("boot", 7), 21500);
  const std::vector<EndedStage> expected = {
      {InstallStage::kStart, 1}, {InstallStage::kFormat, 3}, {InstallStage::kDownload, 10}, {InstallStage::kWrite, 2}};
  EXPECT_EQ(ended, expected);
}

TEST(InstallProgress, a_failed_install_ends_in_its_stage_and_holding_it_is_none) {
  InstallProgress progress;
  EXPECT_FALSE(follow(progress, event("started", 3), 1000));
  EXPECT_TRUE(follow(progress, event("progress", 3, "download"), 2000));
  const auto ended = follow(progress, event("ended", 3, "download"), 5000);
  ASSERT_TRUE(ended);
  EXPECT_EQ(*ended, (EndedStage{InstallStage::kDownload, 3}));
  EXPECT_FALSE(follow(progress, event("held", 3), 9000));
  EXPECT_FALSE(follow(progress, event("started", 4), 20000));
}

TEST(InstallProgress, a_clock_that_was_set_back_makes_no_negative_time) {
  InstallProgress progress;
  EXPECT_FALSE(follow(progress, event("started", 3), 100'000));
  const auto ended = follow(progress, event("progress", 3, "format"), 50'000);
  ASSERT_TRUE(ended);
  EXPECT_DOUBLE_EQ(ended->seconds, 0);
}

}  // namespace
}  // namespace piman::manager
