// SPDX-License-Identifier: Apache-2.0
// What netboot's subcommands print.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "common/text.h"
#include "manager/api/boot_json.h"
#include "manager/api_command.h"
#include "manager/boots_command.h"
#include "manager/doctor_command.h"
#include "manager/hosts_command.h"
#include "manager/terminal.h"
#include "tests/manager/boots/boot_script.h"

namespace piman::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace test;

api::BootsView sample_boots() {
  Script script;
  boot_a_3b(script);
  script.at(400, dhcp("pi3b_rom", "DISCOVER", "", "pool_empty"))
      .at(405, dhcp("pi3b_rom", "DISCOVER", "", "pool_empty"));
  auto again = transfer(50, "x/\x1b[31mevil", "aborted", 9000);
  again.sent_bytes = 3000;
  again.blocks = 6;
  again.retransmits = 3;
  again.served = "images/default/evil";
  script.at(406, again);
  script.log.take(netboot::ConsoleLine{kAddress, "Boot mode: NETWORK\x07"}, script.hosts, moment(407));
  script.tick(1000);
  return {"pi1", kMac, moment(1000).wall, script.boots()};
}

TEST(BootsCommand, shows_a_table_and_a_timeline) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  const std::string text = render_boots(sample_boots(), 2, false);
  EXPECT_EQ(text,
            "BOOT  STARTED              STATE     TOOK  MODEL     FILES   SENT  SENT AGAIN  WHERE\n"
            "   1  2023-11-14 22:20:00  stuck      7 s  pi3b_rom      0   3 kB    3 blocks  ?[31mevil, block 6 of 19 "
            "(aborted)\n"
            "   2  2023-11-14 22:13:20  booted  20.5 s  pi3b_rom      5  12 MB    0 blocks\n"
            "\n"
            "Boot 2:\n"
            "      0 s  DISCOVER -> OFFER 10.0.0.11  (pi3b_rom)\n"
            "      2 s  bootcode.bin  complete  52.5 kB in 0.1 s, 525 kB/s, 36 blocks\n"
            "    3.1 s  bootsig.bin  not_found\n"
            "      4 s  DISCOVER -> OFFER 10.0.0.11  (pi3)\n"
            "      5 s  b66c4c16/start.elf  probe  0 B of 3 MB\n"
            "      6 s  b66c4c16/config.txt  complete  300 B in 0.1 s, 3 kB/s, 1 block\n"
            "      7 s  b66c4c16/start.elf  complete  3 MB in 0.1 s, 29.5 MB/s, 2012 blocks\n"
            "    8.1 s  b66c4c16/recovery.elf  not_found\n"
            "      9 s  b66c4c16/cmdline.txt  complete  120 B in 0.1 s, 1.2 kB/s, 1 block\n"
            "     10 s  b66c4c16/kernel8.img  complete  9 MB in 0.1 s, 90 MB/s, 6131 blocks\n"
            "     20 s  DISCOVER -> OFFER 10.0.0.11  (linux)\n"
            "   20.5 s  REQUEST -> ACK 10.0.0.11  (linux)\n");
}

