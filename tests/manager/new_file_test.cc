// SPDX-License-Identifier: Apache-2.0
#include "manager/new_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NewFileTest : public ::testing::Test {
 protected:
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(tree_.path(""))) count += entry.exists() ? 1U : 0U;
    return count;
  }
  test::TempTree tree_;
  const std::string path_ = tree_.path("a.yml");
};

TEST_F(NewFileTest, NeverInPlaceOfAnother) {
  EXPECT_EQ(write_new_file({path_, "one"}).value(), "");
  const auto again = write_new_file({path_, "two"});
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("is there already"));
  EXPECT_EQ(test::read_file(path_), "one");
  EXPECT_EQ(files(), 1U) << "nothing half done stays";
}

TEST_F(NewFileTest, WhatIsReplacedStaysBesideIt) {
  NewFile file{path_, "one"};
  file.replaces = true;
  EXPECT_EQ(write_new_file(file).value(), "");
  file.text = "two";
  EXPECT_EQ(write_new_file(file).value(), path_ + ".old");
  file.text = "three";
  EXPECT_EQ(write_new_file(file).value(), path_ + ".old.2") << "the older one is somebody's, too";
  EXPECT_EQ(test::read_file(path_), "three");
  EXPECT_EQ(test::read_file(path_ + ".old"), "one");
  EXPECT_EQ(test::read_file(path_ + ".old.2"), "two");
}

TEST_F(NewFileTest, TheModeIsAsWanted) {
  ASSERT_TRUE(write_new_file({path_, "x", 0600}));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(NewFileTest, FoldersOnTheWay) {
  EXPECT_TRUE(make_folder(tree_.path("b/c/d")));
  EXPECT_TRUE(make_folder(tree_.path("b/c/d"))) << "it is there";
  ASSERT_TRUE(write_new_file({tree_.path("b/c/d/e"), "x"}));
  EXPECT_FALSE(make_folder(tree_.path("b/c/d/e")));
  EXPECT_FALSE(write_new_file({tree_.path("no/file"), "x"}));
}

}  // namespace
}  // namespace piman::manager
