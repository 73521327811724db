// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collector_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace piman::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class FunctionCollector final : public Collector {
 public:
  using Function = std::function<Result<Outcome>(prom_text::Writer&)>;
  explicit FunctionCollector(Function function) : function_(std::move(function)) {}
  Result<Outcome> collect(prom_text::Writer& out) override { return function_(out); }

 private:
  Function function_;
};

CollectorSet::Named named(std::string name, FunctionCollector::Function function) {
  return {std::move(name), std::make_shared<FunctionCollector>(std::move(function))};
}

Result<Outcome> write_one(prom_text::Writer& out) {
  static const prom_text::Family family("x", prom_text::Type::kGauge, "X.");
  out.single(family, std::uint64_t{1});
  return Outcome::kCollected;
}

/// A door that hung collectors wait at until the test opens it.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

std::string scrape(CollectorSet& set, const ScrapeLimits& limits = {}) {
  std::vector<std::size_t> all(set.names().size());
  std::iota(all.begin(), all.end(), 0U);
  prom_text::Writer out;
  set.scrape(all, limits, out);
  return out.text();
}

class CollectorSetTest : public testing::Test {
 protected:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  Logger log_{LogLevel::kInfo, LogFormat::kLogfmt, [this](std::string_view line) {
                const std::lock_guard lock(mutex_);
                lines_.emplace_back(line);
              }};
};

TEST_F(CollectorSetTest, ReportsSuccessFailureAndAbsence) {
  CollectorSet set({named("good", write_one), named("bad", [](auto&) -> Result<Outcome> { return fail("broken"); }),
                    named("none", [](auto&) -> Result<Outcome> { return Outcome::kAbsent; })},
                   log_);
  const std::string page = scrape(set);
  EXPECT_THAT(page, HasSubstr("x 1\n"));
  EXPECT_THAT(page, HasSubstr("node_scrape_collector_success{collector=\"good\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("node_scrape_collector_success{collector=\"bad\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("node_scrape_collector_success{collector=\"none\"} 0\n"));
  scrape(set);
  ASSERT_EQ(lines_.size(), 1U) << "a failure is logged when it begins, not at each scrape";
  EXPECT_THAT(lines_[0], HasSubstr("collector=bad err=broken"));
}

TEST_F(CollectorSetTest, AnExceptionCostsOneCollector) {
  CollectorSet set(
      {named("thrower", [](auto&) -> Result<Outcome> { throw std::runtime_error("bug"); }), named("good", write_one)},
      log_);
  const std::string page = scrape(set);
  EXPECT_THAT(page, HasSubstr("success{collector=\"thrower\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("x 1\n"));
}

TEST_F(CollectorSetTest, AHungCollectorCostsItselfOneDeadline) {
  auto gate = std::make_shared<Gate>();
  auto calls = std::make_shared<std::atomic<int>>(0);
  CollectorSet set({named("good", write_one),
                    named("hangs",
                          [gate, calls](auto&) -> Result<Outcome> {
                            ++*calls;
                            gate->wait();
                            return Outcome::kCollected;
                          }),
                    named("after", [](auto&) -> Result<Outcome> { return Outcome::kCollected; })},
                   log_);
  const ScrapeLimits limits{50ms, 5s};
  std::string page = scrape(set, limits);
  EXPECT_THAT(page, HasSubstr("x 1\n")) << "what was finished before is kept";
  EXPECT_THAT(page, HasSubstr("success{collector=\"hangs\"} 0\n"));

  // From then on it is left out: no further wait, no further thread.
  for (int i = 0; i < 5; ++i) page = scrape(set, limits);
  EXPECT_EQ(calls->load(), 1);
  EXPECT_THAT(page, HasSubstr("success{collector=\"hangs\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("success{collector=\"after\"} 1\n"));

  gate->open();
  for (int i = 0; i < 500 && calls->load() < 2; ++i) {
    std::this_thread::sleep_for(10ms);
    page = scrape(set, limits);
  }
  EXPECT_THAT(page, HasSubstr("success{collector=\"hangs\"} 1\n")) << "it came back";
}

TEST_F(CollectorSetTest, TheOthersRunInTheScrapeOfTheHang) {
  auto gate = std::make_shared<Gate>();
  CollectorSet set({named("hangs",
                          [gate](auto&) -> Result<Outcome> {
                            gate->wait();
                            return Outcome::kCollected;
                          }),
                    named("after", write_one)},
                   log_);
  const std::string page = scrape(set, {50ms, 5s});
  EXPECT_THAT(page, HasSubstr("x 1\n"));
  EXPECT_THAT(page, HasSubstr("success{collector=\"after\"} 1\n"));
  gate->open();
}

TEST_F(CollectorSetTest, TheWholeScrapeHasADeadlineToo) {
  auto gate = std::make_shared<Gate>();
  std::vector<CollectorSet::Named> collectors;
  for (int i = 0; i < 20; ++i) {
    collectors.push_back(named("hangs" + std::to_string(i), [gate](auto&) -> Result<Outcome> {
      gate->wait();
      return Outcome::kCollected;
    }));
  }
  CollectorSet set(std::move(collectors), log_);
  const auto begin = std::chrono::steady_clock::now();
  scrape(set, {100ms, 250ms});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);
  gate->open();
}

TEST_F(CollectorSetTest, AbsenceIsBelievedForAWhile) {
  int calls = 0;
  CollectorSet set({named("none",
                          [&calls](auto&) -> Result<Outcome> {
                            ++calls;
                            return Outcome::kAbsent;
                          })},
                   log_);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(scrape(set), HasSubstr("node_scrape_collector_success{collector=\"none\"} 0\n"));
  }
  EXPECT_EQ(calls, 1);
}

TEST_F(CollectorSetTest, HavingNoneIsASuccessThatIsBelievedAsWell) {
  int calls = 0;
  CollectorSet set({named("none",
                          [&calls](auto&) -> Result<Outcome> {
                            ++calls;
                            return Outcome::kNone;
                          })},
                   log_);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(scrape(set), HasSubstr("node_scrape_collector_success{collector=\"none\"} 1\n"));
  }
  EXPECT_EQ(calls, 1);
}

TEST_F(CollectorSetTest, OnlyTheSelected) {
  CollectorSet set({named("a", write_one), named("b", write_one)}, log_);
  prom_text::Writer out;
  set.scrape({1}, {}, out);
  EXPECT_THAT(out.text(), HasSubstr("collector=\"b\""));
  EXPECT_THAT(out.text(), Not(HasSubstr("collector=\"a\"")));
}

}  // namespace
}  // namespace piman::agent
