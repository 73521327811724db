// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/scraper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/gzip.h"
#include "common/text.h"
#include "tests/manager/raw_server.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;
using test::RawPeer;
using test::RawServer;
using testing::HasSubstr;

constexpr std::string_view kPage =
    "# TYPE node_boot_time_seconds gauge\n"
    "node_boot_time_seconds 1000\n"
    "node_thermal_zone_temp{type=\"cpu-thermal\"} 51.5\n";
constexpr std::string_view kEvents = "{\"time\":1,\"cpu_percent\":12.5,\"memory_percent\":40,\"temp\":50}\n";

/// An agent as it should be, but for what a test gives it to say.
RawServer::Behaviour agent(std::string page = std::string(kPage), std::string events = std::string(kEvents),
                           std::string page_type = "text/plain; version=0.0.4") {
  return [page, events, page_type](RawPeer& peer) {
    while (peer.read_request()) {
      if (peer.request().starts_with("GET /metrics ")) {
        peer.send_ok(page, page_type);
      } else if (peer.request().starts_with("GET /events ") && !events.empty()) {
        peer.send_ok(events, "application/json");
      } else {
        peer.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      }
    }
  };
}

/// Agents on 127.0.0.1, .2, ... at one port, as the nodes of a fleet.
class ScraperTest : public testing::Test {
 protected:
  ScraperTest() {
    settings_.interval = milliseconds(200);
    settings_.timeout = milliseconds(150);
    settings_.max_backoff = milliseconds(400);
  }
  ~ScraperTest() override { scraper_.reset(); }

  Host host(std::string name) {
    const auto last = static_cast<std::uint8_t>(hosts_.size() + 1);
    return Host{std::move(name), Ipv4Address(0x7F00'0000U + last), MacAddress({0xB8, 0x27, 0xEB, 0, 0, last})};
  }
  void add(const std::string& name, RawServer::Behaviour behaviour) {
    hosts_.push_back(host(name));
    servers_.push_back(
        std::make_unique<RawServer>(hosts_.back().address.to_string(), settings_.agent_port, std::move(behaviour)));
    if (servers_.size() == 1) settings_.agent_port = servers_.back()->port();
  }
  void start() {
    fleet_.set_inventory(hosts_, std::chrono::system_clock::now());
    auto started = Scraper::start(
        settings_, fleet_, [this](const ScrapeResult& result) { observe(result); }, log_);
    ASSERT_TRUE(started) << started.error().message;
    scraper_ = std::move(*started);
  }
  void observe(const ScrapeResult& result) {
    const std::lock_guard lock(mutex_);
    ++observed_[result.error];
  }
  int observed(ScrapeError error) {
    const std::lock_guard lock(mutex_);
    return observed_[error];
  }

  static bool wait_until(const std::function<bool()>& condition) {
    const SteadyTime end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(2));
    }
    return false;
  }
  /// The node once it was scraped `scrapes` times.
  std::shared_ptr<const NodeState> scraped(const std::string& name, std::uint64_t scrapes = 1) {
    EXPECT_TRUE(wait_until([&] { return fleet_.find(name)->scrapes >= scrapes; })) << name;
    return fleet_.find(name);
  }
  std::vector<std::string> log_lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  ScraperSettings settings_{.agent_port = 0};
  std::vector<Host> hosts_;
  std::vector<std::unique_ptr<RawServer>> servers_;
  std::mutex mutex_;
  std::map<ScrapeError, int> observed_;
  std::vector<std::string> lines_;
  Logger log_{LogLevel::kInfo, LogFormat::kLogfmt, [this](std::string_view line) {
                const std::lock_guard lock(mutex_);
                lines_.emplace_back(line);
              }};
  Fleet fleet_{100};
  std::unique_ptr<Scraper> scraper_;
};

TEST_F(ScraperTest, TakesInPageAndEventsOnOneConnection) {
  add("pi1", agent());
  start();
  const auto node = scraped("pi1", 3);
  EXPECT_EQ(node->phase, Phase::kUp) << node->last.error_text;
  EXPECT_EQ(node->event->cpu_percent, 12.5);
  EXPECT_EQ(node->temperature_celsius, 51.5);
  EXPECT_EQ(node->boot_time_seconds, 1000);
  EXPECT_EQ(node->last.samples, 2U);
  EXPECT_EQ(node->last.body_bytes, kPage.size() + kEvents.size());
  EXPECT_EQ(*node->last.page, kPage);
  EXPECT_EQ(node->last.page_content_type, "text/plain; version=0.0.4");
  EXPECT_GT(node->last.duration.count(), 0);
  EXPECT_EQ(servers_[0]->connections(), 1);
  EXPECT_GE(observed(ScrapeError::kNone), 3);
  EXPECT_GE(fleet_.history("pi1").size(), 3U);
  EXPECT_TRUE(wait_until([&] { return scraper_->first_round_done(); }));
}

