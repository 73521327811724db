// SPDX-License-Identifier: Apache-2.0
#include "node-agent/kernel_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <deque>

#include "common/text.h"
#include "tests/support/temp_tree.h"

namespace piman::agent {
namespace {

using test::TempTree;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(KernelMessage, Header) {
  const auto message = parse_kernel_message("2,1234,5140900,-;hwmon hwmon1: Undervoltage detected!");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->level, 2U);
  EXPECT_EQ(message->facility, 0U);
  EXPECT_EQ(message->sequence, 1234U);
  EXPECT_EQ(message->microseconds, 5140900U);
  EXPECT_EQ(message->text, "hwmon hwmon1: Undervoltage detected!");
  const auto injected = parse_kernel_message("12,1,2,-,caller=T1;systemd[1]: Started; all of it");
  EXPECT_EQ(injected->facility, 1U);
  EXPECT_EQ(injected->level, 4U);
  EXPECT_EQ(injected->text, "systemd[1]: Started; all of it");
}

TEST(KernelMessage, NotOne) {
  for (const char* line : {"", ";", " SUBSYSTEM=usb", "6,1,2", "x,1,2,-;t", "6,x,2,-;t", "6,1,x,-;t", "-6,1,2,-;t",
                           "6;t", "6,1;t", "99999999999,1,2,-;t", "6,99999999999999999999,2,-;t"}) {
    EXPECT_FALSE(parse_kernel_message(line)) << line;
  }
  const std::string whole = "2,1234,5140900,-;text";
  for (std::size_t length = 0; length < whole.size(); ++length) parse_kernel_message(whole.substr(0, length));
}

std::string kind_of(std::string_view text) {
  const auto kind = classify_kernel_message(text);
  return kind ? std::string(to_string(*kind)) : "none";
}

TEST(KernelMessageKinds, WhatTellsOfTrouble) {
  EXPECT_EQ(kind_of("hwmon hwmon1: Undervoltage detected!"), "under_voltage");
  EXPECT_EQ(kind_of("Under-voltage detected! (0x00050005)"), "under_voltage");
  EXPECT_EQ(
      kind_of("EXT4-fs error (device mmcblk0p2): ext4_find_entry:1456: inode #2: comm ls: reading directory lblock 0"),
      "ext4_error");
  EXPECT_EQ(kind_of("mmc0: error -110 whilst initialising SD card"), "mmc_error");
  EXPECT_EQ(kind_of("mmcblk0: error -110 sending status command, retrying"), "mmc_error");
  EXPECT_EQ(kind_of("mmc0: Timeout waiting for hardware cmd interrupt."), "mmc_error");
  EXPECT_EQ(kind_of("mmc0: tuning execution failed: -5"), "mmc_error");
  EXPECT_EQ(kind_of("mmc0: Card stuck in wrong state! mmcblk0 mmc_blk_card_stuck"), "mmc_error");
  EXPECT_EQ(kind_of("mmcblk0: timed out sending SET_BLOCK_COUNT command, card status 0x900"), "mmc_error");
  EXPECT_EQ(kind_of("I/O error, dev mmcblk0, sector 13648134 op 0x1:(WRITE) flags 0x800 phys_seg 1 prio class 2"),
            "mmc_error");
  EXPECT_EQ(kind_of("blk_update_request: I/O error, dev mmcblk0, sector 4321384"), "mmc_error");
  EXPECT_EQ(kind_of("Buffer I/O error on dev mmcblk0p2, logical block 524813, lost async page write"), "mmc_error");
  EXPECT_EQ(kind_of("Out of memory: Killed process 1234 (python3) total-vm:1kB, anon-rss:1kB"), "oom_kill");
  EXPECT_EQ(kind_of("Memory cgroup out of memory: Killed process 77 (node) total-vm:1kB"), "oom_kill");
  EXPECT_EQ(kind_of("Out of memory: Kill process 9 (x) score 5 or sacrifice child"), "oom_kill");
  EXPECT_EQ(kind_of("usb 1-1.4: reset high-speed USB device number 5 using xhci_hcd"), "usb_reset");
  EXPECT_EQ(kind_of("usb 2-1: reset SuperSpeed USB device number 2 using xhci_hcd"), "usb_reset");
  EXPECT_EQ(kind_of("thermal thermal_zone0: cpu-thermal: critical temperature reached, shutting down"), "thermal");
  EXPECT_EQ(kind_of("CPU1: Core temperature above threshold, cpu clock throttled (total events = 3)"), "thermal");
}

TEST(KernelMessageKinds, WhatDoesNot) {
  for (const char* text :
       {"", "hwmon hwmon1: Voltage normalised", "Voltage normalised (0x00000000)",
        "EXT4-fs (mmcblk0p2): mounted filesystem with ordered data mode. Quota mode: none.",
        "EXT4-fs (sda2): error count since last fsck: 3", "EXT4-fs (mmcblk0p2): Remounting filesystem read-only",
        "mmc0: new ultra high speed DDR50 SDHC card at address aaaa", "mmcblk0: mmc0:aaaa SC32G 29.7 GiB",
        "mmc1: queuing unknown CIS tuple 0x80 (2 bytes)", "mmc0: sdhci: Timeout:   0x00000000 | Int stat: 0x00000000",
        "mmc0: host does not support reading read-only switch, assuming write-enable", "mmc_host mmc1: Bus speed",
        "mmc", "mmcblk", "mmc:error", "I/O error, dev sda, sector 8", "usb 1-1: new high-speed USB device number 2",
        "Killed process 9 (x) total-vm:1kB", "random: crng init done"}) {
    EXPECT_EQ(kind_of(text), "none") << text;
  }
}

TEST(KernelMessageKinds, UncleanShutdown) {
  EXPECT_TRUE(tells_of_unclean_shutdown("EXT4-fs (mmcblk0p2): recovery complete"));
  EXPECT_TRUE(tells_of_unclean_shutdown(
      "FAT-fs (mmcblk0p1): Volume was not properly unmounted. Some data may be corrupt. Please run fsck."));
  EXPECT_FALSE(tells_of_unclean_shutdown("EXT4-fs (mmcblk0p2): mounted filesystem with ordered data mode"));
  EXPECT_FALSE(tells_of_unclean_shutdown("systemd[1]: EXT4-fs (x): recovery complete"));
}

/// A device that gives one record a read, like the real one.
struct FakeKmsg {
  std::deque<std::string> records;
  std::deque<int> errors;  ///< given before the records

