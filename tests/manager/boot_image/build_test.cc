// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <random>

#include "common/text.h"
#include "manager/boot_image/fat_image.h"
#include "manager/boot_image/program.h"
#include "tests/manager/boot_image/shell.h"
#include "tests/support/temp_tree.h"

/// The image is looked at with mtools and fsck.vfat.
namespace piman::manager {
namespace {

using test::shell;
using test::shell_output;
using testing::HasSubstr;

constexpr std::int64_t kTime = 1'700'000'000;  // 2023-11-14 22:13:20 UTC

class BuildTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!find_program("mkfs.vfat", "dosfstools") || !find_program("mdir", "mtools")) {
      GTEST_SKIP() << "needs dosfstools and mtools";
    }
    std::mt19937 random(5);
    std::string kernel(3'000'001, '\0');
    for (char& byte : kernel) byte = static_cast<char>(random());
    tree_.put("from/kernel8.img", kernel);
    tree_.put("from/config.txt", "arm_64bit=1\n");
    tree_.put("from/empty", "");
    tree_.put("from/overlays/README", "overlays\n");
    tree_.put("from/overlays/deep/er/a-long-name-of-an-overlay.dtbo", "dtbo");
    tree_.put("from/nothing/", "");
    tree_.put("from/-i", "a name like a flag");
  }
  std::string image() const { return tree_.path("boot.img"); }
  std::string build_error() const {
    const auto built = build_fat_image(tree_.path("from"), image(), kTime);
    return built ? "" : built.error().message;
  }

  test::TempTree tree_;
};

TEST_F(BuildTest, EveryFileComesBackFromTheImage) {
  ASSERT_EQ(build_error(), "");
  shell_output(concat("mkdir ", tree_.path("back"), " && mcopy -s -n -i ", image(), " '::/*' ", tree_.path("back")));
  EXPECT_EQ(shell_output(concat("diff -r ", tree_.path("from"), ' ', tree_.path("back"))), "");
}

TEST_F(BuildTest, TheFileSystemIsSoundFat16) {
  ASSERT_EQ(build_error(), "");
  const std::string said = shell_output(concat("fsck.vfat -n -v ", image()));
  EXPECT_THAT(said, HasSubstr("16 bit entries"));
  EXPECT_THAT(said, HasSubstr("512 bytes per logical sector"));
  struct ::stat found {};
  ASSERT_EQ(::stat(image().c_str(), &found), 0);
  EXPECT_EQ(found.st_size % 512, 0);
  EXPECT_LT(found.st_size, 4'500'000) << "3 MB of files";
}

TEST_F(BuildTest, TheSameFilesGiveTheSameBytes) {
  ASSERT_EQ(build_error(), "");
  const std::string first = shell_output(concat("sha256sum < ", image()));
  shell_output(concat("cd ", tree_.path(), " && cp -r from again && rm -rf from && mv again from && sleep 2.1 && ",
                      "find from -exec touch -d '2001-02-03 04:05' {} +"));
  ::setenv("TZ", "Asia/Tokyo", 1);
  ::setenv("MTOOLS_NO_VFAT", "1", 1);
  ASSERT_EQ(build_error(), "");
  ::unsetenv("TZ");
  ::unsetenv("MTOOLS_NO_VFAT");
  EXPECT_EQ(shell_output(concat("sha256sum < ", image())), first);
  EXPECT_THAT(shell_output(concat("mdir -i ", image(), " ::")), HasSubstr("2023-11-14  22:13"));
  tree_.put("from/config.txt", "arm_64bit=0\n");
  ASSERT_EQ(build_error(), "");
  EXPECT_NE(shell_output(concat("sha256sum < ", image())), first);
}

TEST_F(BuildTest, HundredsOfFilesOfAllSizes) {
  for (int i = 0; i < 450; ++i) {
    tree_.put(concat("from/overlays/an-overlay-with-a-long-name-", i, ".dtbo"),
              std::string(static_cast<std::size_t>(i * 7), 'o'));
    tree_.put(concat("from/many-in-the-root-directory-", i), "x");
  }
  ASSERT_EQ(build_error(), "");
  shell_output(concat("fsck.vfat -n ", image()));
  shell_output(concat("mkdir ", tree_.path("back"), " && mcopy -s -n -i ", image(), " '::/*' ", tree_.path("back")));
  EXPECT_EQ(shell_output(concat("diff -r ", tree_.path("from"), ' ', tree_.path("back"))), "");
}

TEST_F(BuildTest, LargeImagesAreStillFat16) {
  for (const int mebibytes : {31, 60, 126}) {
    shell_output(concat("truncate -s ", mebibytes, "M ", tree_.path("from/kernel8.img")));
    ASSERT_EQ(build_error(), "") << mebibytes;
    EXPECT_THAT(shell_output(concat("fsck.vfat -n -v ", image())), HasSubstr("16 bit entries")) << mebibytes;
  }
}

TEST_F(BuildTest, TooLargeIsRefusedAndNothingIsLeft) {
  shell_output(concat("truncate -s 128M ", tree_.path("from/kernel8.img")));
  EXPECT_THAT(build_error(), HasSubstr("the limit of bootloaders is 128 MiB; the largest files: kernel8.img"));
  EXPECT_EQ(shell_output(concat("ls ", tree_.path())), "from\n");
}

TEST_F(BuildTest, AFailureLeavesTheOldImage) {
  tree_.put("boot.img", "old");
  ::symlink("config.txt", tree_.path("from/link").c_str());
  EXPECT_THAT(build_error(), HasSubstr("/link: a symbolic link"));
  EXPECT_EQ(test::read_file(image()), "old");
}

TEST_F(BuildTest, FoldersThatAreNone) {
  ::mkfifo(tree_.path("from/pipe").c_str(), 0600);
  EXPECT_THAT(build_error(), HasSubstr("/pipe: neither a file nor a folder"));
  EXPECT_THAT(build_fat_image(tree_.path("missing"), image(), kTime).error().message, HasSubstr("No such file"));
  tree_.put("void/", "");
  EXPECT_THAT(build_fat_image(tree_.path("void"), image(), kTime).error().message, HasSubstr("there is no file in it"));
  EXPECT_THAT(build_fat_image(tree_.path("from/config.txt"), image(), kTime).error().message,
              HasSubstr("Not a directory"));
}

TEST_F(BuildTest, AnOutputThatCanNotBeWritten) {
  const auto built = build_fat_image(tree_.path("from"), tree_.path("no/such/folder/boot.img"), kTime);
  ASSERT_FALSE(built);
  EXPECT_THAT(built.error().message, HasSubstr("No such file"));
}

}  // namespace
}  // namespace piman::manager
