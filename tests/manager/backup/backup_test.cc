// SPDX-License-Identifier: Apache-2.0
#include "manager/backup/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/backup/moves.h"
#include "manager/backup/restore.h"
#include "manager/store/inspect.h"
#include "manager/store/store.h"
#include "tests/manager/store/sample_leases.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using test::make_lease;
using test::put_of;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A site in `site/`, and a place beside it.
class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    tree.put("site/piman.yml", kYaml);
    tree.put("site/hosts", "b8:27:eb:00:00:01;10.0.0.1;pi1;0\n");
    tree.put("site/boot/assignments.csv", "pi1;lab;default\n");
    tree.put("site/users", "anna operator $2b$\n");
    request.file = tree.path("site.tar");
    request.config_file = tree.path("site/piman.yml");
    request.now = std::chrono::system_clock::now();
    settings.folder = tree.path("site/state");
  }

  static void put_leases(Store& store, std::uint32_t first, std::uint32_t count) {
    std::vector<netboot::dhcp::LeaseChange> changes;
    for (std::uint32_t i = 0; i < count; ++i) changes.push_back(put_of(make_lease(first + i)));
    std::promise<void> done;
    store.commit(std::move(changes), [&](const Result<void>& outcome) {
      EXPECT_TRUE(outcome);
      done.set_value();
    });
    done.get_future().wait();
  }
  std::unique_ptr<Store> open(const std::string& folder) {
    StoreSettings there = settings;
    there.folder = folder;
    auto store = Store::open(there, log);
    if (!store) ADD_FAILURE() << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  void fill() {
    const auto store = open(settings.folder);
    put_leases(*store, 0, 100);
    OrderChanges rows;
    for (std::uint64_t i = 0; i < kOrderStateCount; ++i) {
      OrderRecord order;
      order.id = i + 1;
      order.rollout = 1;
      order.mac = test::mac_of(static_cast<std::uint32_t>(i));
      order.node = concat("pi", i);
      order.action = OrderAction::kReinstall;
      order.state = static_cast<OrderState>(i);
      rows.orders.push_back(order);
    }
    rows.rollouts.push_back({1, OrderAction::kReinstall, RolloutState::kRunning, 0, 0, 0, 1, 0, "anna", "why", ""});
    std::promise<void> stored;
    store->put_orders(std::move(rows), [&](const Result<void>&) { stored.set_value(); });
    stored.get_future().wait();
    store->append({1'700'000'000'000, "phase", "pi1", "up"});
  }
  Result<BackupReport> back_up() {
    const ParsedConfig parsed = read_config(request.config_file);
    EXPECT_THAT(parsed.problems, IsEmpty()) << parsed.problems.front().to_string("piman.yml");
    return make_backup(request, parsed.config);
  }
  Result<RestoreReport> restore_to(const std::string& folder) {
    RestoreRequest wanted;
    wanted.file = request.file;
    wanted.config_file = tree.path(folder + "/piman.yml");
    wanted.now = request.now;
    wanted.keeps_config = keeps_config;
    wanted.only_checks = only_checks;
    return restore_backup(wanted);
  }
  std::string refusal(const std::string& folder) {
    const auto restored = restore_to(folder);
    return restored ? "it was restored" : restored.error().message;
  }
  static std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      names.push_back(std::filesystem::relative(entry.path(), folder).string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  static std::vector<std::string> roles(const BackupReport& report) {
    std::vector<std::string> found;
    for (const BackupFile& file : report.list.files) found.push_back(file.role);
    return found;
  }

  static constexpr const char* kYaml =
      "site: barn\ninventory: {hosts_file: hosts}\nweb: {users_file: users}\n"
      "netboot: {enabled: true, interfaces: lo, root: boot}\ndhcp: {mode: off, subnets: 127.0.0.0/8}\n";

  piman::test::TempTree tree;
  BackupRequest request;
  StoreSettings settings;
  bool keeps_config = false, only_checks = false;
  Logger log{LogLevel::kError, LogFormat::kLogfmt, [](std::string_view) {}};
};

TEST_F(BackupTest, a_site_comes_back_in_another_place_without_its_open_orders) {
  fill();
  const auto report = back_up();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_THAT(roles(*report), ElementsAre("config", "inventory.hosts_file", "netboot.assignments", "store"));
  EXPECT_THAT(report->left_out, ElementsAre("web.users_file"));
  struct stat status {};
  ASSERT_EQ(::stat(request.file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), report->size);

  std::filesystem::create_directory(tree.path("new"));
  const auto restored = restore_to("new");
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->withdrawn_orders, 4U);
  EXPECT_THAT(names_in(tree.path("new")), ElementsAre("boot", "boot/assignments.csv", "hosts", "piman.yml", "state",
                                                      "state/piman.db", "state/piman.lock"));
  EXPECT_EQ(piman::test::read_file(tree.path("new/hosts")), piman::test::read_file(tree.path("site/hosts")));
  const std::uint64_t last = open(settings.folder)->journal().last_id();
  const auto store = open(tree.path("new/state"));
  EXPECT_THAT(*store->load(), SizeIs(100));
  const auto rows = store->load_orders();
  ASSERT_TRUE(rows);
  EXPECT_THAT(rows->orders, SizeIs(kOrderStateCount));
  for (const OrderRecord& order : rows->orders) EXPECT_TRUE(is_over(order.state)) << order.id;
  EXPECT_EQ(rows->rollouts[0].state, RolloutState::kWithdrawn);
  EXPECT_GT(store->journal().last_id(), last + 1'000'000) << "ids of events are given twice";
  const auto events = store->journal().read({0, 10, {"store"}, {}});
  ASSERT_TRUE(events);
  ASSERT_THAT(events->events, SizeIs(1));
  EXPECT_THAT(events->events[0].entry.text, HasSubstr("4 orders that were open are withdrawn"));
}

