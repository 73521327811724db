// SPDX-License-Identifier: Apache-2.0
// What `piman nodes`, `piman node` and `piman events` print.
#include "manager/nodes_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>

#include "manager/events_command.h"
#include "manager/terminal.h"
#include "tests/manager/boots/boot_script.h"

namespace piman::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class NodesCommand : public ::testing::Test {
 protected:
  NodesCommand() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  static api::FleetView::Node node(const std::string& name, const std::string& phase) {
    api::FleetView::Node out;
    out.name = name;
    out.address = "10.0.0.7";
    out.mac = "b8:27:eb:00:00:07";
    out.phase = phase;
    out.phase_since = 1.7e9;
    return out;
  }
};

TEST_F(NodesCommand, lists_nodes_and_where_they_stand) {
  api::FleetView fleet;
  fleet.now = 1.7e9 + 90;
  auto loading = node("pi1", "loading");
  loading.stuck = true;
  loading.phase_detail = "kernel8.img, block 7";
  auto downloading = node("pi2", "downloading");
  downloading.phase_percent = 48;
  auto down = node("pi3", "down");
  down.error = "no answer within 5 s";
  down.last_seen = 1.7e9 - 3600;
  down.model = "Raspberry Pi 4 Model B Rev 1.4";
  auto booting = node("pi4", "booting");
  booting.error = "connection refused";  // nobody expects another answer yet
  auto evil = node("pi\x1b[31m", "up");
  fleet.nodes = {loading, downloading, down, booting, evil};
  EXPECT_EQ(render_nodes(fleet, false),
            "NODE     PHASE        FOR  ADDRESS   MAC                MODEL    SEEN  WHERE\n"
            "pi1      loading       1m  10.0.0.7  b8:27:eb:00:00:07  -       never  stuck, kernel8.img, block 7\n"
            "pi2      downloading   1m  10.0.0.7  b8:27:eb:00:00:07  -       never  48%\n"
            "pi3      down          1m  10.0.0.7  b8:27:eb:00:00:07  Pi 4 B   1h1m  no answer within 5 s\n"
            "pi4      booting       1m  10.0.0.7  b8:27:eb:00:00:07  -       never\n"
            "pi?[31m  up            1m  10.0.0.7  b8:27:eb:00:00:07  -       never\n");
  EXPECT_THAT(render_nodes(fleet, true), HasSubstr("\x1b[31mdown\x1b[0m"));
}

TEST_F(NodesCommand, shows_all_that_is_known_of_one) {
  NodePicture picture;
  picture.facts.node = node("pi1", "up");
  picture.facts.node.model = "Raspberry Pi 4 Model B Rev 1.4";
  picture.facts.node.last_seen = 1.7e9 + 99;
  picture.facts.node.cpu_percent = 12.4;
  picture.facts.node.uptime_seconds = 7200;
  picture.facts.now = 1.7e9 + 100;
  picture.facts.failed_boots = 2;
  picture.facts.phases = {{"booting", 1.7e9 - 20, 20}, {"up", 1.7e9, 100}};
  test::Script script;
  test::boot_a_3b(script);
  picture.boots = api::BootsView{"pi1", test::kMac, test::moment(1000).wall, script.boots()};
  picture.installs = api::InstallsView{"installed", "raspios", "2026-11", 1.7e9 - 30, {}};
  picture.installs->installs = {
      {"reinstall", "raspios", "2026-11", "installed", "", "", 1.7e9 - 90, 1.7e9 - 30},
      {"first", "raspios", "2026-10", "failed", "download", "no\x1b more", 1.6e9, 1.6e9 + 60}};
  picture.events = {{77, {1'700'000'000'000, "phase", "pi1", "up, after 20 s in booting", {{"to", "up"}}}}};
  const std::string text = render_node(picture, false);
  EXPECT_THAT(text, HasSubstr("pi1: up for 1m\n"));
  EXPECT_THAT(text, HasSubstr("  address     10.0.0.7, b8:27:eb:00:00:07\n"));
  EXPECT_THAT(text, HasSubstr("  load        CPU 12%, memory -, disk -, -\n"));
  EXPECT_THAT(text, HasSubstr("  uptime      2h\n"));
  EXPECT_THAT(text, HasSubstr("  boots       2 in a row came to nothing\n"));
  EXPECT_THAT(text, HasSubstr("2023-11-14 22:13:00  booting   20s\n2023-11-14 22:13:20  up         1m\n"));
  EXPECT_THAT(text, HasSubstr("2023-11-14 22:13:20  booted   20s  pi3b_rom"));
  EXPECT_THAT(text, HasSubstr("raspios@2026-11, since 2023-11-14 22:12:50\n"));
  EXPECT_THAT(text, HasSubstr("raspios@2026-10  failed       1m  first, ended in download: no? more\n"));
  EXPECT_THAT(text, HasSubstr("77  phase     pi1         up, after 20 s in booting\n"));
  EXPECT_THAT(render_node(picture, true), HasSubstr("\x1b[32mup, after 20 s in booting\x1b[0m"));

  picture.boots.reset();
  picture.installs.reset();
  picture.events.clear();
  picture.facts.node.last_seen.reset();
  const std::string bare = render_node(picture, false);
  EXPECT_THAT(bare, HasSubstr("  last seen   never\n"));
  for (const char* part : {"Boots", "Card", "Events", "load"}) EXPECT_THAT(bare, Not(HasSubstr(part)));
  picture.installs = api::InstallsView{"broken", "", "", 0, {}};
  EXPECT_THAT(render_node(picture, false), HasSubstr("an install was begun and did not end well\n"));
}