TEST_F(ScraperTest, GivesEachWrongNodeItsClassAndWords) {
  add("good", agent());
  add("no-events", agent(std::string(kPage), ""));
  add("bad-page", agent("a 1\nb b\n"));
  add("cut-page", agent("a 1\nb 12"));
  add("bad-events", agent(std::string(kPage), "[]"));
  add("error", [](RawPeer& peer) {
    while (peer.read_request()) peer.send("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  });
  add("events-error", [](RawPeer& peer) {
    while (peer.read_request()) {
      if (peer.request().starts_with("GET /metrics ")) {
        peer.send_ok(kPage);
      } else {
        peer.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
      }
    }
  });
  add("hangs", [](RawPeer& peer) { peer.hang(); });
  add("events-hang", [](RawPeer& peer) {
    if (peer.read_request()) peer.send_ok(kPage);
    peer.hang();
  });
  add("huge", [](RawPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    while (peer.send(std::string(10'000, 'x'))) {
    }
  });
  add("open-metrics", agent("# TYPE a gauge\na 1\n# EOF\n", std::string(kEvents), "application/openmetrics-text"));
  hosts_.push_back(host("refuses"));
  settings_.max_page_bytes = 100'000;
  start();

  const auto expect = [&](const std::string& name, Phase phase, ScrapeError error, const std::string& words) {
    const auto node = scraped(name);
    EXPECT_EQ(node->phase, phase) << name << ": " << node->last.error_text;
    EXPECT_EQ(node->last.error, error) << name << ": " << node->last.error_text;
    EXPECT_EQ(node->last.error_text, words) << name;
    EXPECT_EQ(node->last.page == nullptr, error != ScrapeError::kNone) << name;
  };
  expect("good", Phase::kUp, ScrapeError::kNone, "");
  expect("no-events", Phase::kUp, ScrapeError::kNone, "");
  EXPECT_EQ(fleet_.find("no-events")->event, std::nullopt);
  expect("open-metrics", Phase::kUp, ScrapeError::kNone, "");
  EXPECT_EQ(fleet_.find("open-metrics")->temperature_celsius, 50);  // of the events, for the page has none
  expect("bad-page", Phase::kAgentDown, ScrapeError::kMalformed, "/metrics: line 2: value is no number");
  expect("cut-page", Phase::kAgentDown, ScrapeError::kMalformed, "/metrics: line 2: page ends within a line");
  expect("bad-events", Phase::kAgentDown, ScrapeError::kMalformed, "/events: not a JSON object: \"[]\"");
  expect("error", Phase::kAgentDown, ScrapeError::kHttpStatus, "/metrics: answered with status 500");
  expect("events-error", Phase::kAgentDown, ScrapeError::kHttpStatus, "/events: answered with status 503");
  expect("hangs", Phase::kAgentDown, ScrapeError::kTimeout, "/metrics: no whole answer within 150 ms");
  expect("huge", Phase::kAgentDown, ScrapeError::kTooLarge, "/metrics: more than 100000 bytes");
  expect("refuses", Phase::kAgentDown, ScrapeError::kRefused, "/metrics: connection refused");
  const auto events_hang = scraped("events-hang");
  EXPECT_EQ(events_hang->last.error, ScrapeError::kTimeout);
  EXPECT_TRUE(events_hang->last.host_answered);
  EXPECT_THAT(events_hang->last.error_text, HasSubstr("/events: no "));
  EXPECT_LT(events_hang->last.duration.count(), 1.0);
  EXPECT_TRUE(wait_until([&] { return scraper_->first_round_done(); }));
}

TEST_F(ScraperTest, NodesThatHangDoNotDelayTheOthers) {
  settings_.max_in_flight = 4;
  for (int i = 0; i < 3; ++i) add(concat("good", i), agent());
  for (int i = 0; i < 20; ++i) add(concat("hangs", i), [](RawPeer& peer) { peer.hang(); });
  start();
  ASSERT_TRUE(wait_until([&] { return scraper_->first_round_done(); }));
  // From here on the hanging nodes are known as slow, and at most half of the places are theirs.
  const std::uint64_t before = fleet_.find("good0")->scrapes;
  const SteadyTime began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(milliseconds(2000));
  const auto scrapes = static_cast<double>(fleet_.find("good0")->scrapes - before);
  const double due = (std::chrono::steady_clock::now() - began) / std::chrono::duration<double>(settings_.interval);
  EXPECT_GE(scrapes, 0.7 * due);
  EXPECT_LE(scrapes, due + 2);
}

TEST_F(ScraperTest, IsNotReadyBeforeEveryNodeWasTried) {
  add("good", agent());
  add("hangs", [](RawPeer& peer) { peer.hang(); });
  settings_.timeout = milliseconds(400);
  start();
  scraped("good");
  EXPECT_FALSE(scraper_->first_round_done());
  EXPECT_TRUE(wait_until([&] { return scraper_->first_round_done(); }));
  EXPECT_EQ(fleet_.find("hangs")->scrapes, 1U);
}

TEST_F(ScraperTest, IsReadyAtOnceWithAnEmptyInventory) {
  start();
  EXPECT_TRUE(wait_until([&] { return scraper_->first_round_done(); }));
}

TEST_F(ScraperTest, FollowsTheInventory) {
  add("stays", agent());
  add("leaves", [](RawPeer& peer) { peer.hang(); });
  settings_.timeout = milliseconds(5000);
  start();
  scraped("stays");
  EXPECT_TRUE(wait_until([&] { return servers_[1]->connections() > 0; }));
  Host renamed = hosts_[1];
  renamed.name = "new";
  fleet_.set_inventory({hosts_[0], renamed}, std::chrono::system_clock::now());
  scraper_->wake();
  EXPECT_TRUE(wait_until([&] { return servers_[1]->connections() > 1; }));
  EXPECT_EQ(fleet_.find("leaves"), nullptr);
  const auto before = fleet_.find("stays")->scrapes;
  scraped("stays", before + 2);
  EXPECT_EQ(observed(ScrapeError::kTimeout), 0);  // the old one was dropped and not counted
}

TEST_F(ScraperTest, ANodeThatComesBackIsSeenAndLoggedOnce) {
  std::atomic<bool> works = false;
  add("pi1", [&works, good = agent()](RawPeer& peer) {
    if (works) {
      good(peer);
    } else {
      peer.reset();
    }
  });
  start();
  EXPECT_EQ(scraped("pi1", 2)->phase, Phase::kAgentDown);
  works = true;
  EXPECT_TRUE(wait_until([&] { return fleet_.find("pi1")->phase == Phase::kUp; }));
  scraped("pi1", fleet_.find("pi1")->scrapes + 1);
  const auto lines = log_lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0],
              HasSubstr("level=warn msg=\"node changed\" node=pi1 phase=agent-down address=127.0.0.1 class="));
  EXPECT_THAT(lines[1], HasSubstr("level=info msg=\"node changed\" node=pi1 phase=up"));
}

TEST_F(ScraperTest, ThoseWhoWantTheSameNodeShareOneScrape) {
  settings_.interval = milliseconds(60'000);
  settings_.timeout = milliseconds(5'000);
  std::atomic<int> pages = 0;
  add("pi1", [&pages](RawPeer& peer) {
    while (peer.read_request()) {
      if (peer.request().starts_with("GET /events ")) {
        peer.send_ok(kEvents, "application/json");
        continue;
      }
      if (++pages > 1) peer.sleep(milliseconds(300));  // so that all come in time
      peer.send_ok(kPage);
    }
  });
  start();
  scraped("pi1");
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 10; ++i) {
      clients.emplace_back([this] { EXPECT_TRUE(scraper_->scrape_now("pi1", milliseconds(5000))); });
    }
  }
  EXPECT_EQ(pages, 2);
  EXPECT_EQ(fleet_.find("pi1")->scrapes, 2U);
  EXPECT_TRUE(scraper_->scrape_now("pi9", milliseconds(5000)));  // there is none: nothing to wait for
  EXPECT_FALSE(scraper_->scrape_now("pi1", milliseconds(1)));
}

TEST_F(ScraperTest, TheLoadIsReadFromThePageAndEventsAreAskedForNowAndThen) {
  std::atomic<int> pages = 0, events = 0;
  add("pi1", [&](RawPeer& peer) {
    while (peer.read_request()) {
      if (peer.request().starts_with("GET /events ")) {
        ++events;
        peer.send_ok("{\"num_pids\":77}", "application/json");
        continue;
      }
      const int turn = ++pages;
      peer.send_ok(concat("node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} ", turn * 3,
                          "\nnode_cpu_seconds_total{cpu=\"0\",mode=\"user\"} ", turn,
                          "\nnode_memory_MemTotal_bytes 100\nnode_memory_MemAvailable_bytes 40\n"));
    }
  });
  start();
  const auto node = scraped("pi1", 6);
  EXPECT_EQ(node->event->cpu_percent, 25);
  EXPECT_EQ(node->event->memory_percent, 60);
  EXPECT_EQ(node->event->num_pids, 77);
  EXPECT_GE(pages, 6);
  EXPECT_LE(events, 2);  // the first page has no page before it to compare with
}

TEST_F(ScraperTest, ACompressedPageIsKeptAsItCame) {
  std::string packed;
  GzipCompressor().compress(kPage, packed);
  add("pi1", [packed](RawPeer& peer) {
    while (peer.read_request()) {
      if (peer.request().find("gzip") == std::string::npos) return;
      peer.send(concat("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: ",
                       packed.size(), "\r\n\r\n", packed));
      if (peer.read_request()) peer.send_ok(kEvents, "application/json");
    }
  });
  add("broken", [packed](RawPeer& peer) {
    const std::string cut = packed.substr(0, packed.size() - 9);
    while (peer.read_request()) {
      peer.send(concat("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ", cut.size(), "\r\n\r\n", cut));
    }
  });
  add("zstd", [](RawPeer& peer) {
    while (peer.read_request()) {
      peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 4\r\n\r\nabcd");
    }
  });
  add("many", agent("a 1\na 2\na 3\na 4\n"));
  settings_.max_samples = 3;
  start();
  const auto node = scraped("pi1");
  ASSERT_EQ(node->phase, Phase::kUp) << node->last.error_text;
  EXPECT_TRUE(node->last.page_is_gzip);
  EXPECT_EQ(*node->last.page, packed);
  EXPECT_EQ(node->temperature_celsius, 51.5);
  EXPECT_EQ(scraped("broken")->last.error, ScrapeError::kMalformed);
  EXPECT_THAT(scraped("broken")->last.error_text, HasSubstr("can't be decompressed"));
  EXPECT_EQ(scraped("zstd")->last.error_text, "/metrics: content encoding \"zstd\", asked was gzip");
  EXPECT_EQ(scraped("many")->last.error, ScrapeError::kTooLarge);
  EXPECT_EQ(scraped("many")->last.error_text, "/metrics: more than 3 samples");
}

TEST_F(ScraperTest, TheClockOfANodeIsComparedWithOurs) {
  add("pi1", [](RawPeer& peer) {
    while (peer.read_request()) {
      if (peer.request().starts_with("GET /events ")) {
        peer.send_ok(kEvents, "application/json");
        continue;
      }
      peer.sleep(milliseconds(20));
      const auto now = std::chrono::system_clock::now().time_since_epoch() + std::chrono::seconds(100);
      peer.send_ok(concat("node_time_seconds ", std::chrono::duration_cast<milliseconds>(now).count(), "e-3\n"));
    }
  });
  start();
  const auto node = scraped("pi1");
  ASSERT_TRUE(node->health.clock_offset) << node->last.error_text;
  const ClockOffset offset = *node->health.clock_offset;
  EXPECT_GE(offset.uncertainty_seconds, 0.009);
  EXPECT_NEAR(offset.seconds, 100, offset.uncertainty_seconds + 0.002);
}

TEST_F(ScraperTest, StopsAtOnceWhileNodesHang) {
  settings_.timeout = milliseconds(60'000);
  add("hangs", [](RawPeer& peer) { peer.hang(); });
  start();
  EXPECT_TRUE(wait_until([&] { return servers_[0]->connections() > 0; }));
  const SteadyTime began = std::chrono::steady_clock::now();
  scraper_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(500));
}

}  // namespace
}  // namespace piman::manager