  KernelLog::Read read() {
    return [this](int, void* buffer, std::size_t size) -> ::ssize_t {
      if (!errors.empty()) {
        errno = errors.front();
        errors.pop_front();
        return -1;
      }
      if (records.empty()) {
        errno = EAGAIN;
        return -1;
      }
      const std::string record = records.front();
      records.pop_front();
      const std::size_t length = std::min(size, record.size());
      std::memcpy(buffer, record.data(), length);
      return static_cast<::ssize_t>(length);
    };
  }
};

class KernelLogTest : public testing::Test {
 protected:
  std::vector<std::string> drain(KernelLog& log) {
    std::vector<std::string> texts;
    state_ = log.drain([&](const KernelMessage& message) { texts.emplace_back(message.text); });
    return texts;
  }
  TempTree tree_{{"dev/kmsg", ""}};
  FakeKmsg device_;
  KernelLog::State state_ = KernelLog::State::kUnreadable;
};

TEST_F(KernelLogTest, ReadsOnFromWhereItStopped) {
  device_.records = {"6,0,1,-;one\n", "6,1,2,-;two\n SUBSYSTEM=usb\n DEVICE=c189:1\n"};
  KernelLog log(tree_.path("dev/kmsg"), device_.read());
  EXPECT_THAT(drain(log), ElementsAre("one", "two"));
  EXPECT_EQ(state_, KernelLog::State::kAtEnd);
  EXPECT_THAT(drain(log), IsEmpty());
  device_.records = {"6,2,3,-;three\n"};
  EXPECT_THAT(drain(log), ElementsAre("three"));
  EXPECT_EQ(log.lost(), 0U);
}

TEST_F(KernelLogTest, ProgramsCannotPlayTheKernel) {
  device_.records = {"14,0,1,-;hwmon hwmon1: Undervoltage detected!\n"};
  KernelLog log(tree_.path("dev/kmsg"), device_.read());
  EXPECT_THAT(drain(log), IsEmpty());
}

TEST_F(KernelLogTest, CountsWhatWasOverwritten) {
  device_.records = {"6,10,1,-;a\n"};
  KernelLog log(tree_.path("dev/kmsg"), device_.read());
  EXPECT_THAT(drain(log), ElementsAre("a"));
  EXPECT_EQ(log.lost(), 10U);
  device_.errors = {EPIPE};
  device_.records = {"6,15,1,-;b\n", "6,16,1,-;c\n"};
  EXPECT_THAT(drain(log), ElementsAre("b", "c"));
  EXPECT_EQ(state_, KernelLog::State::kAtEnd);
  EXPECT_EQ(log.lost(), 14U);
}

TEST_F(KernelLogTest, AFloodIsReadInParts) {
  for (std::size_t i = 0; i < KernelLog::kMostMessages + 5; ++i) device_.records.push_back(concat("6,", i, ",1,-;x\n"));
  KernelLog log(tree_.path("dev/kmsg"), device_.read());
  EXPECT_EQ(drain(log).size(), KernelLog::kMostMessages);
  EXPECT_EQ(state_, KernelLog::State::kMore);
  EXPECT_EQ(drain(log).size(), 5U);
  EXPECT_EQ(state_, KernelLog::State::kAtEnd);
}

TEST_F(KernelLogTest, EndlessErrorsEnd) {
  device_.errors.assign(5000, EPIPE);
  KernelLog log(tree_.path("dev/kmsg"), device_.read());
  EXPECT_THAT(drain(log), IsEmpty());
  EXPECT_EQ(state_, KernelLog::State::kMore);
}

TEST_F(KernelLogTest, OpenedAnewAfterAnError) {
  device_.records = {"6,0,1,-;one\n"};
  KernelLog log(tree_.path("dev/kmsg"), device_.read());
  drain(log);
  device_.errors = {EINVAL};
  drain(log);
  EXPECT_EQ(state_, KernelLog::State::kUnreadable);
  device_.records = {"6,0,1,-;one\n", "6,1,1,-;two\n"};  // from the oldest again
  EXPECT_THAT(drain(log), ElementsAre("two"));
  EXPECT_EQ(log.lost(), 0U);
}

TEST_F(KernelLogTest, Absent) {
  KernelLog log(tree_.path("dev/none"));
  drain(log);
  EXPECT_EQ(state_, KernelLog::State::kUnreadable);
}

TEST_F(KernelLogTest, AFileInsteadOfADevice) {
  tree_.put("dev/kmsg", "6,0,1,-;one\n6,1,1,-;two\n KEY=value\nrubbish\n6,2,1,-;thr");
  KernelLog log(tree_.path("dev/kmsg"));
  EXPECT_THAT(drain(log), ElementsAre("one", "two"));
  EXPECT_EQ(state_, KernelLog::State::kAtEnd);
  tree_.put("dev/kmsg", "6,0,1,-;one\n6,1,1,-;two\n KEY=value\nrubbish\n6,2,1,-;three\n");
  EXPECT_THAT(drain(log), ElementsAre("three"));
}

TEST_F(KernelLogTest, ALineWithoutEndDoesNotGrow) {
  tree_.put("dev/kmsg", std::string(3'000'000, 'x'));
  KernelLog log(tree_.path("dev/kmsg"));
  EXPECT_THAT(drain(log), IsEmpty());
  EXPECT_EQ(state_, KernelLog::State::kAtEnd);
}

}  // namespace
}  // namespace piman::agent
