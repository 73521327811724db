// SPDX-License-Identifier: Apache-2.0
#include "common/host_files.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "common/host_paths.h"
#include "common/text.h"
#include "tests/support/temp_tree.h"

namespace piman {
namespace {

using test::link;
using test::TempTree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// A process that does nothing until it is ended.
class Child {
 public:
  Child() : pid_(::fork()) {
    if (pid_ == 0) {
      for (;;) ::pause();
    }
  }
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  std::string stat_path() const { return concat("/proc/", pid_, "/stat"); }

 private:
  ::pid_t pid_;
};

TEST(HostFile, SeesEveryNewContent) {
  const TempTree tree({{"proc/loadavg", "0.10 0.20 0.30 1/100 4242\n"}});
  HostFile file(tree.path("proc/loadavg"));
  EXPECT_EQ(file.read().value(), "0.10 0.20 0.30 1/100 4242\n");
  tree.put("proc/loadavg", "short\n");
  EXPECT_EQ(file.read().value(), "short\n");
  tree.put("proc/loadavg", "");
  EXPECT_EQ(file.read().value(), "");
}

TEST(HostFile, SizesAroundTheBuffer) {
  const TempTree tree;
  for (const auto content : {HostFile::Content::kRecords, HostFile::Content::kOnePiece}) {
    HostFile file(tree.path("file"), content);
    for (const std::size_t size : {0U, 1U, 4095U, 4096U, 4097U, 8191U, 8192U, 8193U, 100'000U, 1'000'000U, 3U}) {
      std::string text(size, 'x');
      for (std::size_t i = 0; i < size; i += 7) text[i] = static_cast<char>('a' + i % 26);
      tree.put("file", text);
      const auto read = file.read();
      ASSERT_TRUE(read) << read.error().message;
      ASSERT_TRUE(*read == text) << size;
      ASSERT_TRUE(read_host_file(tree.path("file")).value() == text) << size;
    }
  }
}

TEST(HostFile, TooLongIsAnErrorAndNotTheEndOfIt) {
  const TempTree tree({{"file", std::string(kMostHostFileBytes + 1, 'x')}});
  HostFile file(tree.path("file"));
  const auto read = file.read();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, concat("reading ", tree.path("file"), ": longer than 8 MiB"));
  EXPECT_FALSE(read_host_file("/dev/zero"));
  tree.put("file", "fine again");
  EXPECT_EQ(file.read().value(), "fine again");
}

TEST(HostFile, ComesWhenTheFileComes) {
  const TempTree tree;
  HostFile file(tree.path("later"));
  EXPECT_EQ(file.read().error().message, concat("reading ", tree.path("later"), ": No such file or directory"));
  tree.put("later", "here");
  EXPECT_EQ(file.read().value(), "here");
}

TEST(HostFile, VanishesAndIsBornAgain) {
  // Only the kernel's own trees take a file from under an open descriptor; a process that ends is the nearest.
  Child first;
  const TempTree tree({{"stat", link(first.stat_path())}});
  HostFile file(tree.path("stat"));
  const std::string before(file.read().value());
  first.end();
  const auto gone = file.read();
  ASSERT_FALSE(gone);
  EXPECT_THAT(gone.error().message, HasSubstr(tree.path("stat")));
  const Child second;
  tree.put("stat", link(second.stat_path()));
  const auto again = file.read();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_NE(*again, before);
}

TEST(HostFile, RebornBetweenTwoReads) {
  Child first;
  const TempTree tree({{"stat", link(first.stat_path())}});
  HostFile file(tree.path("stat"), HostFile::Content::kOnePiece);
  ASSERT_TRUE(file.read());
  const Child second;
  first.end();
  tree.put("stat", link(second.stat_path()));
  EXPECT_TRUE(file.read()) << "one read must do: the next scrape is too late";
}

TEST(HostFile, RealKernelFiles) {
  for (const char* path : {"/proc/stat", "/proc/meminfo", "/proc/self/mountinfo", "/proc/loadavg"}) {
    HostFile file(path);
    for (int i = 0; i < 3; ++i) {
      const auto read = file.read();
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_FALSE(read->empty());
      EXPECT_TRUE(read->ends_with('\n')) << path;
    }
  }
}

TEST(HostFile, WhatIsNoFile) {
  const TempTree tree({{"directory/", ""}, {"dangling", link("nowhere")}, {"loop", link("loop")}});
  ASSERT_EQ(::mkfifo(tree.path("pipe").c_str(), 0600), 0);
  for (const char* name : {"directory", "dangling", "loop", "pipe", "directory/x", "absent"}) {
    HostFile file(tree.path(name));
    const auto read = file.read();
    ASSERT_FALSE(read) << name;
    EXPECT_TRUE(read.error().message.starts_with(concat("reading ", tree.path(name), ": "))) << read.error().message;
    EXPECT_FALSE(read_host_file(tree.path(name))) << name;
    EXPECT_FALSE(read_host_text(tree.path(name))) << name;
  }
}

TEST(HostFiles, Numbers) {
  const TempTree tree(
      {{"temp", "48312\n"}, {"negative", "-5\n"}, {"words", "none\n"}, {"empty", ""}, {"unit", "5 kB\n"}});
  EXPECT_EQ(read_host_i64(tree.path("temp")), 48312);
  EXPECT_EQ(read_host_u64(tree.path("temp")), 48312U);
  EXPECT_EQ(read_host_i64(tree.path("negative")), -5);
  EXPECT_EQ(read_host_u64(tree.path("negative")), std::nullopt);
  for (const char* name : {"words", "empty", "unit", "absent"}) {
    EXPECT_EQ(read_host_i64(tree.path(name)), std::nullopt) << name;
    EXPECT_EQ(read_host_u64(tree.path(name)), std::nullopt) << name;
  }
  EXPECT_EQ(read_host_text(tree.path("words")), "none");
  EXPECT_EQ(read_host_text(tree.path("empty")), "");
}

TEST(HostFiles, Directories) {
  const TempTree tree({{"d/b", ""}, {"d/a/x", ""}, {"d/.hidden", ""}, {"empty/", ""}, {"d/l", link("nowhere")}});
  EXPECT_THAT(list_host_directory(tree.path("d")).value(), ElementsAre(".hidden", "a", "b", "l"));
  EXPECT_THAT(list_host_directory(tree.path("empty")).value(), ElementsAre());
  EXPECT_THAT(list_host_directory(tree.path("absent")).error().message,
              concat("reading ", tree.path("absent"), ": No such file or directory"));
  EXPECT_FALSE(list_host_directory(tree.path("d/b")));
}

TEST(HostFiles, LinksAndExistence) {
  const TempTree tree({{"file", ""}, {"to", link("../devices/platform/x")}, {"file_link", link("file")}});
  EXPECT_EQ(read_host_link(tree.path("to")), "../devices/platform/x");
  EXPECT_EQ(read_host_link(tree.path("file")), std::nullopt);
  EXPECT_EQ(read_host_link(tree.path("absent")), std::nullopt);
  EXPECT_TRUE(host_path_exists(tree.path("file")));
  EXPECT_TRUE(host_path_exists(tree.path("file_link")));
  EXPECT_FALSE(host_path_exists(tree.path("to")));
}

TEST(HostFile, ShortRecordsOfTheRealKernelAreReadWhole) {
  // vmstat is longer than a page of 4 KiB, so it comes in pieces.
  const std::string path = HostPaths().proc("vmstat");
  HostFile careful(path), quick(path, HostFile::Content::kShortRecords);
  const auto lines = [](std::string_view text) { return std::count(text.begin(), text.end(), '\n'); };
  const auto expected = careful.read();
  ASSERT_TRUE(expected);
  const auto expected_lines = lines(*expected);
  const auto content = quick.read();
  ASSERT_TRUE(content);
  EXPECT_EQ(lines(*content), expected_lines);
  EXPECT_TRUE(content->ends_with('\n'));
}

TEST(HostFile, MountsAreReadAgainWhenTheyChange) {
  const TempTree tree({{"here/", ""}});
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    GTEST_SKIP() << "mounting needs root";
  }
  HostFile file(HostPaths().proc("self/mounts"), HostFile::Content::kMounts);
  const std::string target = tree.path("here");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(std::string(*file.read()), Not(HasSubstr(target)));
  ASSERT_EQ(::mount("tmpfs", target.c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_THAT(std::string(*file.read()), HasSubstr(target + " tmpfs rw"));
  ASSERT_EQ(::mount("none", target.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  EXPECT_THAT(std::string(*file.read()), HasSubstr(target + " tmpfs ro"));
  ASSERT_EQ(::umount(target.c_str()), 0);
  EXPECT_THAT(std::string(*file.read()), Not(HasSubstr(target)));
}

TEST(HostFile, ACopyOfMountsTellsNothingAndIsReadEachTime) {
  TempTree tree({{"mounts", "one\n"}});
  HostFile file(tree.path("mounts"), HostFile::Content::kMounts);
  EXPECT_EQ(file.read().value(), "one\n");
  tree.put("mounts", "two\n");
  EXPECT_EQ(file.read().value(), "two\n");
}

TEST(HostFile, ShortRecordsOfEveryLength) {
  TempTree tree;
  for (const std::size_t length : {0U, 1U, 3583U, 3584U, 4095U, 4096U, 4097U, 8191U, 8192U, 9000U}) {
    tree.put("f", std::string(length, 'x'));
    HostFile file(tree.path("f"), HostFile::Content::kShortRecords);
    const auto content = file.read();
    ASSERT_TRUE(content);
    EXPECT_EQ(content->size(), length);
  }
}

}  // namespace
}  // namespace piman
