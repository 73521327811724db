// SPDX-License-Identifier: Apache-2.0
#include "manager/phase_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace piman::manager {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Step = InstallFact::Step;

const WallTime kStart{seconds(1'700'000'000)};

PhaseChange change(Phase from, Phase to, seconds at = seconds(0), std::string detail = {}) {
  return {"pi7", from, to, kStart + at, milliseconds(12'345), std::move(detail)};
}

TEST(PhaseJournal, says_what_it_was_and_for_how_long) {
  PhaseJournal journal;
  const auto entry = journal.entry_of(change(Phase::kLoading, Phase::kFailed, seconds(1), "kernel8.img, block 7"));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->kind, "phase");
  EXPECT_EQ(entry->subject, "pi7");
  EXPECT_EQ(entry->at_ms, 1'700'000'001'000);
  EXPECT_EQ(entry->text, "failed, after 12.3 s in loading: kernel8.img, block 7");
  EXPECT_THAT(entry->data,
              testing::ElementsAre(std::pair("from", "loading"), std::pair("to", "failed"),
                                   std::pair("seconds", "12.345"), std::pair("detail", "kernel8.img, block 7")));
  const auto stuck = journal.entry_of(change(Phase::kDhcp, Phase::kDhcp));
  EXPECT_EQ(stuck->kind, "stuck");
  EXPECT_EQ(stuck->text, "stuck in dhcp for 12.3 s");
}

TEST(PhaseJournal, a_node_that_is_found_up_is_no_news) {
  PhaseJournal journal;
  EXPECT_FALSE(journal.entry_of(change(Phase::kPending, Phase::kUp)));
  EXPECT_TRUE(journal.entry_of(change(Phase::kPending, Phase::kDown)));
}

TEST(PhaseJournal, one_that_flaps_is_told_of_now_and_then) {
  PhaseJournal journal;
  int told = 0;
  std::string last;
  for (int second = 0; second < 3600; second += 5) {
    const bool up = second % 10 == 0;
    const auto entry = journal.entry_of(up ? change(Phase::kDown, Phase::kUp, seconds(second))
                                           : change(Phase::kUp, Phase::kDown, seconds(second)));
    told += entry ? 1 : 0;
    if (entry) last = entry->text;
  }
  constexpr int kAtOnce = PhaseJournal::kAtOnce;
  EXPECT_GE(told, kAtOnce + 55);
  EXPECT_LE(told, kAtOnce + 60);
  EXPECT_THAT(last, testing::HasSubstr("(11 changes before it left out)"));
  // Others are not kept waiting.
  auto other = change(Phase::kUp, Phase::kDown, seconds(3600));
  other.node = "pi8";
  EXPECT_TRUE(journal.entry_of(other));
}

TEST(InstallFacts, come_from_what_installers_say) {
  netboot::install::InstallEvent event;
  const auto fact = [&](std::string_view what, std::string stage = {}, std::string_view result = {}) {
    event.what = what;
    event.stage = std::move(stage);
    event.result = result;
    return install_fact(event);
  };
  EXPECT_EQ(fact("hello", "uninstalled")->step, Step::kHello);
  EXPECT_EQ(fact("held", "", "no_order")->step, Step::kHeld);
  EXPECT_EQ(fact("held", "", "no_order")->detail, "waits for orders: no_order");
  EXPECT_EQ(fact("queued")->step, Step::kQueued);
  EXPECT_EQ(fact("started")->step, Step::kFormatting);
  event.percent = 48;
  EXPECT_EQ(fact("progress", "format")->step, Step::kFormatting);
  EXPECT_EQ(fact("progress", "download")->step, Step::kDownloading);
  EXPECT_EQ(fact("progress", "download")->percent, 48U);
  EXPECT_EQ(fact("progress", "write")->step, Step::kVerifying);
  EXPECT_FALSE(fact("progress", "of another kind"));
  EXPECT_EQ(fact("ended", "", "installed")->step, Step::kInstalled);
  event.reason = "no more bytes";
  EXPECT_EQ(fact("ended", "download", "failed")->step, Step::kFailed);
  EXPECT_EQ(fact("ended", "download", "failed")->detail, "failed in download: no more bytes");
  event.reason = "closed";
  EXPECT_EQ(fact("ended", "download", "cut")->step, Step::kGone) << "its next boot installs it";
  EXPECT_EQ(fact("ended", "download", "cut")->detail, "cut in download: closed");
  event.reason = "replaced";
  EXPECT_FALSE(fact("ended", "download", "cut")) << "it has booted anew since";
  EXPECT_FALSE(fact("closed", "", "replaced"));
  EXPECT_EQ(fact("boot")->step, Step::kBooting);
  EXPECT_EQ(fact("closed", "", "closed")->step, Step::kGone);
  EXPECT_FALSE(fact("disk"));
  EXPECT_FALSE(fact("something new"));
}

}  // namespace
}  // namespace piman::manager
