// SPDX-License-Identifier: Apache-2.0
#include "manager/boots/boot_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/boots/boot_codec.h"
#include "tests/manager/boots/boot_script.h"

namespace piman::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace test;

TEST(BootLog, all_programs_of_a_3b_are_one_boot) {
  Script script;
  boot_a_3b(script);
  const auto boots = script.boots();
  ASSERT_THAT(boots, SizeIs(1));
  EXPECT_EQ(boots[0].state, BootState::kBooted);
  EXPECT_EQ(boots[0].booted_ms, 20'500);
  EXPECT_EQ(boots[0].model, "pi3b_rom");
  EXPECT_EQ(boots[0].address, kAddress);
  EXPECT_THAT(boots[0].events, SizeIs(12));
  EXPECT_EQ(stuck_at(boots[0]), "");
  EXPECT_EQ(script.log.running(), 0U);
  const BootTotals totals = totals_of(boots[0]);
  EXPECT_EQ(totals.files, 5U);
  EXPECT_EQ(totals.missing, 2U);
  EXPECT_EQ(totals.sent_bytes, 52480U + 300 + 2952928 + 120 + 9000000);
}

TEST(BootLog, a_boot_ends_after_silence_and_is_given_out_once) {
  Script script;
  boot_a_3b(script);
  EXPECT_THAT(script.tick(100).ended, IsEmpty());
  const auto output = script.tick(500);
  ASSERT_THAT(output.ended, SizeIs(1));
  EXPECT_EQ(output.ended[0].state, BootState::kBooted);
  EXPECT_EQ(output.ended[0].duration, std::chrono::milliseconds(20'500));
  ASSERT_THAT(output.records, SizeIs(1));
  EXPECT_EQ(*decode_boot(kMac, moment(0).wall, output.records[0].data), script.boots()[0]);
  EXPECT_THAT(script.tick(1000).ended, IsEmpty());
  EXPECT_THAT(script.log.flush().records, IsEmpty());
}

TEST(BootLog, a_power_cycle_begins_a_new_boot) {
  Script script;
  boot_a_3b(script);
  boot_a_3b(script, 60);  // long before the first one is silent long enough
  ASSERT_THAT(script.boots(), SizeIs(2));
  EXPECT_EQ(script.boots()[0].started, moment(60).wall);
  EXPECT_EQ(script.boots()[1].state, BootState::kBooted);
  script.at(90, dhcp("pi3b_rom", "DISCOVER", "OFFER")).file(91, "bootcode.bin", "complete", 52480);
  script.file(92, "b66c4c16/start.elf", "started", 2952928).at(95, dhcp("pi3b_rom", "DISCOVER", "OFFER"));
  ASSERT_THAT(script.boots(), SizeIs(4));
  EXPECT_EQ(script.boots()[1].state, BootState::kRestarted);
  EXPECT_EQ(script.boots()[0].state, BootState::kRunning);
  EXPECT_EQ(script.log.running(), 1U);
}

TEST(BootLog, a_loader_and_its_system_stay_in_the_boot) {
  Script script;
  script.at(0, dhcp("pi4", "DISCOVER", "OFFER")).at(0.1, dhcp("pi4", "REQUEST", "ACK"));
  script.file(1, "config.txt", "complete", 100).file(2, "u-boot.bin", "complete", 600000);
  script.at(5, dhcp("u_boot", "DISCOVER", "OFFER")).at(5.1, dhcp("u_boot", "REQUEST", "ACK"));
  script.file(6, "Image", "complete", 30000000);
  script.at(12, dhcp("linux", "DISCOVER", "OFFER")).at(12.1, dhcp("linux", "REQUEST", "ACK"));
  script.at(15, dhcp("linux", "DISCOVER", "OFFER")).at(15.1, dhcp("linux", "REQUEST", "ACK"));
  ASSERT_THAT(script.boots(), SizeIs(1));
  EXPECT_EQ(script.boots()[0].booted_ms, 12'100);
  script.at(16, dhcp("u_boot", "DISCOVER", "OFFER"));  // it went back: reset without the firmware's DHCP
  EXPECT_THAT(script.boots(), SizeIs(2));
}

TEST(BootLog, a_renewal_is_no_boot_and_a_system_from_a_card_is_no_netboot) {
  Script script;
  script.at(0, dhcp("linux", "REQUEST", "ACK"));
  EXPECT_THAT(script.boots(), IsEmpty());
  script.at(10, dhcp("linux", "DISCOVER", "OFFER")).at(11, dhcp("linux", "REQUEST", "ACK"));
  ASSERT_THAT(script.boots(), SizeIs(1));
  EXPECT_EQ(script.boots()[0].state, BootState::kAddressOnly);
  auto laptop = dhcp("linux", "DISCOVER", "OFFER");
  laptop.mac = MacAddress({2, 0, 0, 0, 0, 1});
  script.at(12, laptop);
  EXPECT_THAT(script.log.boots_of(laptop.mac), IsEmpty());
  EXPECT_THAT(script.log.hosts(), SizeIs(1));
}

TEST(BootLog, counts_repetitions_in_one_line) {
  Script script;
  for (int i = 0; i < 5; ++i) script.at(i * 5, dhcp("pi3b_rom", "DISCOVER", "", "no_free_address"));
  ASSERT_THAT(script.boots(), SizeIs(1));
  ASSERT_THAT(script.boots()[0].events, SizeIs(1));
  const auto& step = std::get<DhcpStep>(script.boots()[0].events[0].step);
  EXPECT_EQ(step.count, 5U);
  EXPECT_EQ(step.last_ms, 20'000);
  EXPECT_EQ(stuck_at(script.boots()[0]), "DISCOVER, 5 without answers (no_free_address)");
  EXPECT_EQ(script.tick(300).ended.at(0).state, BootState::kStuck);
}

TEST(BootLog, says_where_a_boot_stands) {
  Script script;
  script.at(0, dhcp("pi4", "DISCOVER", "OFFER"));
  EXPECT_EQ(stuck_at(script.boots()[0]), "OFFER");
  script.at(1, dhcp("pi4", "REQUEST", "ACK"));
  EXPECT_EQ(stuck_at(script.boots()[0]), "ACK");
  script.file(2, "e09200d8/start4.elf", "not_found");
  EXPECT_EQ(stuck_at(script.boots()[0]), "start4.elf, which is not there");
  script.file(3, "e09200d8/config.txt", "complete", 20).file(3.5, "e09200d8/pieeprom.sig", "not_found");
  EXPECT_EQ(stuck_at(script.boots()[0]), "after config.txt");
  script.at(4, transfer(77, "kernel8.img", "started", 9000000));
  EXPECT_EQ(stuck_at(script.boots()[0]), "kernel8.img, on its way");
  auto broken = transfer(77, "kernel8.img", "timed_out", 9000000);
  broken.sent_bytes = 1468UL * 1200;
  broken.blocks = 1200;
  broken.retransmits = 6;
  script.at(9, broken);
  EXPECT_EQ(stuck_at(script.boots()[0]), "kernel8.img, block 1200 of 6131 (timed_out)");
  EXPECT_EQ(script.tick(300).ended.at(0).stuck_at, "kernel8.img, block 1200 of 6131 (timed_out)");
}

TEST(BootLog, a_kernel_and_silence_is_loaded) {
  Script script;
  script.at(0, dhcp("pi5", "DISCOVER", "OFFER")).file(1, "x/kernel_2712.img", "complete", 9000000);
  EXPECT_EQ(script.tick(300).ended.at(0).state, BootState::kLoaded);
}

TEST(BootLog, a_long_transfer_is_no_silence_but_one_without_end_is) {
  Script script;
  script.at(0, dhcp("pi4", "DISCOVER", "OFFER")).at(1, transfer(1, "rootfs.img", "started", 4UL << 30U));
  EXPECT_THAT(script.tick(1000).ended, IsEmpty());
  EXPECT_THAT(script.tick(5000).ended, SizeIs(1));
}

TEST(BootLog, transfers_belong_to_who_has_the_address) {
  Script script;
  auto stranger = transfer(1, "kernel8.img", "started");
  stranger.client = Ipv4Address(0x0A0000FF);
  EXPECT_FALSE(script.log.take(stranger, script.hosts, moment(0)));
  EXPECT_TRUE(script.log.take(transfer(1, "kernel8.img", "started"), script.hosts, moment(0)));  // reserved, no DHCP
  auto offer = dhcp("pi4", "DISCOVER", "OFFER");
  offer.mac = MacAddress({2, 0, 0, 0, 0, 1});
  offer.address = stranger.client;
  script.at(1, offer);
  EXPECT_TRUE(script.log.take(stranger, script.hosts, moment(2)));
  EXPECT_EQ(script.log.find(stranger.client), offer.mac);
  EXPECT_TRUE(script.log.take(netboot::ConsoleLine{stranger.client, "Boot mode: NETWORK"}, script.hosts, moment(3)));
  ASSERT_THAT(script.log.boots_of(offer.mac), SizeIs(1));
  EXPECT_THAT(script.log.boots_of(offer.mac)[0].events, SizeIs(3));
}

TEST(BootLog, keeps_to_its_limits) {
  BootLogLimits limits;
  limits.boots_per_host = 2;
  limits.events_per_boot = 4;
  limits.hosts = 3;
  Script script(limits);
  for (int i = 0; i < 5; ++i) boot_a_3b(script, 100.0 * i);
  EXPECT_THAT(script.boots(), SizeIs(3));  // two that ended, and the one that goes on
  EXPECT_THAT(script.boots()[0].events, SizeIs(4));
  EXPECT_EQ(script.boots()[0].dropped, 13U);  // each file is told of twice while it has no place
  for (std::uint8_t i = 0; i < 10; ++i) {
    auto other = dhcp("pi4", "DISCOVER", "OFFER");
    other.mac = MacAddress({2, 0, 0, 0, 0, i});
    script.at(1000 + i, other);
  }
  EXPECT_THAT(script.log.hosts(), SizeIs(3));
  EXPECT_THAT(script.boots(), IsEmpty());
}

TEST(BootLog, bounds_the_bytes_of_all_boots) {
  BootLogLimits limits;
  limits.bytes = 2000;
  Script script(limits);
  for (int i = 0; i < 8; ++i) boot_a_3b(script, 1000.0 * i);
  EXPECT_GE(script.boots().size(), 2U);
  EXPECT_LE(script.boots().size(), 7U);
  EXPECT_EQ(script.boots()[0].started, moment(7000).wall);
}

TEST(BootLog, gives_out_a_boot_that_goes_on_now_and_then) {
  Script script;
  script.at(0, dhcp("pi4", "DISCOVER", "OFFER"));
  EXPECT_THAT(script.tick(5).records, IsEmpty());
  EXPECT_THAT(script.tick(40).records, SizeIs(1));
  EXPECT_THAT(script.tick(80).records, IsEmpty());
  script.at(85, dhcp("pi4", "REQUEST", "ACK"));
  EXPECT_THAT(script.log.flush().records, SizeIs(1));
}

TEST(BootLog, remembers_what_an_earlier_run_stored) {
  std::vector<BootRecord> records;
  {
    Script script;
    boot_a_3b(script);
    for (auto& record : script.tick(500).records) records.push_back(record);
    script.at(600, dhcp("pi3b_rom", "DISCOVER", "OFFER")).file(601, "bootcode.bin", "complete", 52480);
    for (auto& record : script.log.flush().records) records.push_back(record);
    records.push_back({kMac, 1, {1, 2, 3}});  // damaged
  }
  Script script;
  script.log.restore(records);
  ASSERT_THAT(script.boots(), SizeIs(2));
  EXPECT_EQ(script.boots()[0].state, BootState::kStuck);  // nobody heard its end
  EXPECT_EQ(script.boots()[1].state, BootState::kBooted);
  EXPECT_TRUE(script.log.take(transfer(9, "config.txt", "started"), netboot::HostTable(), moment(700)));
}

TEST(BootCodec, gives_back_everything_and_refuses_what_is_cut) {
  Script script;
  boot_a_3b(script);
  script.log.take(netboot::ConsoleLine{kAddress, "a line"}, script.hosts, moment(21));
  Boot boot = script.boots()[0];
  boot.serial = 0xFFFFFFFF;
  boot.revision = 0;
  boot.dropped = 7;
  const auto bytes = encode_boot(boot);
  EXPECT_EQ(*decode_boot(boot.mac, boot.started, bytes), boot);
  EXPECT_LT(bytes.size(), 600U);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_boot(boot.mac, boot.started, std::span(bytes).first(size))) << size;
  }
  auto longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(decode_boot(boot.mac, boot.started, longer));
  for (std::size_t i = 0; i < bytes.size(); ++i) {  // any other byte: refused or another boot, never a crash
    for (const int flip : {0x01, 0x80, 0xFF}) {
      auto bent = bytes;
      bent[i] = static_cast<std::uint8_t>(bent[i] ^ flip);
      (void)decode_boot(boot.mac, boot.started, bent).has_value();
    }
  }
}

TEST(Boot, knows_kernels_by_name) {
  for (const char* name : {"kernel8.img", "ab12/kernel_2712.img", "boot.img", "vmlinuz-6.1", "Image", "grubaa64.efi"}) {
    EXPECT_TRUE(is_kernel_name(name)) << name;
  }
  for (const char* name : {"config.txt", "start4.elf", "kernel", "initrd.img", "boot.sig", ""}) {
    EXPECT_FALSE(is_kernel_name(name)) << name;
  }
}

}  // namespace
}  // namespace piman::manager
