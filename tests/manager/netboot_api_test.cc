// SPDX-License-Identifier: Apache-2.0
// Netboot's part of the API, called as functions.
#include "manager/api/netboot_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/text.h"
#include "manager/api/boot_json.h"
#include "manager/api/same_site.h"
#include "manager/fleet/inventory.h"
#include "manager/inventory_hosts.h"
#include "manager/netboot_metrics.h"
#include "tests/manager/boots/boot_script.h"
#include "tests/manager/sample_fleet.h"
#include "tests/support/golden.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace test;

const MacAddress kStranger({0xdc, 0xa6, 0x32, 0, 0, 1});

http::Request post(std::string body) {
  http::Request request;
  request.method = "POST";
  request.path = "/api/v1/hosts";
  request.remote_address = "127.0.0.1";
  request.headers = {
      {"Host", "127.0.0.1:8080"}, {"Content-Type", "application/json"}, {"Authorization", "Bearer secret"}};
  request.body = std::move(body);
  return request;
}

class NetbootApiTest : public ::testing::Test {
 protected:
  NetbootApiTest() {
    config.inventory.hosts_file = tree.path("hosts.csv");
    config.netboot.enabled = true;
    config.dhcp.subnets = {*Ipv4Network::parse("10.0.0.0/24")};
    config.dhcp.routers = {*Ipv4Address::parse("10.0.0.12")};
    StoreSettings settings;
    settings.folder = tree.path("state");
    store = std::move(*Store::open(settings, log));
    EXPECT_TRUE(reload());
    RecorderSettings recorder_settings;
    recorder_settings.gather = std::chrono::milliseconds(1);
    recorder = std::move(*Recorder::start(recorder_settings, hosts, *store, metrics, clock, log));
    add_netboot_routes(router, {config,
                                fleet,
                                *recorder,
                                *store,
                                [this]() -> Result<void> { return reload(); },
                                {},
                                log,
                                {config, "secret", "api.token"}});
  }

  Result<void> reload() {
    ++reloads;
    const auto inventory = read_inventory(config.inventory.hosts_file);
    if (!inventory || !inventory->problems.empty()) return fail("not loaded");
    fleet.set_inventory(inventory->hosts, sample_time());
    hosts.set(inventory->hosts, {});
    if (recorder) recorder->inventory_changed();
    return {};
  }
  http::Response get(const std::string& path, const std::string& query = {}) const {
    http::Request request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    return router.dispatch(request);
  }
  http::Response send(http::Request request) const { return router.dispatch(request); }
  void hear_stranger() {
    auto event = dhcp("pi4", "DISCOVER", "", "unknown_pending");
    event.mac = kStranger;
    event.client.serial = 0xe09200d8;
    recorder->on_dhcp(event);
    recorder->wait_until_idle();
  }

  piman::test::TempTree tree{{"hosts.csv", "# ours\nb8:27:eb:6c:4c:16;10.0.0.11;pi1;\n"}};
  Logger log{LogLevel::kDebug, LogFormat::kLogfmt, [](std::string_view) {}};
  Config config;
  Fleet fleet{10};
  InventoryHosts hosts;
  NetbootMetrics metrics;
  Clock clock;
  int reloads = 0;
  std::unique_ptr<Store> store;
  std::unique_ptr<Recorder> recorder;
  http::Router router;
};

TEST_F(NetbootApiTest, shows_a_nodes_boots_by_name_and_by_mac) {
  recorder->on_dhcp(dhcp("pi4", "DISCOVER", "OFFER"));
  recorder->on_dhcp(dhcp("pi4", "DISCOVER", "OFFER"));
  auto done = transfer(1, "x/config.txt", "complete", 3000);
  done.retransmits = 1;
  recorder->on_transfer(done);
  recorder->on_console({kAddress, "a \"line\""});
  recorder->wait_until_idle();
  const auto answer = get("/api/v1/nodes/pi1/boots");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(get("/api/v1/nodes/b8:27:eb:6c:4c:16/boots").status, 200);
  const auto view = api::parse_boots_json(answer.body);
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(view->name, "pi1");
  ASSERT_THAT(view->boots, SizeIs(1));
  ASSERT_THAT(view->boots[0].events, SizeIs(3));
  EXPECT_EQ(std::get<DhcpStep>(view->boots[0].events[0].step).count, 2U);
  const auto& file = std::get<FileStep>(view->boots[0].events[1].step);
  EXPECT_EQ(file.sent_bytes, 3000U);
  EXPECT_EQ(file.retransmits, 1U);
  EXPECT_THAT(answer.body, HasSubstr("\"bytes_per_second\":30000.0"));
  EXPECT_THAT(answer.body, HasSubstr("\"stuck_at\":\"after config.txt\""));
  EXPECT_EQ(view->boots, recorder->boots_of(kMac));
  EXPECT_EQ(get("/api/v1/nodes/pi99/boots").status, 404);
  EXPECT_EQ(get("/api/v1/nodes/02:00:00:00:00:09/boots").status, 200);
}

