// SPDX-License-Identifier: Apache-2.0
#include "manager/image_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/text.h"
#include "manager/byte_progress.h"
#include "manager/images/changes.h"
#include "manager/images/image_store.h"
#include "tests/manager/boot_image/shell.h"
#include "tests/manager/images/tar_maker.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using test::gzip_of;
using test::small_root;
using test::tar_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ImageCommand : public testing::Test {
 protected:
  /// "STATUS: what it said on both outputs"
  std::string piman(const std::string& words, const std::string& before = "") {
    const auto run = test::shell(concat("cd ", tree_.path(), " && ", before, ' ', PIMAN_PROGRAM, " image ", words));
    return concat(WEXITSTATUS(run.status), ": ", run.said);
  }

  test::TempTree tree_{{"root.tar.gz", gzip_of(tar_of(small_root()))},
                       {"etc/piman.yml", "install:\n  images: ../store\n"}};
};

TEST_F(ImageCommand, from_an_archive_to_the_default_and_away) {
  const std::string store = " --images store";
  EXPECT_EQ(piman("list" + store), "0: There is no image yet: piman image add FILE --name NAME --version VERSION\n");
  EXPECT_THAT(piman("add root.tar.gz --name pios --version 1" + store),
              AllOf(StartsWith("0: pios@1: "), HasSubstr("tar.gz"), HasSubstr("arm64"),
                    HasSubstr("No image is the default"), Not(HasSubstr("\x1b")), Not(HasSubstr("\r"))));
  EXPECT_THAT(piman("add root.tar.gz --name pios --version 1 --default" + store),
              AllOf(StartsWith("0: "), HasSubstr("It was there already"), HasSubstr("It is the default")));
  EXPECT_THAT(piman("list" + store), AllOf(HasSubstr("NAME"), HasSubstr("1 (default)")));
  EXPECT_EQ(piman("verify" + store), "0: pios@1: good\n");
  EXPECT_EQ(piman("default pios@1" + store), "0: The default is pios@1.\n");
  EXPECT_THAT(piman("default tiny" + store), StartsWith("1: piman image default: there is no image tiny"));
  EXPECT_THAT(piman("rm pios" + store), StartsWith("1: piman image rm: pios@1 is the default"));
  EXPECT_THAT(piman("rm pios --force" + store),
              AllOf(StartsWith("0: Removed pios@1.\n"), HasSubstr("No image is the default now")));
}

TEST_F(ImageCommand, the_store_is_that_of_the_configuration) {
  EXPECT_THAT(piman("add root.tar.gz --name pios --version 1 --config.file etc/piman.yml"), StartsWith("0: "));
  EXPECT_TRUE(ImageStore(tree_.path("store")).find("pios@1"));
  EXPECT_EQ(piman("list --config.file nothing.yml"),
            "2: piman image list: nothing.yml: no such file; or name the store with --images=DIR\n");
  tree_.put("piman.yml", "install: {images: store}\n");
  EXPECT_THAT(piman("list"), AllOf(StartsWith("0: "), HasSubstr("pios"))) << "the one in this folder";
  EXPECT_THAT(piman("list", "chmod o+w . && "), HasSubstr("this folder can be written by everybody"))
      << "and not a trap";
}

TEST_F(ImageCommand, json_is_for_programs) {
  const std::string added = piman("add root.tar.gz --name pios --version 1 --json --images store");
  const auto image = nlohmann::json::parse(added.substr(3), nullptr, false);
  ASSERT_TRUE(image.is_object()) << added;
  EXPECT_EQ(image["version"], "1");
  EXPECT_EQ(image["is_default"], false);
  const auto list = nlohmann::json::parse(piman("list --json --images store").substr(3), nullptr, false);
  ASSERT_TRUE(list.is_object());
  EXPECT_TRUE(list["default"].is_null());
  EXPECT_EQ(list["images"][0], image);
  const std::string path = image["path"];
  EXPECT_EQ(test::read_file(path), test::read_file(tree_.path("root.tar.gz")));
  EXPECT_EQ(test::shell_output("sha256sum < " + path).substr(0, 64), image["sha256"]);
}

TEST_F(ImageCommand, wrong_usage_is_2_and_refusals_are_1) {
  EXPECT_THAT(piman(""), StartsWith("2: piman: image needs a word"));
  EXPECT_THAT(piman("ad"), StartsWith("2: piman: unknown image command \"ad\""));
  EXPECT_THAT(piman("add root.tar.gz --images s"), StartsWith("2: piman image add: --name is missing"));
  EXPECT_THAT(piman("add root.tar.gz --name pios --images s"), StartsWith("2: piman image add: --version is missing"));
  EXPECT_THAT(piman("add root.tar.gz --name Pi --version 1 --images s"),
              StartsWith("2: piman image add: \"Pi\" is no name"));
  EXPECT_THAT(piman("add --name pi --version 1 --images s"), StartsWith("2: "));
  EXPECT_THAT(piman("add root.tar.gz --name pi --version 1 --images s --max-unpacked-gib 0"), StartsWith("2: "));
  EXPECT_THAT(piman("add nothing --name pi --version 1 --images s"),
              StartsWith("1: piman image add: reading nothing: No such file"));
  EXPECT_THAT(piman("verify pi --images s"), StartsWith("1: piman image verify: there is no image pi"));
  EXPECT_THAT(piman("build --images s"), StartsWith("2: piman image build: where to?"));
  EXPECT_THAT(piman("build --output x.zip"), StartsWith("2: "));
  for (const char* word : {"", "add", "list", "rm", "default", "verify", "build"}) {
    EXPECT_THAT(piman(concat(word, " --help")), AllOf(StartsWith("0: Usage: piman image "), HasSubstr("Examples:")))
        << word;
  }
}

TEST_F(ImageCommand, on_a_terminal_a_bar_is_shown_and_taken_away) {
  const auto run = test::shell(concat("script -qec '", PIMAN_PROGRAM, " image add ", tree_.path("root.tar.gz"),
                                      " --name pios --version 1 --images ", tree_.path("store"), "' /dev/null"));
  EXPECT_THAT(run.said,
              AllOf(HasSubstr("adding pios@1  ["), HasSubstr("100 %"), HasSubstr("\r\x1b[K"), HasSubstr("pios@1: ")));
}

TEST_F(ImageCommand, what_it_is_for_is_not_a_pi) {
  auto entries = small_root();
  entries.back().content[18] = 62;
  tree_.put("pc.tar.gz", gzip_of(tar_of(entries)));
  EXPECT_THAT(piman("add pc.tar.gz --name pc --version 1 --images store"),
              AllOf(StartsWith("0: "), HasSubstr("amd64: no Pi runs them")));
}

TEST(ByteProgress, says_how_far_how_fast_and_how_long) {
  EXPECT_EQ(render_byte_progress("x", 0, 100, 0), "x  [>                             ]   0 %");
  EXPECT_EQ(render_byte_progress("x", 50'000'000, 100'000'000, 2),
            "x  [===============>              ]  50 %  25 MB/s  2s left");
  EXPECT_EQ(render_byte_progress("x", 100, 100, 1), "x  [==============================] 100 %  100 B/s");
  EXPECT_EQ(render_byte_progress("x", 0, 0, 0), "x  [==============================] 100 %");
  EXPECT_EQ(render_byte_progress("x", 200, 100, 0), "x  [==============================] 100 %");
}

}  // namespace
}  // namespace piman::manager