TEST_F(NodesCommand, events_are_lines) {
  const std::vector<JournalEvent> events = {
      {9, {1'700'000'000'000, "stuck", "pi1", "stuck in dhcp for 300 s", {}}},
      {10'012, {1'700'000'001'000, "a kind that is long", "dc:a6:32:00:00:01", "text\n\x1b[2J", {}}}};
  EXPECT_EQ(render_events(events, false),
            "2023-11-14 22:13:20      9  stuck     pi1         stuck in dhcp for 300 s\n"
            "2023-11-14 22:13:21  10012  a kind that is long  dc:a6:32:00:00:01  text??[2J\n");
  EXPECT_THAT(render_events(events, true), HasSubstr("\x1b[33mstuck in dhcp"));
  EXPECT_EQ(render_events({}, true), "");
}

TEST(InstallsView, reads_what_the_server_writes) {
  OrderDesk::NodeView view;
  view.card = CardRecord{};
  view.card->image = "raspios";
  view.card->version = "2026-11";
  view.card->installed_ms = 1'700'000'000'000;
  InstallRecord install;
  install.cause = "reinstall";
  install.image = "raspios";
  install.version = "2026-11";
  install.started_ms = 1'699'999'000'000;
  install.ended_ms = 1'700'000'000'000;
  install.result = "failed";
  install.stage = "download";
  install.reason = "no \"more\"";
  view.installs = {install};
  const std::string whole = api::installs_json("pi1", view, 1);
  const auto read = api::parse_installs_json(whole);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->card_image, "raspios");
  EXPECT_EQ(read->card_installed, 1.7e9);
  ASSERT_EQ(read->installs.size(), 1U);
  EXPECT_EQ(read->installs[0].reason, "no \"more\"");
  EXPECT_EQ(read->installs[0].ended, 1.7e9);
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    EXPECT_FALSE(api::parse_installs_json(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(api::parse_installs_json(R"({"data": {"card": {}, "installs": [1]}})"));
}

TEST(Terminal, phases_have_colours_by_what_they_ask_for) {
  EXPECT_EQ(phase_colour("quarantined"), phase_colour("down"));
  EXPECT_EQ(phase_colour("verifying"), phase_colour("dhcp"));
  EXPECT_NE(phase_colour("up"), phase_colour("agent-down"));
  EXPECT_EQ(phase_colour("off"), phase_colour("pending"));
}

}  // namespace
}  // namespace piman::manager