TEST_F(NetbootApiTest, lists_and_accepts_a_pending_host) {
  hear_stranger();
  const auto pending = api::parse_pending_json(get("/api/v1/hosts/pending").body);
  ASSERT_TRUE(pending) << pending.error().message;
  EXPECT_EQ(pending->unknown_hosts, "pending");
  ASSERT_THAT(pending->hosts, SizeIs(1));
  EXPECT_EQ(pending->hosts[0].mac, kStranger);
  EXPECT_EQ(pending->hosts[0].serial, 0xe09200d8U);

  const auto accepted = send(post(R"({"mac": "dc:a6:32:00:00:01", "name": "pi2"})"));
  EXPECT_EQ(accepted.status, 201) << accepted.body;
  EXPECT_EQ(api::parse_accepted_json(accepted.body)->address, "10.0.0.13");  // .11 is a node's, .12 the router's
  EXPECT_EQ(piman::test::read_file(config.inventory.hosts_file),
            "# ours\nb8:27:eb:6c:4c:16;10.0.0.11;pi1;\ndc:a6:32:00:00:01;10.0.0.13;pi2;\n");
  EXPECT_NE(fleet.find("pi2"), nullptr);
  EXPECT_THAT(recorder->pending(), IsEmpty());
  JournalQuery query;
  query.most = 1;
  const auto journal = store->journal().read(query);
  EXPECT_EQ(journal->events.at(0).entry.kind, "accepted");
}

TEST_F(NetbootApiTest, refuses_what_is_no_host_or_taken) {
  const auto answer = [&](const char* body) {
    const auto response = send(post(body));
    return concat(response.status, ' ', api::error_message_of(response.body).value_or("good"));
  };
  EXPECT_EQ(answer("[]"), "400 the body is no JSON object");
  EXPECT_EQ(answer("{"), "400 the body is no JSON object");
  EXPECT_EQ(answer(R"({"name": "pi2"})"), "400 there is no mac");
  EXPECT_EQ(answer(R"({"mac": "dc:a6:32:00:00:01"})"), "400 there is no name");
  EXPECT_EQ(answer(R"({"mac": 5, "name": "pi2"})"), "400 mac is no text");
  EXPECT_EQ(answer(R"({"mac": "dc:a6", "name": "pi2"})"), "400 mac: \"dc:a6\" is no MAC address");
  EXPECT_EQ(answer(R"({"mac": "dc:a6:32:00:00:01", "name": "pi2", "adress": "10.0.0.9"})"),
            "400 unknown key \"adress\"");
  EXPECT_EQ(answer(R"({"mac": "dc:a6:32:00:00:01", "name": "pi2", "address": "10.0.0"})"),
            "400 address: \"10.0.0\" is no IPv4 address");
  EXPECT_THAT(answer(R"({"mac": "dc:a6:32:00:00:01", "name": "a;b"})"), HasSubstr("400 name: \"a;b\" is no host name"));
  EXPECT_THAT(answer(R"({"mac": "dc:a6:32:00:00:01", "name": "a\nb"})"), HasSubstr("400 name: "));
  EXPECT_THAT(answer(R"({"mac": "dc:a6:32:00:00:01", "name": "pi1"})"),
              HasSubstr("name pi1 is that of line 2 already"));
  EXPECT_THAT(answer(R"({"mac": "b8:27:eb:6c:4c:16", "name": "pi2"})"), HasSubstr("is that of line 2 already"));
  EXPECT_EQ(piman::test::read_file(config.inventory.hosts_file), "# ours\nb8:27:eb:6c:4c:16;10.0.0.11;pi1;\n");
  config.dhcp.subnets.clear();
  EXPECT_THAT(answer(R"({"mac": "dc:a6:32:00:00:01", "name": "pi2"})"), HasSubstr("400 no free address"));
}

