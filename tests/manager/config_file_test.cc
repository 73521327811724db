// SPDX-License-Identifier: Apache-2.0
#include "manager/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

#include "common/text.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using piman::test::link;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ConfigFile : public ::testing::Test {
 protected:
  /// What is found, or why nothing is.
  std::string found(const std::string& given = {}) const {
    auto file = find_config_file(given, places);
    return file ? *file : concat("error: ", file.error().message);
  }
  /// As if somebody else had called: nobody but root is then trusted with what we own.
  void be_another_user() { places.caller = ::geteuid() + 1; }
  /// Root's own files are trusted by everybody; where the tests are root's, the tree is given away.
  void give_away(const std::string& path) const {
    if (::geteuid() != 0) return;
    ASSERT_EQ(::lchown(path.c_str(), 12345, 12345), 0);
  }
  void let_everybody_write(const std::string& path) const { ASSERT_EQ(::chmod(path.c_str(), 0777), 0); }

  piman::test::TempTree tree{{"here/", ""}, {"etc/piman.yml", "site: lab\n"}};
  ConfigPlaces places{tree.path("here/piman.yml"), tree.path("etc/piman.yml"), ::geteuid()};
};

TEST_F(ConfigFile, is_the_one_that_is_named_then_the_one_here_then_the_installed_one) {
  EXPECT_EQ(found(), places.installed);
  EXPECT_EQ(found("other.yml"), "other.yml") << "there or not: reading it says that it is not";
  tree.put("here/piman.yml", "");
  EXPECT_EQ(found(), places.here);
  EXPECT_EQ(found(places.installed), places.installed);
}

TEST_F(ConfigFile, that_is_nowhere_is_said_with_the_places_and_what_to_do) {
  places.installed = tree.path("absent/piman.yml");
  EXPECT_EQ(found(), concat("error: there is no configuration: neither ", places.here, " in this folder nor ",
                            places.installed, "; name one with --config.file=FILE, or write one with \"piman init\""));
}

TEST_F(ConfigFile, that_a_restore_has_yet_to_put_there_is_there) {
  tree.put("here/piman.yml.restoring", "");
  EXPECT_EQ(found(), places.here);
}

TEST_F(ConfigFile, that_cannot_be_looked_at_is_not_passed_over) {
  tree.put("here/piman.yml", link("piman.yml"));  // a link to itself
  EXPECT_EQ(found(), places.here);
}

TEST_F(ConfigFile, of_a_folder_that_everybody_can_write_is_not_read_unnamed) {
  tree.put("here/piman.yml", "");
  let_everybody_write(tree.path("here"));
  EXPECT_EQ(found(), concat("error: ", places.here, " is not read unless it is named: ", tree.path("here"),
                            " can be written by everybody; name it with --config.file=", places.here,
                            ", or another one, as --config.file=", places.installed));
  EXPECT_EQ(found(places.here), places.here);
  ASSERT_EQ(::chmod(tree.path("here").c_str(), 01777), 0);
  EXPECT_THAT(found(), StartsWith("error: ")) << "what it names beside it could be anybody's in /tmp, too";
}

TEST_F(ConfigFile, that_everybody_can_write_is_not_read_unnamed) {
  for (const char* const name : {"here/piman.yml", "here/piman.yml.restoring"}) {
    tree.put(name, "");
    let_everybody_write(tree.path(name));
    EXPECT_THAT(found(), AllOf(StartsWith("error: "), HasSubstr(tree.path(name) + " can be written by everybody")));
    std::filesystem::remove(tree.path(name));
  }
}

TEST_F(ConfigFile, of_another_user_is_not_read_unnamed) {
  tree.put("here/piman.yml", "");
  give_away(places.here);
  give_away(tree.path("here"));
  be_another_user();
  EXPECT_THAT(found(), AllOf(StartsWith("error: "), HasSubstr(tree.path("here") + " belongs to another user")));
}

TEST_F(ConfigFile, behind_a_link_is_held_to_the_same) {
  tree.put("real.yml", "");
  tree.put("here/piman.yml", link("../real.yml"));
  EXPECT_EQ(found(), places.here);
  let_everybody_write(tree.path("real.yml"));
  EXPECT_THAT(found(), HasSubstr(places.here + " can be written by everybody"));
}

TEST_F(ConfigFile, a_link_of_another_user_is_not_followed_unnamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make another user's link";
  tree.put("real.yml", "");
  tree.put("here/piman.yml", link("../real.yml"));
  give_away(places.here);
  EXPECT_THAT(found(), HasSubstr(places.here + " belongs to another user"));
}

TEST_F(ConfigFile, of_root_is_everybodys) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a file of root";
  tree.put("here/piman.yml", "");
  be_another_user();
  EXPECT_EQ(found(), places.here);
}

TEST_F(ConfigFile, that_is_installed_is_not_asked_whose_it_is) {
  let_everybody_write(places.installed);
  EXPECT_EQ(found(), places.installed);
}

TEST_F(ConfigFile, is_read_with_what_else_may_be_said_when_that_fails) {
  tree.put("bad.yml", "siet: x\nsitf: y\n");
  tree.put("good.yml", "site: attic\n");
  const std::array<Flag, 1> flags = {config_flag()};
  const auto read = [&](const std::string& name) {
    const std::string word = "--config.file=" + tree.path(name);
    const std::array<const char*, 1> words = {word.c_str()};
    return find_config(parse_flags(flags, words), flags, "or say it");
  };
  const auto good = read("good.yml");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->file, tree.path("good.yml"));
  EXPECT_EQ(good->config.site, "attic");
  EXPECT_THAT(read("bad.yml").error().message,
              AllOf(HasSubstr("bad.yml:1: unknown key siet"), EndsWith("; or say it")));
  EXPECT_THAT(read("absent.yml").error().message, EndsWith("absent.yml: no such file; or say it"));
}

}  // namespace
}  // namespace piman::manager