TEST(BootsCommand, lets_nothing_from_the_network_steer_the_terminal) {
  const std::string text = render_boots(sample_boots(), 1, false);
  EXPECT_THAT(text, HasSubstr("DISCOVER, not answered: pool_empty  (pi3b_rom)  2 times until 5 s\n"));
  EXPECT_THAT(text, HasSubstr("x/?[31mevil  aborted  3 kB of 9 kB, 6 blocks, 3 sent again  <- images/default/evil\n"));
  EXPECT_THAT(text, HasSubstr("| Boot mode: NETWORK?\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(render_boots(sample_boots(), 1, true), HasSubstr("\x1b[31mstuck\x1b[0m"));
}

TEST(BootJson, comes_back_as_it_was) {
  const api::BootsView view = sample_boots();
  const auto back = api::parse_boots_json(api::boots_json(view));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->name, view.name);
  EXPECT_EQ(back->boots, view.boots);
  for (const char* wrong :
       {"", "[]", "{}", R"({"status":"success"})", R"({"status":"success","data":{"boots":5}})",
        R"({"status":"success","data":{"boots":[5]}})", R"({"status":"success","data":{"boots":[{"state":"odd"}]}})",
        R"({"status":"success","data":{"boots":[{"state":"stuck"}]}})",
        R"({"status":"success","data":{"boots":[{"state":"stuck","events":[{"kind":"odd"}]}]}})",
        R"({"status":"success","data":{"boots":[{"state":"stuck","events":[7]}]}})"}) {
    EXPECT_FALSE(api::parse_boots_json(wrong)) << wrong;
  }
  // A time that no clock can hold.
  const auto far = api::parse_boots_json(R"({"status":"success","data":{"now":8e12,"boots":[]}})");
  ASSERT_TRUE(far) << far.error().message;
  EXPECT_EQ(far->now, WallTime());
  const std::string good = api::boots_json(view);
  for (std::size_t size = 0; size + 1 < good.size(); size += 7) {
    EXPECT_FALSE(api::parse_boots_json(std::string_view(good).substr(0, size))) << size;
  }
}

TEST(HostsCommand, shows_who_waits) {
  api::PendingView view;
  view.unknown_hosts = "pending";
  view.now = moment(100).wall;
  EXPECT_EQ(render_pending(view), "Nobody waits.\n");
  PendingHost host;
  host.mac = kMac;
  host.model = "pi4";
  host.serial = 0xe09200d8;
  host.first_seen = moment(0).wall;
  host.last_seen = moment(95).wall;
  host.messages = 12;
  host.interface = "eth0";
  view.hosts.push_back(host);
  EXPECT_EQ(render_pending(view),
            "MAC                MODEL  SERIAL    REVISION  FIRST SEEN  LAST SEEN  MESSAGES  INTERFACE\n"
            "b8:27:eb:6c:4c:16  pi4    e09200d8  -             1m ago     5s ago        12  eth0\n"
            "Accept one with: piman hosts accept MAC NAME\n");
  const auto back = api::parse_pending_json(api::pending_json(view));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->hosts, view.hosts);
}

TEST(DoctorCommand, says_what_is_wrong_and_what_to_do) {
  EXPECT_EQ(render_findings({}, false), "Nothing is known to be wrong.\n");
  EXPECT_EQ(render_findings({{"pi1", "never_seen", "problem", "Nothing was ever heard.", "Is its power on?"},
                             {"pi1", "retransmits", "note", "Lossy.", ""},
                             {"pi2", "booted", "good", "It went \x1b[0mwell.", ""}},
                            false),
            "pi1\n"
            "  problem Nothing was ever heard.\n"
            "          -> Is its power on?\n"
            "  note    Lossy.\n"
            "\n"
            "pi2\n"
            "  good    It went ?[0mwell.\n");
  std::string many;
  for (int i = 0; i < 60; ++i) many += "word ";
  std::string_view rest;
  const std::string text = render_findings({{"pi1", "c", "note", many, many}}, false);
  for (rest = text; !rest.empty();) EXPECT_LE(next_line(rest).size(), 100U);
}

TEST(Terminal, shows_bytes_in_three_digits) {
  EXPECT_EQ(short_bytes(0), "0 B");
  EXPECT_EQ(short_bytes(999), "999 B");
  EXPECT_EQ(short_bytes(999.6), "1 kB");
  EXPECT_EQ(short_bytes(1234), "1.2 kB");
  EXPECT_EQ(short_bytes(123456), "123 kB");
  EXPECT_EQ(short_bytes(5.6e9), "5.6 GB");
}

TEST(ApiCommand, only_names_and_hardware_addresses_get_into_a_path) {
  for (const char* good : {"pi1", "b8:27:eb:00:00:01", "B8-27-EB-00-00-01", "pi_1.lan"})
    EXPECT_TRUE(is_machine(good)) << good;
  for (const char* bad : {"", "../x", "a/b", "a b", "a?b", "b8:27"}) EXPECT_FALSE(is_machine(bad)) << bad;
}

}  // namespace
}  // namespace piman::manager
