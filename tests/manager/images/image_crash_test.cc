// SPDX-License-Identifier: Apache-2.0
// The image store in processes that are killed at any moment, and in several at the same time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/text.h"
#include "manager/images/changes.h"
#include "manager/images/image_store.h"
#include "manager/images/store_files.h"
#include "tests/manager/images/tar_maker.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using namespace std::chrono_literals;

constexpr int kArchives = 8;

std::string name_of(int number) { return concat("image-", number); }

/// Archives of different sizes, some of several reads.
void make_archives(const test::TempTree& tree) {
  std::minstd_rand random(1);
  for (int i = 0; i < kArchives; ++i) {
    std::string content(static_cast<std::size_t>(1 + i * i * 20'000), '\0');
    for (char& byte : content) byte = static_cast<char>(random());
    auto entries = test::small_root();
    entries.push_back({"content", '0', content, "", 0644});
    tree.put(concat("archive-", i), test::gzip_of(test::tar_of(entries)));
  }
}

/// Adds, removes and chooses for ever; tells of each add that returned well.
[[noreturn]] void change_for_ever(const test::TempTree& tree, const std::string& folder, unsigned seed, int out) {
  std::minstd_rand random(seed);
  for (;;) {
    const int number = static_cast<int>(random() % kArchives);
    const std::string version = concat(random() % 3);
    const unsigned what = static_cast<unsigned>(random() % 10);
    if (what < 6) {
      const auto added =
          add_image(folder, {tree.path(concat("archive-", number)), {name_of(number), version}, false, 0, {}}, {});
      if (!added) {
        std::fprintf(stderr, "%s\n", added.error().message.c_str());
        ::_exit(3);
      }
    } else if (what < 9) {
      (void)remove_images(folder, {{name_of(number), version}, false, true});
    } else {
      (void)set_default_image(folder, {name_of(number), ""});
    }
    if (::write(out, "+", 1) < 0) ::_exit(4);
  }
}

struct Changer {
  ::pid_t pid = 0;
  int pipe = -1;
};
Changer start(const test::TempTree& tree, const std::string& folder, unsigned seed) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const ::pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    ::alarm(60);  // whatever goes wrong, no child outlives the test for long
    change_for_ever(tree, folder, seed, ends[1]);
  }
  ::close(ends[1]);
  return {pid, ends[0]};
}
/// How many changes it made. A test failure unless it was this kill that ended it.
std::size_t kill_and_count(const Changer& changer) {
  ::kill(changer.pid, SIGKILL);
  int status = 0;
  ::waitpid(changer.pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it ended by itself";
  std::size_t changes = 0;
  char chunk[4096];
  for (ssize_t got = 0; (got = ::read(changer.pipe, chunk, sizeof chunk)) > 0;)
    changes += static_cast<std::size_t>(got);
  ::close(changer.pipe);
  return changes;
}

/// Every image that the store names is whole.
void expect_valid(const std::string& folder) {
  const auto read = read_index(folder);
  ASSERT_TRUE(read) << read.error().message;
  for (const StoredImage& image : read->index.images) {
    const auto good = verify_image(folder, image, {});
    EXPECT_TRUE(good) << image.ref().to_string() << ": " << good.error().message;
  }
  EXPECT_EQ(read->index.default_ref.has_value(), read->index.default_image() != nullptr);
}

/// And after one more add nothing is in its folder that nobody names.
void expect_clean(const test::TempTree& tree, const std::string& folder) {
  const auto added = add_image(folder, {tree.path("archive-0"), {"last", "1"}, false, 0, {}}, {});
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_TRUE(std::filesystem::is_empty(adding_folder(folder)));
  const auto read = read_index(folder);
  ASSERT_TRUE(read);
  std::set<std::string> named, there;
  for (const StoredImage& image : read->index.images) named.insert(image.sha256);
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/blobs/sha256"))
    there.insert(entry.path().filename());
  EXPECT_EQ(there, named);
  ASSERT_TRUE(remove_images(folder, {{"last", "1"}, false, true}));
}

TEST(ImageStoreCrash, kill_9_at_any_moment_leaves_a_valid_store) {
  const test::TempTree tree;
  make_archives(tree);
  const std::string folder = tree.path("images");
  std::minstd_rand random(7);
  std::size_t changes = 0;
  // A slow disk makes fewer changes in the same time: kills go on until there were enough of both, within a limit.
  const auto end = std::chrono::steady_clock::now() + 40s;
  for (unsigned round = 0; round < 60 || changes <= 60; ++round) {
    if (std::chrono::steady_clock::now() > end) break;
    const Changer changer = start(tree, folder, 100 + round);
    std::this_thread::sleep_for(std::chrono::microseconds(500 + random() % 40'000));
    changes += kill_and_count(changer);
    if (!std::filesystem::exists(folder + "/lock")) continue;  // killed before it began
    expect_valid(folder);
    if (round % 5 == 4) expect_clean(tree, folder);
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(changes, 60U) << "too few changes to have tested anything";
}

TEST(ImageStoreCrash, several_at_once_do_not_hurt_each_other) {
  const test::TempTree tree;
  make_archives(tree);
  const std::string folder = tree.path("images");
  std::size_t changes = 0;
  for (unsigned round = 0; round < 5; ++round) {
    std::vector<Changer> changers;
    for (unsigned i = 0; i < 3; ++i) changers.push_back(start(tree, folder, 1000 * round + i));
    const ImageStore store(folder);
    const auto end = std::chrono::steady_clock::now() + 250ms;
    while (std::chrono::steady_clock::now() < end) {
      (void)store.list();
      EXPECT_EQ(store.problem(), "");
    }
    for (const Changer& changer : changers) changes += kill_and_count(changer);
    expect_valid(folder);
    expect_clean(tree, folder);
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(changes, 30U);
}

}  // namespace
}  // namespace piman::manager
