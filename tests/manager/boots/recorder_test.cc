// SPDX-License-Identifier: Apache-2.0
#include "manager/boots/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/manager/boots/boot_script.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace test;
using namespace std::chrono_literals;

class FixedHosts final : public netboot::HostDirectory {
 public:
  std::shared_ptr<const netboot::HostTable> hosts() const override {
    const std::lock_guard lock(mutex);
    return table;
  }
  void set(std::vector<netboot::Host> hosts) {
    const std::lock_guard lock(mutex);
    table = std::make_shared<const netboot::HostTable>(std::move(hosts));
  }

 private:
  mutable std::mutex mutex;
  std::shared_ptr<const netboot::HostTable> table = std::make_shared<const netboot::HostTable>();
};

/// Counts, and holds the recorder's thread while `gate` is locked.
class Listener final : public NetbootListener {
 public:
  void count(const NetbootEvent& /*event*/) override {
    const std::lock_guard lock(gate);
    ++events;
  }
  void count_end(const EndedBoot& boot) override { ended.push_back(boot.state); }

  void note(const std::string& node, const BootFact& fact, WallTime /*at*/) override {
    const std::lock_guard lock(gate);
    facts.emplace_back(node, fact.reached);
  }

  std::mutex gate;
  std::vector<std::pair<std::string, BootFact::Reached>> facts;
  std::atomic<int> events{0};
  std::vector<BootState> ended;
};

/// A clock that a test moves.
class MovedClock final : public Clock {
 public:
  SteadyTime steady() const override { return moment(seconds).steady; }
  WallTime wall() const override { return moment(seconds).wall; }
  std::atomic<double> seconds{0};
};

class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest() {
    StoreSettings store_settings;
    store_settings.folder = tree.path("state");
    auto opened = Store::open(store_settings, log);
    EXPECT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    hosts.set({netboot::Host{kMac, kAddress, "pi1", {}, {}}});
    settings.gather = 1ms;
  }
  void start() {
    recorder.reset();
    auto started = Recorder::start(settings, hosts, *store, listener, clock, log);
    ASSERT_TRUE(started) << started.error().message;
    recorder = std::move(*started);
  }
  netboot::DhcpEvent stranger(std::uint8_t last) const {
    auto event = dhcp("pi4", "DISCOVER", "", "unknown_host");
    event.mac = MacAddress({0xdc, 0xa6, 0x32, 0, 0, last});
    return event;
  }

  piman::test::TempTree tree;
  Logger log{LogLevel::kDebug, LogFormat::kLogfmt, [](std::string_view) {}};
  std::unique_ptr<Store> store;
  FixedHosts hosts;
  Listener listener;
  MovedClock clock;
  RecorderSettings settings;
  std::unique_ptr<Recorder> recorder;
};

TEST_F(RecorderTest, keeps_boots_and_pending_hosts_over_a_restart) {
  start();
  recorder->on_dhcp(dhcp("pi4", "DISCOVER", "OFFER"));
  recorder->on_transfer(transfer(1, "config.txt", "complete", 100));
  recorder->on_console({kAddress, "Boot mode: NETWORK"});
  recorder->on_dhcp(stranger(1));
  recorder->wait_until_idle();
  EXPECT_EQ(listener.events, 4);
  ASSERT_THAT(recorder->boots_of(kMac), SizeIs(1));
  EXPECT_THAT(recorder->boots_of(kMac)[0].events, SizeIs(3));
  EXPECT_EQ(recorder->counts().running_boots, 2U);
  EXPECT_EQ(recorder->counts().pending_hosts, 1U);

  start();
  ASSERT_THAT(recorder->boots_of(kMac), SizeIs(1));
  EXPECT_EQ(recorder->boots_of(kMac)[0].state, BootState::kStuck);
  EXPECT_THAT(recorder->pending(), SizeIs(1));
  EXPECT_TRUE(recorder->find_pending(stranger(1).mac));
  EXPECT_EQ(store->journal().read({})->events.at(0).entry.subject, stranger(1).mac.to_string());
}

TEST_F(RecorderTest, those_accepted_leave_at_once_and_for_ever) {
  start();
  recorder->on_dhcp(stranger(1));
  recorder->wait_until_idle();
  hosts.set({netboot::Host{stranger(1).mac, kAddress, "pi2", {}, {}}});
  recorder->inventory_changed();
  EXPECT_THAT(recorder->pending(), IsEmpty());
  EXPECT_THAT(*store->load_pending(), IsEmpty());
}

TEST_F(RecorderTest, ignores_strangers_where_they_are_ignored) {
  settings.records_pending = false;
  start();
  recorder->on_dhcp(stranger(1));
  recorder->wait_until_idle();
  EXPECT_THAT(recorder->pending(), IsEmpty());
}