TEST_F(BackupTest, tar_can_unpack_it) {
  fill();
  request.with_secrets = true;
  ASSERT_TRUE(back_up());
  std::filesystem::create_directory(tree.path("unpacked"));
  ASSERT_EQ(std::system(concat("tar -C ", tree.path("unpacked"), " -xf ", request.file).c_str()), 0);
  EXPECT_THAT(names_in(tree.path("unpacked/piman-backup")),
              ElementsAre("LIST", "config", "inventory.hosts_file", "netboot.assignments", "store", "web.users_file"));
  EXPECT_EQ(piman::test::read_file(tree.path("unpacked/piman-backup/config")), kYaml);
}

TEST_F(BackupTest, what_was_there_is_kept_and_what_is_the_same_is_left) {
  fill();
  ASSERT_TRUE(back_up());
  tree.put("site/hosts", "other\n");
  const std::string before = piman::test::read_file(settings.folder + "/piman.db");
  const auto restored = restore_to("site");
  ASSERT_TRUE(restored) << restored.error().message;
  for (const RestoredFile& file : restored->files) {
    const bool is_changed = file.role == "store" || file.role == "inventory.hosts_file";
    EXPECT_EQ(to_string(file.state), is_changed ? "replaced" : "same") << file.role;
    if (!is_changed) continue;
    EXPECT_EQ(piman::test::read_file(file.kept_as), file.role == "store" ? before : "other\n");
  }
  EXPECT_THAT(names_in(tree.path("site")), SizeIs(10)) << "something is left over";
}

TEST_F(BackupTest, the_configuration_that_is_there_can_stay) {
  fill();
  ASSERT_TRUE(back_up());
  tree.put("other/piman.yml", concat(kYaml, "store: {folder: elsewhere}\n"));
  keeps_config = true;
  ASSERT_TRUE(restore_to("other"));
  EXPECT_THAT(piman::test::read_file(tree.path("other/piman.yml")), HasSubstr("elsewhere"));
  EXPECT_TRUE(std::filesystem::exists(tree.path("other/elsewhere/piman.db")));
}

TEST_F(BackupTest, a_server_at_work_is_backed_up_and_never_restored_over) {
  const auto store = open(settings.folder);
  std::atomic<std::uint32_t> written = 0;
  std::jthread writer([&](const std::stop_token& stop) {
    for (std::uint32_t i = 0; !stop.stop_requested() && i < 4000; ++i) {
      put_leases(*store, i * 16, 16);
      written = (i + 1) * 16;
    }
  });
  for (int i = 0; i < 5; ++i) {
    const std::uint32_t before = written;
    request.replaces = i > 0;
    const auto report = back_up();
    ASSERT_TRUE(report) << report.error().message;
    const std::string folder = concat("copy", i);
    std::filesystem::create_directory(tree.path(folder));
    ASSERT_TRUE(restore_to(folder));
    const auto leases = open(tree.path(folder + "/state"))->load();
    ASSERT_TRUE(leases);
    EXPECT_GE(leases->size(), before) << "what was acknowledged before is not in it";
    EXPECT_EQ(leases->size() % 16, 0U) << "half a transaction";
  }
  EXPECT_THAT(refusal("site"), HasSubstr("is in use by another piman: stop it first"));
  EXPECT_EQ(store->stats().error, "") << "the server was held up";
}

TEST_F(BackupTest, every_cut_and_every_flipped_byte_is_refused_and_changes_nothing) {
  // Without a store it is small enough to try all.
  ASSERT_TRUE(back_up());
  const std::string whole = piman::test::read_file(request.file);
  ASSERT_LT(whole.size(), 10'000U);
  std::filesystem::create_directory(tree.path("new"));
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    tree.put("site.tar", whole.substr(0, size));
    EXPECT_THAT(refusal("new"), AnyOf(HasSubstr("cut off"), HasSubstr("damaged"), HasSubstr("no backup"))) << size;
  }
  for (std::size_t at = 0; at < whole.size(); at += 11) {
    std::string content = whole;
    content[at] = static_cast<char>(content[at] ^ 0x10);
    tree.put("site.tar", content);
    EXPECT_NE(refusal("new"), "it was restored") << at;
  }
  tree.put("site.tar", whole + "x");
  EXPECT_THAT(refusal("new"), HasSubstr("damaged"));
  EXPECT_THAT(names_in(tree.path("new")), AnyOf(IsEmpty(), ElementsAre("state", "state/piman.lock"),
                                                ElementsAre("boot", "state", "state/piman.lock")));
  tree.put("site.tar", whole);
  EXPECT_EQ(refusal("new"), "it was restored");
}

