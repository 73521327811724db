// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "manager/server_client.h"
#include "manager/status_command.h"
#include "manager/terminal.h"
#include "tests/manager/sample_fleet.h"

namespace piman::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

api::FleetView sample_view() {
  Fleet fleet(10);
  test::fill_sample_fleet(fleet);
  Config config;
  config.site = "lab";
  const api::ServerFacts facts{config, test::sample_time(), test::sample_time(100), "page"};
  const auto view = api::parse_nodes_json(api::nodes_json(*fleet.snapshot(), facts, {}));
  EXPECT_TRUE(view.has_value());
  return view.value_or(api::FleetView{});
}

TEST(Status, the_table_lines_up) {
  const std::string table = render_status(sample_view(), false);
  EXPECT_EQ(table,
            "lab: 1 of 4 nodes up, 1 down, 1 agent-down, 1 pending\n"
            "NODE  STATE       FOR  ADDRESS    MODEL   UPTIME  CPU  MEMORY  DISK  TEMP   SEEN  WHY\n"
            "pi1   up           1m  10.0.0.11  Pi 4 B   2h48m  13%     40%   31%   48C    10s\n"
            "pi2   down         1m  10.0.0.12  Pi 4 B       -    -       -     -     -     1m  no answer within 5 s\n"
            "pi3   agent-down  15s  10.0.0.13  -            -    -       -     -     -  never  connection refused\n"
            "pi4   pending      1m  10.0.0.14  -            -    -       -     -     -  never\n");
}

TEST(Status, colours_only_where_they_are_asked_for) {
  EXPECT_THAT(render_status(sample_view(), false), Not(HasSubstr("\x1b")));
  EXPECT_THAT(render_status(sample_view(), true), HasSubstr("\x1b[31mdown\x1b[0m"));
}

TEST(Status, a_node_cannot_steer_the_terminal) {
  api::FleetView view;
  view.nodes.emplace_back();
  view.nodes.back().name = "pi\x1b[2J1\r\n";
  view.nodes.back().error = "\xff\a";
  const std::string table = render_status(view, false);
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
  EXPECT_THAT(table, Not(HasSubstr("\a")));
  EXPECT_THAT(table, HasSubstr("pi?[2J1??"));
}

TEST(Status, an_empty_fleet_says_what_to_do) {
  EXPECT_THAT(render_status(api::FleetView{}, false), HasSubstr("hosts file"));
}

TEST(Status, durations_are_short) {
  EXPECT_EQ(short_duration(0.4), "0s");
  EXPECT_EQ(short_duration(-5), "0s");
  EXPECT_EQ(short_duration(59.9), "59s");
  EXPECT_EQ(short_duration(3599), "59m");
  EXPECT_EQ(short_duration(3600), "1h");
  EXPECT_EQ(short_duration(12000), "3h20m");
  EXPECT_EQ(short_duration(5 * 86400 + 4 * 3600), "5d4h");
  EXPECT_EQ(short_duration(std::numeric_limits<double>::quiet_NaN()), "-");
}

TEST(Status, server_urls) {
  const auto full = parse_server_url("http://manager.lan:8080/piman/");
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->host, "manager.lan");
  EXPECT_EQ(full->port, 8080);
  EXPECT_EQ(full->path, "/piman");
  const auto secure = parse_server_url("https://manager.lan/piman");
  ASSERT_TRUE(secure.has_value());
  EXPECT_TRUE(secure->tls && secure->port == 443 && secure->host == "manager.lan" && secure->path == "/piman");
  EXPECT_FALSE(full->tls);
  EXPECT_EQ(parse_server_url("10.0.0.1").value_or(ServerAddress{}).port, 80);
  EXPECT_EQ(parse_server_url("localhost:81").value_or(ServerAddress{}).host, "localhost");
  for (const char* wrong : {"", "http://", "https://", "http://:80", "http://a:0", "http://a:65536", "http://a:x",
                            "http://user@a", "ftp://a"}) {
    const auto parsed = parse_server_url(wrong);
    ASSERT_FALSE(parsed.has_value()) << wrong;
    EXPECT_THAT(parsed.error().message, HasSubstr("--server")) << wrong;
  }
}

TEST(Status, answers_that_are_not_the_fleet_are_refused) {
  for (const char* wrong : {"", "[]", "{", "{}", R"({"status":"success"})", R"({"status":"success","data":{}})",
                            R"({"status":"success","data":{"nodes":[{}]}})",
                            R"({"status":"success","data":{"nodes":3}})", R"({"status":"error","error":"no"})"}) {
    EXPECT_FALSE(api::parse_nodes_json(wrong).has_value()) << wrong;
  }
  const auto odd = api::parse_nodes_json(
      R"({"status":"success","data":{"now":"x","nodes":[{"name":"a","cpu_percent":"x","last_error":7,"phase":null}]}})");
  ASSERT_TRUE(odd.has_value());
  EXPECT_EQ(odd->nodes[0].cpu_percent, std::nullopt);
  const auto far = api::parse_nodes_json(
      R"({"status":"success","data":{"now":1,"nodes":[{"name":"a","phase":"installing","phase_percent":1e300}]}})");
  ASSERT_TRUE(far.has_value());
  EXPECT_EQ(far->nodes[0].phase_percent, 100);
}

TEST(Status, wrong_usage_and_a_missing_server_have_their_exit_codes) {
  EXPECT_EQ(run_status(std::array{"--nonsense"}), kStatusUsage);
  EXPECT_EQ(run_status(std::array{"extra"}), kStatusUsage);
  EXPECT_EQ(run_status(std::array{"--server=ftp://x"}), kStatusUsage);
  EXPECT_EQ(run_status(std::array{"--help"}), kStatusAllUp);
  EXPECT_EQ(run_status(std::array{"--server=http://127.0.0.1:1"}), kStatusNoServer);
}

}  // namespace
}  // namespace piman::manager
