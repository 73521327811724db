// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/status_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/support/temp_tree.h"

namespace piman::watch {
namespace {

using manager::NodeState;
using manager::Phase;
using piman::test::read_file;
using piman::test::TempTree;
using ::testing::HasSubstr;

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

TEST(StatusLine, SaysWhatTheNodeSaid) {
  NodeState node;
  node.host = {"pi7", *Ipv4Address::parse("10.0.0.17"), {}};
  node.phase = Phase::kUp;
  node.last.at = WallTime(std::chrono::seconds(1'700'000'000));
  node.event = NodeEvent{};
  node.event->cpu_percent = 12.5;
  node.temperature_celsius = 48.3;
  EXPECT_EQ(render_status_line(node, "lab", {}),
            "ts=2023-11-14T22:13:20.000Z level=info msg=status node=pi7 site=lab address=10.0.0.17 phase=up "
            "cpu_percent=12.5 temperature_celsius=48.3");
  EXPECT_THAT(render_status_line(node, "lab", {"cpu", "disk"}), HasSubstr("level=warn"));
  EXPECT_THAT(render_status_line(node, "lab", {"cpu", "disk"}), HasSubstr("firing=cpu,disk"));
  node.phase = Phase::kDown;
  node.last.error_text = "no answer\nwithin \"5s\"";
  const std::string line = render_status_line(node, "lab", {"node_down"});
  EXPECT_THAT(line, HasSubstr(R"(phase=down err="no answer\nwithin \"5s\"" firing=node_down)"));
  EXPECT_EQ(line.find('\n'), std::string::npos) << "a line is a line";
}

TEST(StatusLog, IsRotatedBySizeAndKeepsThreeOldOnes) {
  const TempTree tree;
  const std::string path = tree.path("status.log");
  auto log = StatusLog::open(path, 100);
  ASSERT_TRUE(log) << log.error().message;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 3; ++i) log->add(std::string(20, static_cast<char>('a' + round)));
    ASSERT_TRUE(log->flush());
  }
  EXPECT_EQ(read_file(path), std::string(20, 'j') + "\n" + std::string(20, 'j') + "\n" + std::string(20, 'j') + "\n");
  EXPECT_THAT(read_file(path + ".1"), HasSubstr("iii"));
  EXPECT_THAT(read_file(path + ".3"), HasSubstr("ggg"));
  EXPECT_FALSE(exists(path + ".4"));
}

TEST(StatusLog, GoesOnInTheFileThatIsThere) {
  const TempTree tree({{"status.log", "old\n"}});
  const std::string path = tree.path("status.log");
  auto log = StatusLog::open(path, 10);
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->flush()) << "nothing to write";
  EXPECT_EQ(read_file(path), "old\n");
  log->add("new");
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(read_file(path), "old\nnew\n");
  log->add("next");
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(read_file(path), "next\n") << "the size of what was there counts";
}

TEST(StatusLog, WhatIsNoFileIsRefused) {
  const TempTree tree({{"folder/", ""}});
  EXPECT_FALSE(StatusLog::open(tree.path("folder"), 100));
  EXPECT_FALSE(StatusLog::open(tree.path("none/status.log"), 100));
  const auto device = StatusLog::open("/dev/null", 100);
  ASSERT_FALSE(device);
  EXPECT_THAT(device.error().message, HasSubstr("not a regular file"));
}

TEST(StatusLog, BeginsAnewWhereSomebodyTookTheFileAway) {
  const TempTree tree;
  const std::string path = tree.path("status.log");
  auto log = StatusLog::open(path, 10);
  ASSERT_TRUE(log);
  log->add("a line that fills it");
  ASSERT_TRUE(log->flush());
  ASSERT_EQ(::unlink(path.c_str()), 0);
  log->add("second");
  EXPECT_TRUE(log->flush());
  EXPECT_EQ(read_file(path), "second\n");
}

TEST(StatusLog, WhatCanNotBeRotatedIsAnErrorAndTheLinesAreDropped) {
  // A file can't take the place of a folder, and a folder not that of one with something in it.
  const TempTree tree({{"status.log.1/x", ""}, {"status.log.2/x", ""}, {"status.log.3/x", ""}});
  const std::string path = tree.path("status.log");
  auto log = StatusLog::open(path, 10);
  ASSERT_TRUE(log);
  log->add("a line that fills it");
  ASSERT_TRUE(log->flush());
  log->add("second");
  const auto failed = log->flush();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("rotating"));
  std::filesystem::remove_all(path + ".1");
  log->add("third");
  EXPECT_TRUE(log->flush());
  EXPECT_EQ(read_file(path), "third\n");
}

}  // namespace
}  // namespace piman::watch
