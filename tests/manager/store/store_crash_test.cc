// SPDX-License-Identifier: Apache-2.0
// The store in processes of their own: one that is killed, one whose disk is full, one that may not write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/store/store.h"
#include "tests/manager/store/sample_leases.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using test::make_lease;
using test::put_of;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::uint32_t kBatch = 16;

Logger quiet() {
  return {LogLevel::kError, LogFormat::kLogfmt, [](std::string_view) {}};
}

StoreSettings settings_in(const piman::test::TempTree& tree) {
  StoreSettings settings;
  settings.folder = tree.path("state");
  return settings;
}

/// A child process that runs `body` and writes what it returns, or writes meanwhile, into a pipe.
class Child {
 public:
  explicit Child(const std::function<std::string(int out)>& body) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      ::alarm(60);  // whatever goes wrong, no child outlives the test for long
      const std::string words = body(ends[1]);
      ::_exit(::write(ends[1], words.data(), words.size()) < 0 ? 1 : 0);
    }
    ::close(ends[1]);
    out_.reset(ends[0]);
  }
  ~Child() {
    if (pid_ > 0) kill();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void kill() {
    ::kill(pid_, SIGKILL);
    wait();
  }
  void wait() {
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  /// Everything up to the end of the pipe.
  std::string read_all() {
    std::string text;
    char chunk[4096];
    for (ssize_t got = 0; (got = ::read(out_.get(), chunk, sizeof chunk)) > 0;) {
      text.append(chunk, static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  ::pid_t pid_ = 0;
  UniqueFd out_;
};

/// Commits batches for ever, one after another as the service does, and tells of each that was acknowledged.
std::string commit_for_ever(const StoreSettings& settings, std::uint32_t first, int out) {
  Logger log = quiet();
  auto store = Store::open(settings, log);
  if (!store) return store.error().message;
  for (std::uint32_t batch = first;; ++batch) {
    std::vector<netboot::dhcp::LeaseChange> changes;
    for (std::uint32_t i = 0; i < kBatch; ++i) changes.push_back(put_of(make_lease(batch * kBatch + i)));
    std::promise<void> done;
    (*store)->commit(std::move(changes), [&](const Result<void>& outcome) {
      const std::string line = concat(outcome ? "" : "failed ", batch, '\n');
      if (::write(out, line.data(), line.size()) < 0) std::abort();
      done.set_value();
    });
    done.get_future().wait();
  }
}

TEST(StoreCrash, every_acknowledged_lease_survives_kill_9) {
  const piman::test::TempTree tree;
  const StoreSettings settings = settings_in(tree);
  std::set<std::uint32_t> acknowledged;
  std::uint32_t next = 0;
  for (int round = 0; round < 8; ++round) {
    Child child([&](int out) { return commit_for_ever(settings, next, out); });
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 37 * round));  // killed at another moment each time
    child.kill();
    std::string_view rest;
    const std::string told = child.read_all();
    rest = told;
    while (!rest.empty()) {
      const auto batch = parse_number<std::uint32_t>(next_line(rest));
      ASSERT_TRUE(batch) << told;
      acknowledged.insert(*batch);
      next = *batch + 2;  // the one after it was perhaps stored, and perhaps not
    }

    Logger log = quiet();
    auto store = Store::open(settings, log);
    ASSERT_TRUE(store) << store.error().message;
    const auto leases = (*store)->load();
    ASSERT_TRUE(leases) << leases.error().message;
    std::set<std::uint32_t> stored;
    for (const auto& lease : *leases) {
      const std::uint32_t number = lease.address.value() - 0x0A000000U;
      EXPECT_EQ(lease, make_lease(number));
      stored.insert(number);
    }
    for (const std::uint32_t batch : acknowledged) {
      for (std::uint32_t i = 0; i < kBatch; ++i) {
        ASSERT_TRUE(stored.contains(batch * kBatch + i)) << "round " << round << " batch " << batch;
      }
    }
    EXPECT_EQ(stored.size() % kBatch, 0U) << "a batch was stored in part";
  }
  EXPECT_GT(acknowledged.size(), 8U) << "too few commits to have tested anything";
}

TEST(StoreCrash, the_journal_tells_of_every_order_that_is_on_the_disk) {
  const piman::test::TempTree tree;
  StoreSettings settings = settings_in(tree);
  settings.journal_delay = 10min;
  Child child([&](int) -> std::string {
    Logger log = quiet();
    auto store = Store::open(settings, log);
    if (!store) return store.error().message;
    (*store)->append({1000, "order", "pi7", "reinstall", {{"who", "anna"}, {"why", "a test"}}});
    OrderChanges changes;
    changes.cards.push_back({MacAddress({2, 0, 0, 0, 0, 7}), CardRecord::State::kBroken, false, 0, 0, "", "", ""});
    std::promise<Result<void>> done;
    (*store)->put_orders(std::move(changes), [&](Result<void> outcome) { done.set_value(std::move(outcome)); });
    if (!done.get_future().get()) return "not stored";
    ::kill(::getpid(), SIGKILL);
    return "";
  });
  EXPECT_EQ(child.read_all(), "");
  child.wait();
  Logger log = quiet();
  settings.journal_delay = StoreSettings().journal_delay;
  const auto store = Store::open(settings, log);
  ASSERT_TRUE(store) << store.error().message;
  const auto orders = (*store)->load_orders();
  ASSERT_TRUE(orders);
  EXPECT_EQ(orders->cards.size(), 1U);
  const auto page = (*store)->journal().read({0, 10, {}, {}});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->events.size(), 1U);
  EXPECT_EQ(page->events[0].entry.data,
            (std::vector<std::pair<std::string, std::string>>{{"who", "anna"}, {"why", "a test"}}));
}

TEST(StoreCrash, a_full_disk_fails_commits_and_later_ones_work_again) {
  const piman::test::TempTree tree;
  const StoreSettings settings = settings_in(tree);
  Child child([&](int) -> std::string {
    std::signal(SIGXFSZ, SIG_IGN);
    Logger log = quiet();
    auto opened = Store::open(settings, log);
    if (!opened) return opened.error().message;
    Store& store = **opened;
    const auto commit = [&](std::uint32_t first, std::uint32_t count) {
      std::vector<netboot::dhcp::LeaseChange> changes;
      for (std::uint32_t i = 0; i < count; ++i) changes.push_back(put_of(make_lease(first + i)));
      std::promise<Result<void>> done;
      store.commit(std::move(changes), [&](Result<void> outcome) { done.set_value(std::move(outcome)); });
      return done.get_future().get();
    };
    std::string words = commit(0, 1) ? "stored;" : "not stored;";
    ::rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const ::rlimit tight{64UL * 1024, limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &tight);
    const auto refused = commit(10, 5000);
    words += refused ? "stored all the same;" : "refused;";
    const StoreStats failing = store.stats();
    words += failing.error.empty() ? "no word;" : "said why;";
    std::uint64_t failures = 0;
    for (const std::uint64_t count : failing.failures) failures += count;
    words += concat(failures, " failure;");
    ::setrlimit(RLIMIT_FSIZE, &limit);
    words += commit(20000, 1) ? "stored again;" : "never again;";
    words += store.stats().error.empty() ? "healthy;" : "sick;";
    words += concat(store.load()->size(), " leases");
    return words;
  });
  EXPECT_EQ(child.read_all(), "stored;refused;said why;1 failure;stored again;healthy;2 leases");
}

TEST(StoreCrash, a_folder_that_may_not_be_written_is_told_in_one_line) {
  const piman::test::TempTree tree({{"state/", ""}, {"made/", ""}});
  StoreSettings settings = settings_in(tree);
  ASSERT_EQ(::chmod(tree.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(settings.folder.c_str(), 0555), 0);
  const auto refusal = [&](const StoreSettings& chosen) {
    Child child([&](int) -> std::string {
      // Whoever runs this as root is nobody for it: root may write everywhere.
      if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return "can't become nobody";
      Logger log = quiet();
      const auto store = Store::open(chosen, log);
      return store ? "it opened" : store.error().message;
    });
    return child.read_all();
  };
  EXPECT_THAT(refusal(settings), HasSubstr(concat("opening the store's lock ", settings.folder)));
  EXPECT_THAT(refusal(settings), HasSubstr("Permission denied"));

  // The folder would do, but the file in it is for reading only.
  {
    Logger log = quiet();
    settings.folder = tree.path("made");
    ASSERT_TRUE(Store::open(settings, log));
  }
  ASSERT_EQ(::chmod(settings.folder.c_str(), 0777), 0);
  ASSERT_EQ(::chmod(tree.path("made/piman.lock").c_str(), 0666), 0);
  ASSERT_EQ(::chmod(tree.path("made/piman.db").c_str(), 0444), 0);
  EXPECT_THAT(refusal(settings), HasSubstr("may not be written by this user"));
}

}  // namespace
}  // namespace piman::manager