TEST_F(BackupTest, a_dry_run_says_what_would_be_and_touches_nothing) {
  fill();
  ASSERT_TRUE(back_up());
  tree.put("site/hosts", "other\n");
  only_checks = true;
  const auto running = open(settings.folder);
  const auto checked = restore_to("site");
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(checked->files[1].state, RestoredFile::State::kReplaced);
  EXPECT_EQ(piman::test::read_file(tree.path("site/hosts")), "other\n");
}

TEST_F(BackupTest, what_is_in_the_way_is_said) {
  EXPECT_TRUE(back_up());
  const auto again = back_up();
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("is there already"));
  request.replaces = true;
  EXPECT_TRUE(back_up());
  request.file = tree.path("nowhere/site.tar");
  EXPECT_THAT(back_up().error().message, HasSubstr("nowhere/site.tar.part"));
  tree.put("site/state/piman.db", std::string(5000, 'x'));
  request.file = tree.path("second.tar");
  const auto damaged = back_up();
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message, HasSubstr("not a database"));
  EXPECT_FALSE(std::filesystem::exists(request.file));
}

TEST_F(BackupTest, moves_that_were_cut_off_anywhere_are_finished) {
  // Every state that a crash can leave: the first n steps of each move are done.
  for (std::size_t done = 0; done <= 5; ++done) {
    SCOPED_TRACE(done);
    const std::string folder = tree.path(concat("moves", done));
    std::filesystem::create_directories(folder + "/state");
    const std::string db = folder + "/state/piman.db";
    const auto put = [&](const std::string& path, const std::string& content) {
      tree.put(std::filesystem::relative(path, tree.path()).string(), content);
    };
    put(db, "old");
    put(db + "-wal", "old wal");
    put(db + ".restored", "new");
    put(folder + "/piman.yml", "old");
    put(folder + "/piman.yml.restored", "new");
    const Moves moves{folder + "/state",
                      {{db + ".restored", db, db + ".before", true},
                       {folder + "/piman.yml.restored", folder + "/piman.yml", folder + "/piman.yml.before", false}}};
    put(moves_file(folder + "/piman.yml"), *to_text(moves));
    const std::vector<std::pair<std::string, std::string>> steps = {
        {db, db + ".before"},
        {db + "-wal", db + ".before-wal"},
        {db + ".restored", db},
        {folder + "/piman.yml", folder + "/piman.yml.before"},
        {folder + "/piman.yml.restored", folder + "/piman.yml"}};
    for (std::size_t i = 0; i < done; ++i) std::filesystem::rename(steps.at(i).first, steps.at(i).second);
    const auto finished = finish_moves(folder + "/piman.yml");
    ASSERT_TRUE(finished) << finished.error().message;
    EXPECT_TRUE(*finished);
    EXPECT_EQ(piman::test::read_file(db), "new");
    EXPECT_EQ(piman::test::read_file(db + ".before"), "old");
    EXPECT_EQ(piman::test::read_file(db + ".before-wal"), "old wal");
    EXPECT_FALSE(std::filesystem::exists(db + "-wal"));
    EXPECT_EQ(piman::test::read_file(folder + "/piman.yml"), "new");
    EXPECT_EQ(piman::test::read_file(folder + "/piman.yml.before"), "old");
    EXPECT_FALSE(*finish_moves(folder + "/piman.yml")) << "there is nothing left to do";
  }
}

TEST_F(BackupTest, killed_in_the_middle_a_restore_is_all_or_nothing) {
  fill();
  ASSERT_TRUE(back_up());
  int untouched = 0, whole = 0;
  for (int round = 0; round < 24 || (whole == 0 && round < 200); ++round) {  // slower machines take longer
    SCOPED_TRACE(round);
    const std::string folder = concat("killed", round);
    tree.put(folder + "/piman.yml", "site: old\n");
    tree.put(folder + "/hosts", "old\n");
    const ::pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);
      ::_exit(restore_to(folder) ? 0 : 1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto finished = finish_moves(tree.path(folder + "/piman.yml"));
    ASSERT_TRUE(finished) << finished.error().message;
    const bool is_new = piman::test::read_file(tree.path(folder + "/piman.yml")) == kYaml;
    EXPECT_EQ(piman::test::read_file(tree.path(folder + "/hosts")) == "old\n", !is_new);
    EXPECT_EQ(std::filesystem::exists(tree.path(folder + "/state/piman.db")), is_new);
    if (is_new) {
      EXPECT_THAT(*open(tree.path(folder + "/state"))->load(), SizeIs(100));
    }
    ++(is_new ? whole : untouched);
    ASSERT_TRUE(restore_to(folder)) << "what was cut off is in the way";
  }
  EXPECT_GT(untouched, 0);
  EXPECT_GT(whole, 0);
}

}  // namespace
}  // namespace piman::manager