TEST_F(NetbootApiTest, refuses_pages_of_other_sites_and_other_machines) {
  const std::string body = R"({"mac": "dc:a6:32:00:00:01", "name": "pi2"})";
  const auto with = [&](std::initializer_list<std::pair<std::string, std::string>> headers,
                        const char* from = "127.0.0.1") {
    http::Request request = post(body);
    request.headers = headers;
    request.headers.emplace_back("Authorization", "Bearer secret");
    request.remote_address = from;
    return send(request).status;
  };
  const std::pair<std::string, std::string> json = {"Content-Type", "application/json"};
  const std::pair<std::string, std::string> host = {"Host", "127.0.0.1:8080"};
  EXPECT_EQ(with({host}), 415);
  EXPECT_EQ(with({host, {"Content-Type", "text/plain"}}), 415);
  EXPECT_EQ(with({host, {"Content-Type", "application/x-www-form-urlencoded"}}), 415);
  EXPECT_EQ(with({host, json, {"Origin", "http://evil.example"}}), 403);
  EXPECT_EQ(with({host, json, {"Origin", "null"}}), 403);
  EXPECT_EQ(with({host, json, {"Origin", "http://127.0.0.1:9999"}}), 403);
  EXPECT_EQ(with({host, json, {"Sec-Fetch-Site", "cross-site"}}), 403);
  EXPECT_EQ(with({{"Host", "evil.example:8080"}, json, {"Origin", "http://evil.example:8080"}}), 403);  // rebinding
  EXPECT_EQ(with({json}), 403);
  EXPECT_EQ(with({host, json}, "10.0.0.77"), 403);
  EXPECT_EQ(reloads, 1);
  config.web.external_url = "https://piman.example";
  EXPECT_EQ(with({{"Host", "piman.example"},
                  {"content-type", "Application/JSON; charset=utf-8"},
                  {"Origin", "https://piman.example"},
                  {"Sec-Fetch-Site", "same-origin"}}),
            201);
  EXPECT_EQ(reloads, 2);
  config.web.changes_from = Config::Web::ChangesFrom::kEverywhere;
  EXPECT_EQ(with({{"Host", "10.0.0.2:8080"}, json}, "10.0.0.77"), 409);  // taken by now
}

TEST_F(NetbootApiTest, accepting_needs_the_token_unless_the_configuration_says_otherwise) {
  http::Request request = post(R"({"mac": "dc:a6:32:00:00:01", "name": "pi2"})");
  request.headers.pop_back();
  const auto refused = send(request);
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(*api::error_message_of(refused.body), HasSubstr("api.token"));
  config.web.loopback_login = false;
  EXPECT_EQ(send(request).status, 201);
  request.remote_address = "10.0.0.77";
  EXPECT_EQ(send(request).status, 403);
}

TEST_F(NetbootApiTest, an_inventory_with_a_problem_is_told_and_left_alone) {
  tree.put("hosts.csv", "broken\n");
  const auto response = send(post(R"({"mac": "dc:a6:32:00:00:01", "name": "pi2"})"));
  EXPECT_EQ(response.status, 409);
  EXPECT_THAT(*api::error_message_of(response.body), HasSubstr("must be solved first"));
  EXPECT_EQ(piman::test::read_file(config.inventory.hosts_file), "broken\n");
}

TEST_F(NetbootApiTest, several_at_once_get_different_addresses) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      EXPECT_EQ(send(post(concat(R"({"mac": "dc:a6:32:00:01:0)", i, R"(", "name": "new)", i, "\"}"))).status, 201);
    });
  }
  threads.clear();
  EXPECT_EQ(fleet.snapshot()->nodes.size(), 9U);
}

TEST_F(NetbootApiTest, the_doctor_sees_one_machine_or_all_that_ail) {
  const auto codes = [&](const std::string& query) {
    const auto findings = api::parse_findings_json(get("/api/v1/doctor", query).body);
    std::vector<std::string> words;
    if (!findings) return words;
    for (const auto& finding : *findings) words.push_back(concat(finding.machine, ' ', finding.code));
    return words;
  };
  EXPECT_THAT(codes("node=pi1"), ElementsAre("pi1 never_seen"));
  hear_stranger();
  EXPECT_THAT(codes(""), ElementsAre("pi1 never_seen", "dc:a6:32:00:00:01 pending", "dc:a6:32:00:00:01 in_progress"));
  EXPECT_EQ(get("/api/v1/doctor", "node=pi99").status, 404);
  EXPECT_THAT(codes("node=dc-a6-32-00-00-01"), SizeIs(2));
}

TEST(FreeAddress, is_above_the_highest_and_in_no_pool) {
  Config::Dhcp dhcp;
  const std::vector<Host> hosts = {sample_host("a", "10.0.0.5", "b8:27:eb:00:00:01"),
                                   sample_host("b", "10.9.0.5", "b8:27:eb:00:00:02")};
  EXPECT_FALSE(free_address(dhcp, hosts, {}));
  dhcp.subnets = {*Ipv4Network::parse("10.0.0.0/29")};
  const auto text = [&](std::vector<Ipv4Address> own = {}) {
    const auto address = free_address(dhcp, hosts, own);
    return address ? address->to_string() : "none";
  };
  EXPECT_EQ(text(), "10.0.0.6");
  EXPECT_EQ(text({*Ipv4Address::parse("10.0.0.6")}), "10.0.0.1");
  dhcp.pools = {{*Ipv4Address::parse("10.0.0.1"), *Ipv4Address::parse("10.0.0.3")}};
  EXPECT_EQ(text({*Ipv4Address::parse("10.0.0.6")}), "10.0.0.4");
  EXPECT_EQ(text({*Ipv4Address::parse("10.0.0.6"), *Ipv4Address::parse("10.0.0.4")}), "none");
}

}  // namespace
}  // namespace piman::manager