TEST_F(RecorderTest, a_flood_is_counted_and_holds_nobody) {
  settings.most_queued = 100;
  start();
  {
    const std::lock_guard hold(listener.gate);  // the thread hangs in its first event
    recorder->on_dhcp(stranger(0));
    std::this_thread::sleep_for(50ms);
    for (int i = 0; i < 1000; ++i) recorder->on_dhcp(stranger(static_cast<std::uint8_t>(i)));
    EXPECT_GE(recorder->counts().lost_events, 800U);
  }
  recorder->wait_until_idle();
  EXPECT_EQ(static_cast<std::uint64_t>(listener.events) + recorder->counts().lost_events, 1001U);
}

TEST_F(RecorderTest, ends_what_was_silent_and_writes_it_into_the_journal) {
  start();
  recorder->on_dhcp(dhcp("pi3b_rom", "DISCOVER", "", "no_free_address"));
  recorder->wait_until_idle();
  clock.seconds = 1000;
  recorder->on_dhcp(stranger(1));  // any event is an occasion to look at the clock
  recorder->wait_until_idle();
  recorder->on_dhcp(stranger(1));
  recorder->wait_until_idle();
  EXPECT_THAT(listener.ended, ElementsAre(BootState::kStuck));
  bool told = false;
  const auto journal = store->journal().read({});
  for (const auto& [id, entry] : journal->events) {
    if (entry.kind != "boot") continue;
    told = true;
    EXPECT_EQ(entry.subject, "pi1");
    EXPECT_THAT(entry.text, HasSubstr("stuck after 0 s, pi3b_rom, at DISCOVER, 1 without an answer"));
  }
  EXPECT_TRUE(told);
}

TEST_F(RecorderTest, says_how_far_nodes_of_the_inventory_have_come) {
  using Reached = BootFact::Reached;
  start();
  const auto take = [&](const auto& report) {
    report();
    recorder->wait_until_idle();
  };
  take([&] { recorder->on_dhcp(stranger(1)); });
  take([&] { recorder->on_dhcp(dhcp("linux", "REQUEST", "ACK")); });  // a lease that is renewed
  take([&] { recorder->on_dhcp(dhcp("pi4", "DISCOVER", "OFFER")); });
  take([&] { recorder->on_transfer(transfer(1, "config.txt", "complete", 100)); });
  take([&] { recorder->on_transfer(transfer(2, "kernel8.img", "started")); });
  take([&] { recorder->on_transfer(transfer(2, "kernel8.img", "complete", 100)); });
  take([&] { recorder->on_dhcp(dhcp("linux", "REQUEST", "ACK")); });
  EXPECT_THAT(listener.facts, ElementsAre(std::pair("pi1", Reached::kAsked), std::pair("pi1", Reached::kLoading),
                                          std::pair("pi1", Reached::kLoading), std::pair("pi1", Reached::kKernel),
                                          std::pair("pi1", Reached::kSystem)));
  take([&] { recorder->on_dhcp(dhcp("pi4", "DISCOVER", "OFFER")); });
  clock.seconds = 1000;
  take([&] { recorder->on_dhcp(stranger(1)); });
  take([&] { recorder->on_dhcp(stranger(1)); });
  ASSERT_THAT(listener.facts, SizeIs(7));
  EXPECT_EQ(listener.facts[5], std::pair(std::string("pi1"), Reached::kAsked));
  EXPECT_EQ(listener.facts[6], std::pair(std::string("pi1"), Reached::kStuck));
}

TEST_F(RecorderTest, counts_what_is_no_message_and_whom_nobody_knows) {
  start();
  recorder->on_malformed("dhcp", "too_short");
  recorder->on_malformed("dhcp", "too_short");
  auto unknown = transfer(1, "x", "not_found");
  unknown.client = Ipv4Address(1);
  recorder->on_transfer(unknown);
  recorder->wait_until_idle();
  const auto counts = recorder->counts();
  ASSERT_THAT(counts.malformed, SizeIs(1));
  EXPECT_EQ(counts.malformed[0].second, 2U);
  EXPECT_EQ(counts.nobodys_transfers, 1U);
}

TEST_F(RecorderTest, several_threads_may_report_and_read) {
  start();
  std::vector<std::jthread> threads;
  for (std::uint8_t i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (int j = 0; j < 500; ++j) {
        recorder->on_dhcp(stranger(i));
        if (j % 50 == 0) recorder->pending();
      }
    });
  }
  threads.clear();
  recorder->wait_until_idle();
  EXPECT_EQ(listener.events, 2000);
  EXPECT_THAT(recorder->pending(), SizeIs(4));
}

}  // namespace
}  // namespace piman::manager
