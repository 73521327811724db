// SPDX-License-Identifier: Apache-2.0
#include "node-agent/board_watch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "node-agent/board_poller.h"
#include "tests/node-agent/scripted_mailbox.h"
#include "tests/support/temp_tree.h"

namespace piman::agent {
namespace {

using std::chrono::seconds;
using test::TempTree;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_literals;

constexpr auto kPi = "Raspberry Pi 4 Model B Rev 1.4";
constexpr SteadyTime kNow{seconds(5000)};

class BoardWatchTest : public testing::Test {
 protected:
  BoardWatchTest() { tree_.put("proc/device-tree/model", kPi); }

  BoardWatch& board() {
    if (!board_) board_ = scripted_board(tree_.host_paths(), script_);
    return *board_;
  }
  void set_throttled(std::uint32_t word) { script_->words[MailboxTag::kThrottled] = {word}; }
  /// "kind detail" of all events but the boot.
  std::vector<std::string> events() {
    std::vector<std::string> texts;
    for (const NotableEvent& event : board().events().since(0, WallTime{}, kNow)) {
      if (event.kind != "boot") texts.push_back(event.kind + " " + event.detail);
    }
    return texts;
  }

  TempTree tree_;
  std::shared_ptr<MailboxScript> script_ = std::make_shared<MailboxScript>();
  std::shared_ptr<BoardWatch> board_;
};

TEST_F(BoardWatchTest, TheBootIsTheFirstEvent) {
  tree_.put("proc/sys/kernel/random/boot_id", "8f2a7b1c-0000-4000-8000-000000000001\n");
  tree_.put("proc/uptime", "100.5 300.25\n");
  const auto board = std::make_shared<BoardWatch>(tree_.host_paths(), std::make_unique<ScriptedMailbox>(script_),
                                                  WallTime{seconds(1000)}, kNow);
  EXPECT_EQ(board->boot_id(), "8f2a7b1c-0000-4000-8000-000000000001");
  const auto events = board->events().since(0, WallTime{seconds(1000)}, kNow);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, "boot");
  EXPECT_EQ(events[0].time, 899.5);
  EXPECT_EQ(events[0].detail, board->boot_id());
}

TEST_F(BoardWatchTest, AnUptimeThatIsNone) {
  for (const char* uptime : {"", "x", "-1", "nan", "inf", "1e300"}) {
    tree_.put("proc/uptime", uptime);
    EXPECT_THAT(scripted_board(tree_.host_paths(), script_)->events().since(0, WallTime{}, kNow), IsEmpty()) << uptime;
  }
}

TEST_F(BoardWatchTest, ThrottlingFromTheMailbox) {
  set_throttled(0);
  auto state = board().look_at_throttling(kNow);
  ASSERT_TRUE(state);
  ASSERT_EQ(state->conditions.size(), 4U);
  EXPECT_FALSE(state->conditions[0].level);
  set_throttled(0x50005);
  state = board().look_at_throttling(kNow);
  EXPECT_TRUE(state->conditions[0].level);
  EXPECT_EQ(state->conditions[0].events, 1U);
  EXPECT_FALSE(state->conditions[1].level);
  EXPECT_TRUE(state->conditions[2].level);
  set_throttled(0xd0000);
  EXPECT_TRUE(board().look_at_throttling(kNow));
  EXPECT_THAT(events(), ElementsAre("under_voltage on", "throttled on", "under_voltage off", "throttled off",
                                    "soft_temp_limit passed"));
  EXPECT_THAT(script_->throttled_requests, testing::Each(0U));  // others' sticky bits are left alone
}

TEST_F(BoardWatchTest, ThrottlingFromTheAlarmWithoutAMailbox) {
  script_->present = false;
  tree_.put("sys/class/hwmon/hwmon0/name", "cpu_thermal\n");
  tree_.put("sys/class/hwmon/hwmon1/name", "rpi_volt\n");
  tree_.put("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n");
  ASSERT_EQ(board().look_at_throttling(kNow)->conditions.size(), 1U);
  tree_.put("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n");
  const auto state = board().look_at_throttling(kNow);
  EXPECT_EQ(state->conditions[0].condition, ThrottleCondition::kUnderVoltage);
  EXPECT_TRUE(state->conditions[0].level);
  EXPECT_EQ(state->conditions[0].events, 1U);
  EXPECT_THAT(events(), ElementsAre("under_voltage on"));
  // The driver comes back under another number.
  tree_.put("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "");
  EXPECT_THAT(board().look_at_throttling(kNow)->conditions, IsEmpty());
  tree_.remove("sys/class/hwmon/hwmon1");
  tree_.put("sys/class/hwmon/hwmon2/name", "rpi_volt\n");
  tree_.put("sys/class/hwmon/hwmon2/in0_lcrit_alarm", "0\n");
  EXPECT_EQ(board().look_at_throttling(kNow)->conditions.size(), 1U);
  EXPECT_THAT(events(), ElementsAre("under_voltage on", "under_voltage off"));
}

TEST_F(BoardWatchTest, AMailboxThatIsBusyOnceChangesNothing) {
  set_throttled(0xf000f);
  tree_.put("sys/class/hwmon/hwmon1/name", "rpi_volt\n");
  tree_.put("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n");
  EXPECT_TRUE(board().look_at_throttling(kNow));
  script_->present = false;
  EXPECT_THAT(board().look_at_throttling(kNow)->conditions, IsEmpty());
  script_->present = true;
  EXPECT_EQ(board().look_at_throttling(kNow)->conditions.size(), 4U);
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(BoardWatchTest, AMailboxThatMayNotBeAsked) {
  script_->error = "opening /dev/vcio: Permission denied";
  const auto state = board().look_at_throttling(kNow);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().message, "opening /dev/vcio: Permission denied");
  tree_.put("sys/class/hwmon/hwmon1/name", "rpi_volt\n");
  tree_.put("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n");
  EXPECT_EQ(board().look_at_throttling(kNow)->conditions.size(), 1U);
}

TEST_F(BoardWatchTest, OtherMachinesAreNotAsked) {
  tree_.put("proc/device-tree/model", "Radxa ROCK Pi 4B");
  set_throttled(1);
  EXPECT_THAT(board().look_at_throttling(kNow)->conditions, IsEmpty());
  EXPECT_EQ(script_->messages, 0);
}

TEST_F(BoardWatchTest, KernelMessagesFromBeforeAreCountedButNoNews) {
  tree_.put("dev/kmsg",
            "6,0,1,-;Booting Linux\n2,1,9,-;hwmon hwmon1: Undervoltage detected!\n"
            "3,2,10,-;Out of memory: Killed process 9 (old) total-vm:1kB\n");
  set_throttled(0);
  const auto state = board().look_at_kernel_log(kNow);
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->since_boot);
  EXPECT_EQ(state->counts[static_cast<std::size_t>(KernelMessageKind::kUnderVoltage)], 1U);
  EXPECT_EQ(state->counts[static_cast<std::size_t>(KernelMessageKind::kOomKill)], 1U);
  EXPECT_EQ(board().look_at_throttling(kNow)->conditions[0].events, 0U);
  EXPECT_EQ(board().look_at_throttling(kNow)->conditions[0].events, 0U);
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(BoardWatchTest, KernelMessagesThatComeLaterAreNews) {
  const std::string before = "6,0,1,-;Booting Linux\n";
  tree_.put("dev/kmsg", before);
  set_throttled(0);
  board().poll(kNow);
  const std::string later =
      before +
      "2,1,9000000,-;hwmon hwmon1: Undervoltage detected!\n6,2,9000001,-;hwmon hwmon1: Voltage normalised\n"
      "3,3,9000002,-;Out of memory: Killed process 812 (python3) total-vm:1kB, anon-rss:1kB\n";
  tree_.put("dev/kmsg", later);
  board().poll(kNow);
  EXPECT_THAT(events(), ElementsAre("oom_kill 812 (python3)", "under_voltage passed"));
  EXPECT_EQ(board().look_at_throttling(kNow)->conditions[0].events, 1U);
}

TEST_F(BoardWatchTest, UncleanShutdownOnlyWhileComingUp) {
  tree_.put("dev/kmsg", "6,5,130000000,-;EXT4-fs (sda1): recovery complete\n");
  auto state = board().look_at_kernel_log(kNow);
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->unclean_shutdown);
  EXPECT_FALSE(state->since_boot);
  EXPECT_EQ(state->lost, 5U);
  tree_.put("dev/kmsg", "6,0,3000000,-;EXT4-fs (mmcblk0p2): recovery complete\n");
  EXPECT_TRUE(scripted_board(tree_.host_paths(), script_)->look_at_kernel_log(kNow)->unclean_shutdown);
}

TEST_F(BoardWatchTest, ALongKernelLogIsNotHalfCounted) {
  std::string log;
  for (int i = 0; i < 60000; ++i)
    log += "6," + std::to_string(i) + ",1,-;usb 1-1: reset high-speed USB device number 2\n";
  tree_.put("dev/kmsg", log);
  // A file gives 8 KiB a read, the device one record: either way the first drain does not reach the end of this one.
  std::optional<KernelLogState> state;
  int looks = 0;
  while (!(state = board().look_at_kernel_log(kNow)) && looks < 100) ++looks;
  ASSERT_TRUE(state);
  EXPECT_EQ(state->counts[static_cast<std::size_t>(KernelMessageKind::kUsbReset)], 60000U);
}

TEST_F(BoardWatchTest, RootReadOnly) {
  tree_.put("proc/1/mounts", "sysfs /sys sysfs rw,nosuid 0 0\n/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n");
  EXPECT_EQ(board().look_at_root(kNow), false);
  EXPECT_THAT(events(), IsEmpty());
  tree_.put("proc/1/mounts", "/dev/mmcblk0p2 / ext4 ro,noatime 0 0\n");
  EXPECT_EQ(board().look_at_root(kNow), true);
  EXPECT_EQ(board().look_at_root(kNow), true);
  tree_.put("proc/1/mounts", "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n");
  board().look_at_root(kNow);
  EXPECT_THAT(events(), ElementsAre("root_read_only on", "root_read_only off"));
  tree_.remove("proc/1");
  EXPECT_EQ(board().look_at_root(kNow), false);  // the file stays open
}

TEST(RootReadOnly, TheTopmostCounts) {
  EXPECT_EQ(parse_root_read_only(""), std::nullopt);
  EXPECT_EQ(parse_root_read_only("/dev/sda1 /boot vfat ro 0 0\nbroken\n"), std::nullopt);
  EXPECT_EQ(parse_root_read_only("rootfs / rootfs rw 0 0\n/dev/sda1 / ext4 ro 0 0\n"), true);
  EXPECT_EQ(parse_root_read_only("/dev/sda1 / ext4 ro 0 0\noverlay / overlay rw,lowerdir=/ro 0 0\n"), false);
}

TEST_F(BoardWatchTest, PollingIsWorthItOnlyWithASource) {
  script_->present = false;
  EXPECT_EQ(board().poll(kNow), BoardWatch::NextPoll::kNever);
  tree_.put("dev/kmsg", "");
  EXPECT_EQ(board().poll(kNow), BoardWatch::NextPoll::kInAWhile) << "nothing tells of a change of the mounts";
  tree_.put("proc/1/mounts", "");
  EXPECT_EQ(board().poll(kNow), BoardWatch::NextPoll::kOnEvent);
  tree_.remove("dev/kmsg");
  script_->present = true;
  set_throttled(0);
  EXPECT_EQ(scripted_board(tree_.host_paths(), script_)->poll(kNow), BoardWatch::NextPoll::kInAWhile);
}

TEST_F(BoardWatchTest, AMailboxThatFailsIsAskedAgain) {
  tree_.put("dev/kmsg", "");
  tree_.put("proc/1/mounts", "");
  script_->error = "the device is busy";
  EXPECT_EQ(board().poll(kNow), BoardWatch::NextPoll::kInAWhile);
}

/// A kernel log that can be waited for: one record is one write into a pipe with a name.
TEST_F(BoardWatchTest, ThePollerSleepsUntilTheKernelSaysSomething) {
  tree_.put("proc/1/mounts", "/dev/mmcblk0p2 / ext4 rw 0 0\n");
  tree_.put("dev/other", "");
  const std::string path = tree_.host_paths().dev("kmsg");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const UniqueFd kernel(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  script_->present = false;
  const auto board = scripted_board(tree_.host_paths(), script_);
  ASSERT_EQ(board->poll(kNow), BoardWatch::NextPoll::kOnEvent);
  const UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  std::atomic<bool> woken = false;
  std::jthread waiting([&] {
    board->wait_for_event(stop.get());
    woken = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(woken);
  constexpr std::string_view kRecord = "2,7,1,-;Out of memory: Killed process 42 (python3)\n";
  ASSERT_EQ(::write(kernel.get(), kRecord.data(), kRecord.size()), static_cast<::ssize_t>(kRecord.size()));
  waiting.join();
  board->poll(kNow);
  EXPECT_EQ(board->look_at_kernel_log(kNow)->counts[static_cast<std::size_t>(KernelMessageKind::kOomKill)], 1U);
  waiting = std::jthread([&] { board->wait_for_event(stop.get()); });
  ::eventfd_write(stop.get(), 1);
  waiting.join();  // or the test hangs
}

TEST_F(BoardWatchTest, ThePollerSeesWhatHappensBetweenScrapes) {
  tree_.put("proc/1/mounts", "/dev/mmcblk0p2 / ext4 rw 0 0\n");
  tree_.put("dev/kmsg", "6,0,1,-;Booting Linux\n");
  script_->present = false;
  const auto board = scripted_board(tree_.host_paths(), script_);
  const auto event_count = [&] { return board->events().since(0, WallTime{}, SteadyTime{}).size(); };
  BoardPoller poller(board, std::chrono::milliseconds(1));
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  for (int i = 0; event_count() == 0 && std::chrono::steady_clock::now() < deadline; ++i) {
    tree_.put("proc/1/mounts", i % 2 == 0 ? "/dev/mmcblk0p2 / ext4 ro 0 0\n" : "/dev/mmcblk0p2 / ext4 rw 0 0\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_GT(event_count(), 0U);
}

TEST_F(BoardWatchTest, ThePollerEndsAtOnce) {
  tree_.put("dev/kmsg", "");
  const auto begin = std::chrono::steady_clock::now();
  { const BoardPoller poller(board_ = scripted_board(tree_.host_paths(), script_)); }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(2));
}

}  // namespace
}  // namespace piman::agent
