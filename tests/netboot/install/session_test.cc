// SPDX-License-Identifier: Apache-2.0
#include "netboot/install/session.h"

#include <gmock/gmock.h>

#include <set>

#include "common/text.h"
#include "tests/netboot/install/seed_scripts.h"
#include "tests/netboot/install/session_world.h"

namespace piman::netboot::install {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using State = Session::State;
using test::image;
using test::World;

constexpr std::string_view kOurs = "CAPABILITIES 1 http sha256\n";

TEST(InstallSession, SaysTheDateFirst) {
  World world;
  EXPECT_THAT(world.sent, testing::StartsWith("busybox date -s "));
  EXPECT_EQ(piman::test::lines_of(world.sent).size(), 2U);
}

TEST(InstallSession, KnowsWhetherTheClientWasTold) {
  World unreadable;
  unreadable.order();
  unreadable.say("IS_UNINSTALLED\n");
  ASSERT_TRUE(unreadable.begin());
  unreadable.take(unreadable.session.on_image_failed("too short", unreadable.now()));
  ASSERT_EQ(unreadable.last_result(), "failed");
  EXPECT_FALSE(unreadable.outcomes.back().was_told);

  World gone;
  gone.order();
  gone.say("IS_UNINSTALLED\n");
  gone.take(gone.session.on_granted(gone.now()));
  gone.take(gone.session.on_closed("closed", gone.now()));
  gone.claimed();
  ASSERT_EQ(gone.last_result(), "cut");
  EXPECT_FALSE(gone.outcomes.back().was_told);

  World cut;
  cut.order();
  cut.say("IS_UNINSTALLED\n");
  ASSERT_TRUE(cut.begin());
  cut.take(cut.session.on_closed("closed", cut.now()));
  ASSERT_EQ(cut.last_result(), "cut");
  EXPECT_TRUE(cut.outcomes.back().was_told);
}

class SeedDialects : public testing::TestWithParam<piman::test::Dialect> {};

TEST_P(SeedDialects, AnInstalledNodeBoots) {
  World world;
  world.say(piman::test::with_state(GetParam().greeting, "IS_INSTALLED") + GetParam().after_date);
  EXPECT_TRUE(world.boots());
  world.say(GetParam().after_boot);
  world.take(world.session.on_closed("closed", world.now()));
  EXPECT_TRUE(world.session.has_ended());
  EXPECT_FALSE(world.formats());
  EXPECT_EQ(world.claims, 0);
}

TEST_P(SeedDialects, ABlankNodeIsInstalledWithinItsOrder) {
  World world;
  world.order();
  world.say(piman::test::with_state(GetParam().greeting, "IS_UNINSTALLED") + GetParam().after_date);
  EXPECT_FALSE(world.formats()) << "no slot and no claim yet";
  ASSERT_TRUE(world.begin());
  EXPECT_TRUE(world.formats());
  world.say(GetParam().after_format);
  world.stream(StreamState::kRunning, 500);
  world.stream(StreamState::kComplete, 1000);
  EXPECT_TRUE(world.outcomes.empty());
  world.say(GetParam().after_transfer);
  EXPECT_TRUE(world.is_installed());
  EXPECT_EQ(world.closes, 0) << "not before it is on record";
  world.take(world.session.on_finished({}, world.now()));
  EXPECT_EQ(world.closes, 1);
  EXPECT_TRUE(world.session.has_ended());
  EXPECT_FALSE(world.boots()) << "the seed's script goes on by itself";
  EXPECT_EQ(world.words(), "hello queued started progress ended=installed closed=installed ");
}

TEST_P(SeedDialects, WhatWasInstalledByTheOrderIsInstalledAgainOnlyWithoutASystem) {
  for (const bool has_system : {true, false}) {
    World world;
    world.order();
    world.record.order->was_installed = true;
    world.record.state = NodeRecord::State::kInstalled;
    world.record.was_ever_installed = true;
    world.say(piman::test::with_state(GetParam().greeting, has_system ? "IS_INSTALLED" : "IS_UNINSTALLED"));
    EXPECT_EQ(world.begin(), !has_system);
    EXPECT_EQ(world.formats(), !has_system);
    EXPECT_EQ(world.boots(), has_system);
  }
}

TEST_P(SeedDialects, CutAtEveryLineItIsNeverInstalled) {
  const std::string before = piman::test::with_state(GetParam().greeting, "IS_UNINSTALLED");
  const auto script = piman::test::lines_of(before + GetParam().after_format + GetParam().after_transfer);
  for (std::size_t length = 0; length < script.size(); ++length) {
    World world;
    world.order();
    for (std::size_t i = 0; i < length; ++i) {
      world.say(script[i]);
      world.begin();
    }
    world.stream(StreamState::kComplete, 1000);
    world.take(world.session.on_closed("closed", world.now()));
    EXPECT_FALSE(world.is_installed()) << length;
    EXPECT_EQ(world.last_result(), world.claims > 0 ? "cut" : "") << length;
    world.take(world.session.on_finished({}, world.now()));
    EXPECT_TRUE(world.session.has_ended());
  }
}

INSTANTIATE_TEST_SUITE_P(, SeedDialects,
                         testing::Values(piman::test::source_dialect(), piman::test::committed_dialect()),
                         [](const auto& one) { return std::string(one.param.name); });

/// Every word x every record x every policy x every order: a card is formatted exactly when it may be.
TEST(InstallSession, FormatsOnRecordedIntentOnly) {
  enum class Order { kNone, kOpen, kExpired };
  for (const bool says_installed : {false, true}) {
    for (const auto state : {NodeRecord::State::kNever, NodeRecord::State::kInstalled, NodeRecord::State::kBroken}) {
      for (const bool was_ever : {false, true}) {
        for (const bool accepted : {false, true}) {
          for (const Order order : {Order::kNone, Order::kOpen, Order::kExpired}) {
            for (const bool first : {false, true}) {
              for (const bool always : {false, true}) {
                World world({.first_auto = first, .auto_format = always});
                world.record.state = state;
                world.record.was_ever_installed = was_ever;
                world.record.accepted = accepted;
                if (order == Order::kOpen) world.order();
                if (order == Order::kExpired) world.order(0s);
                world.say(says_installed ? "IS_INSTALLED" : "IS_UNINSTALLED");
                world.begin();
                const bool first_counts = first && accepted && !was_ever && state != NodeRecord::State::kInstalled;
                const bool may = order == Order::kOpen || (!says_installed && (always || first_counts));
                EXPECT_EQ(world.formats(), may);
                EXPECT_EQ(world.claims, may ? 1 : 0);
                EXPECT_EQ(world.boots(), !may && says_installed && state != NodeRecord::State::kBroken);
              }
            }
          }
        }
      }
    }
  }
}

TEST(InstallSession, TheSeedsHazard) {
  World world;
  world.record.state = NodeRecord::State::kInstalled;
  world.say("IS_INSTALLED\nMOUNTING\nIS_UNINSTALLED\n");
  world.pass(5s);
  world.say("IS_UNINSTALLED\nIS_FORMATTED\n");
  EXPECT_FALSE(world.formats());
  EXPECT_TRUE(world.boots());
}

TEST(InstallSession, AnOrderThatExpiresOrIsWithdrawnWhileItWaitsIsNotCarriedOut) {
  for (const bool withdrawn : {false, true}) {
    World world;
    world.order(10s);
    world.say("IS_UNINSTALLED");
    EXPECT_EQ(world.session.state(), State::kQueued);
    if (withdrawn) world.record.order.reset();
    if (!withdrawn) world.since_start += 11s;
    EXPECT_FALSE(world.begin());
    EXPECT_EQ(world.claims, 0);
    EXPECT_FALSE(world.formats());
  }
}

TEST(InstallSession, AnOrderThatExpiresWhileItIsClaimedIsNotCarriedOut) {
  World world;
  world.order(10s);
  world.say("IS_UNINSTALLED");
  world.take(world.session.on_granted(world.now()));
  world.since_start += 11s;
  world.claimed();
  EXPECT_FALSE(world.formats());
  EXPECT_EQ(world.last_result(), "expired");
}

TEST(InstallSession, ARefusedClaimFormatsNothing) {
  World world;
  world.order();
  world.say("IS_UNINSTALLED");
  world.take(world.session.on_granted(world.now()));
  world.take(world.session.on_claimed(fail("another install of it runs"), world.now()));
  for (int i = 0; i < 20; ++i) world.pass(3s);
  EXPECT_FALSE(world.formats());
  EXPECT_EQ(world.claims, 1) << "the session does not insist";
}

TEST(InstallSession, AHeldNodeIsInstalledAsSoonAsSomebodyOrdersIt) {
  World world;
  world.record.state = NodeRecord::State::kInstalled;
  world.say(std::string(kOurs) + "IS_UNINSTALLED");
  EXPECT_THAT(world.sent, HasSubstr("wait no_intent\nEOM\n"));
  world.pass(3s);
  EXPECT_EQ(world.session.state(), State::kHeld);
  world.order();
  world.pass(3s);
  EXPECT_TRUE(world.begin());
}

TEST(InstallSession, AHeldNodeIsToldToBootInTheEndUnlessItsCardIsHalfAnInstall) {
  for (const auto state : {NodeRecord::State::kInstalled, NodeRecord::State::kBroken}) {
    World world;
    world.record.state = state;
    world.record.was_ever_installed = true;
    world.say("IS_UNINSTALLED");
    for (int i = 0; i < 101; ++i) world.pass(3s);
    EXPECT_EQ(world.boots(), state == NodeRecord::State::kInstalled);
    EXPECT_EQ(world.session.has_ended(), state == NodeRecord::State::kBroken);
    EXPECT_FALSE(world.formats());
  }
}

TEST(InstallSession, ByHttpOnlyAVerifiedImageCounts) {
  const auto install = [](std::string_view lines) {
    World world({.offers_http = true});
    world.order();
    world.say(std::string(kOurs) + "DISK path=/dev/vda size_bytes=5\nIS_UNINSTALLED");
    EXPECT_TRUE(world.begin());
    EXPECT_EQ(world.offers, 1);
    EXPECT_EQ(world.sent.find("format"), std::string::npos);
    world.stream(StreamState::kComplete, 1000);  // of no weight here
    world.say(lines);
    return world.last_result();
  };
  EXPECT_EQ(install("VERIFIED " + std::string(64, 'a') + "\nIS_FORMATTED"), "installed");
  EXPECT_EQ(install("IS_FORMATTED"), "not_verified");
  EXPECT_EQ(install("VERIFIED " + std::string(64, 'b') + "\nIS_FORMATTED"), "not_verified");
  EXPECT_EQ(install("FAILED disk too small"), "failed");
  EXPECT_EQ(install("VERIFIED " + std::string(64, 'a')), "");
}

TEST(InstallSession, ByStreamOnlyAWholeImageCounts) {
  for (const auto& [state, result] : {std::pair{StreamState::kNone, "not_verified"},
                                      {StreamState::kCut, "not_verified"},
                                      {StreamState::kComplete, "installed"}}) {
    World world;
    world.order();
    world.say("IS_UNINSTALLED");
    ASSERT_TRUE(world.begin());
    if (state != StreamState::kNone) world.stream(state, 999);
    world.say("IS_FORMATTED");
    EXPECT_EQ(world.last_result(), result);
  }
}

TEST(InstallSession, TheScriptEndsBeforeItsImageIsKnownToHaveArrived) {
  for (const auto& [last, result] : {std::pair{StreamState::kComplete, "installed"},
                                     {StreamState::kCut, "not_verified"},
                                     {StreamState::kRunning, "not_verified"}}) {
    World world;
    world.order();
    world.say("IS_UNINSTALLED");
    ASSERT_TRUE(world.begin());
    world.stream(StreamState::kRunning, 1000);
    world.say("IS_FORMATTED");
    world.take(world.session.on_closed("closed", world.now()));
    EXPECT_TRUE(world.outcomes.empty());
    world.stream(last, 1000);
    world.pass(31s);
    EXPECT_EQ(world.last_result(), result);
    world.take(world.session.on_finished({}, world.now()));
    EXPECT_TRUE(world.session.has_ended());
  }
}

TEST(InstallSession, AFailedInstallIsNotRepeatedInItsSession) {
  for (const bool ordered : {true, false}) {
    World world({.first_auto = true, .auto_format = true});
    if (ordered) world.order();
    world.say(std::string(kOurs) + "IS_UNINSTALLED");
    ASSERT_TRUE(world.begin());
    world.say("FAILED write no space left");
    ASSERT_EQ(world.last_result(), "failed");
    EXPECT_EQ(world.outcomes.back().reason, "no space left");
    world.take(world.session.on_finished({}, world.now()));
    for (int i = 0; i < 20; ++i) world.pass(3s);
    EXPECT_EQ(world.claims, 1);
    EXPECT_EQ(world.session.state(), State::kHeld);
    world.record.order = InstallOrder{9, world.now().wall + 1h, image()};
    world.pass(3s);
    EXPECT_TRUE(world.begin()) << "somebody has ordered another one";
  }
}

TEST(InstallSession, AnImageThatTheClientCannotUnpackIsNotSent) {
  World world({.offers_http = true});
  world.order();
  world.record.order->image.format = "tar.zst";
  world.say("IS_UNINSTALLED");
  EXPECT_FALSE(world.begin());
  EXPECT_THAT(world.words(), HasSubstr("held=image_format"));
  World other({.offers_http = true});
  other.order();
  other.record.order->image.format = "tar.zst";
  other.say("CAPABILITIES 1 http sha256 zst\nIS_UNINSTALLED");
  EXPECT_TRUE(other.begin());
}

/// In every state in turn: the client goes, the time runs out, the image can't be opened. Whatever was claimed is
/// ended on record, once, and never as installed.
TEST(InstallSession, EveryStateEnds) {
  for (const auto wanted :
       {State::kHello, State::kHeld, State::kQueued, State::kClaiming, State::kInstalling, State::kBooting}) {
    for (const bool by_time : {false, true}) {
      World world;
      if (wanted != State::kHeld && wanted != State::kBooting) world.order(24h);
      if (wanted == State::kBooting) world.say("IS_INSTALLED");
      if (wanted != State::kHello && wanted != State::kBooting) world.say("IS_UNINSTALLED");
      if (wanted == State::kClaiming || wanted == State::kInstalling) world.take(world.session.on_granted(world.now()));
      if (wanted == State::kInstalling) world.claimed();
      ASSERT_EQ(world.session.state(), wanted);
      if (by_time) {
        for (int i = 0; i < 8000 && world.closes == 0; ++i) world.pass(3s);
      } else {
        world.take(world.session.on_closed("closed", world.now()));
      }
      EXPECT_EQ(world.closes, 1);
      const bool formatted = world.formats();
      EXPECT_EQ(formatted, wanted == State::kInstalling);
      if (wanted == State::kClaiming) {
        EXPECT_EQ(world.session.state(), State::kAbandoned);
        world.claimed();
        EXPECT_EQ(world.formats(), formatted) << "a claim that comes late formats nothing";
      }
      if (world.claims > 0) {
        ASSERT_EQ(world.outcomes.size(), 1U);
        EXPECT_EQ(world.last_result(), by_time && wanted == State::kInstalling ? "timed_out" : "cut");
        world.take(world.session.on_finished({}, world.now()));
      }
      EXPECT_TRUE(world.session.has_ended());
      const std::string sent = world.sent;
      world.say("IS_UNINSTALLED\nIS_FORMATTED");
      world.pass(24h);
      EXPECT_EQ(world.sent, sent);
      EXPECT_LE(world.outcomes.size(), 1U);
    }
  }
}

/// The process dies at any moment; the next one finds what Intents had written by then, and the Pi comes again.
TEST(InstallSession, AfterARestartTheNextBootInstallsAgainWithinTheOrder) {
  for (int lines_before_the_crash = 0; lines_before_the_crash <= 3; ++lines_before_the_crash) {
    for (const bool says_installed : {false, true}) {
      for (const bool expired : {false, true}) {
        NodeRecord left;
        {
          World world;
          world.order(1h);
          if (lines_before_the_crash > 0) world.say("IS_UNINSTALLED");
          if (lines_before_the_crash > 1) world.begin();
          if (lines_before_the_crash > 2) world.stream(StreamState::kRunning, 500);
          EXPECT_FALSE(world.is_installed());
          left = world.record;
        }
        World next;
        next.record = left;
        if (expired) next.since_start += 2h;
        next.say(says_installed ? "IS_INSTALLED" : "IS_UNINSTALLED");
        EXPECT_EQ(next.begin(), !expired);
        const bool is_half = lines_before_the_crash > 1;
        EXPECT_EQ(next.boots(), expired && says_installed && !is_half) << "half a system is not started";
      }
    }
  }
}

TEST(InstallSession, ProgressIsReportedOnceASecondAndWhenTheStageChanges) {
  World world;
  world.order();
  world.say(std::string(kOurs) + "IS_UNINSTALLED");
  ASSERT_TRUE(world.begin());
  world.events.clear();
  for (int i = 0; i < 100; ++i) {
    world.since_start += 20ms;
    world.say(concat("PROGRESS write ", i, ' ', i * 10));
  }
  EXPECT_EQ(world.events.size(), 2U);
  world.since_start += 200ms;
  world.say("PROGRESS verify 0 0");
  EXPECT_EQ(world.events.size(), 3U);
  // What came too soon is told later, if nothing newer has come: the last word of a stage counts.
  world.since_start += 50ms;
  world.say("PROGRESS sync 0 0\nPROGRESS sync 100 5");
  world.pass(40ms);
  EXPECT_EQ(world.events.size(), 3U);
  world.pass(10ms);
  ASSERT_EQ(world.events.size(), 4U);
  EXPECT_EQ(world.events.back().stage, "sync");
  EXPECT_EQ(world.events.back().percent, 100U);
  world.pass(2s);
  EXPECT_EQ(world.events.size(), 4U) << "once";
}

}  // namespace
}  // namespace piman::netboot::install
