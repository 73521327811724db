// SPDX-License-Identifier: Apache-2.0
#include "manager/inventory_watch.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

FileRest::Mark mark(::ino_t inode, ::off_t size) {
  struct ::stat status {};
  status.st_ino = inode;
  status.st_size = size;
  return status;
}

TEST(FileRest, AFileIsDueOnceWhenItHasChangedAndRests) {
  FileRest rest(mark(1, 100));
  EXPECT_FALSE(rest.is_due(mark(1, 100)));
  EXPECT_FALSE(rest.is_due(mark(1, 0)));  // it is being written
  EXPECT_FALSE(rest.is_due(mark(1, 50)));
  EXPECT_FALSE(rest.is_due(mark(1, 120)));
  EXPECT_TRUE(rest.is_due(mark(1, 120)));
  EXPECT_FALSE(rest.is_due(mark(1, 120)));
  EXPECT_FALSE(rest.is_due(mark(2, 120)));  // replaced
  EXPECT_TRUE(rest.is_due(mark(2, 120)));
  EXPECT_FALSE(rest.is_due(std::nullopt));
  EXPECT_TRUE(rest.is_due(std::nullopt));
  EXPECT_FALSE(rest.is_due(std::nullopt));
}

TEST(InventoryLoader, ABrokenOrEmptyFileKeepsTheInventoryAndSaysWhy) {
  piman::test::TempTree tree;
  const std::string path = tree.path() + "/hosts.csv";
  const auto write = [&](const std::string& text) { std::ofstream(path, std::ios::trunc) << text; };
  Logger log(LogLevel::kError, LogFormat::kLogfmt, [](std::string_view) {});
  Fleet fleet(1);
  InventoryLoader loader(fleet, path, log);
  write("02:00:00:00:00:01;10.0.0.1;pi1;\n");
  loader.load();
  ASSERT_EQ(fleet.snapshot()->nodes.size(), 1U);
  EXPECT_EQ(loader.problem(), "");

  write("");
  EXPECT_FALSE(loader.reload());
  EXPECT_NE(loader.problem().find("is empty"), std::string::npos);
  write("02:00:00:00:00:01;10.0.0.1;pi1;\n02:00:00:00:0");
  EXPECT_FALSE(loader.reload());
  EXPECT_NE(loader.problem().find("hosts.csv:2: "), std::string::npos) << loader.problem();
  EXPECT_EQ(fleet.snapshot()->nodes.size(), 1U);

  write("# none\n");
  EXPECT_TRUE(loader.reload());
  EXPECT_EQ(loader.problem(), "");
  EXPECT_TRUE(fleet.snapshot()->nodes.empty());
}

}  // namespace
}  // namespace piman::manager
