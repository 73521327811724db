// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/import.h"

#include <gmock/gmock.h>

#include "common/text.h"
#include "manager/boot_image/program.h"
#include "tests/manager/boot_image/shell.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using test::shell_output;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ImportTest : public testing::Test {
 protected:
  ImportTest() {
    settings_.from = tree_.path("firmware");
    settings_.boot_root = tree_.path("root");
    settings_.name = "trixie-1.2";
    for (const char* name : {"start4.elf", "fixup4.dat", "bcm2711-rpi-4-b.dtb", "kernel8.img",
                             "overlays/overlay_map.dtb", "cmdline.txt", "config.txt", "initramfs.gz"}) {
      tree_.put(concat("firmware/", name), concat("the ", name));
    }
  }
  std::string error() const {
    const auto imported = import_boot_files(settings_);
    return imported ? "" : imported.error().message;
  }
  std::string in_image(std::string_view name) const { return tree_.path(concat("root/images/trixie-1.2/", name)); }
  std::string images() const { return shell_output(concat("ls -A ", tree_.path("root/images"))); }

  test::TempTree tree_;
  ImportSettings settings_;
};

TEST_F(ImportTest, CopiesEverythingAndAddsTheTemplates) {
  const auto imported = import_boot_files(settings_);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(imported->path, in_image("").substr(0, in_image("").size() - 1));
  EXPECT_EQ(imported->files, 8U);
  EXPECT_EQ(test::read_file(in_image("overlays/overlay_map.dtb")), "the overlays/overlay_map.dtb");
  EXPECT_EQ(test::read_file(in_image("config.txt")), "the config.txt") << "what was there stays, under its template";
  EXPECT_THAT(test::read_file(in_image("config.txt.in")), HasSubstr("initramfs initramfs.gz followkernel"));
  EXPECT_THAT(test::read_file(in_image("boot.ipxe.in")), HasSubstr("#!ipxe"));
  EXPECT_EQ(images(), "trixie-1.2\n") << "and nothing else lies about";
}

TEST_F(ImportTest, TheUbootScriptIsOne) {
  if (!find_program("mkimage", "u-boot-tools")) GTEST_SKIP() << "needs u-boot-tools";
  const auto imported = import_boot_files(settings_);
  ASSERT_TRUE(imported);
  EXPECT_THAT(imported->notes, IsEmpty());
  const std::string said = shell_output(concat("mkimage -l ", in_image("boot.scr.uimg")));
  EXPECT_THAT(said, HasSubstr("AArch64 Linux Script (uncompressed)"));
  EXPECT_THAT(test::read_file(in_image("boot.scr.uimg")), HasSubstr("booti ${kernel_addr_r}"));
}

TEST_F(ImportTest, WithoutTemplates) {
  settings_.with_templates = false;
  ASSERT_EQ(error(), "");
  EXPECT_EQ(shell_output(concat("diff -r ", settings_.from, ' ', in_image(""))), "");
}

TEST_F(ImportTest, SaysWhichModelsBoot) {
  const auto imported = import_boot_files(settings_);
  ASSERT_TRUE(imported);
  EXPECT_EQ(netboot::describe_model_files(imported->models), "boots Pi 4B");
}

TEST_F(ImportTest, AFolderThatBootsNothingIsRefusedWithWhatIsMissing) {
  tree_.remove("firmware/fixup4.dat");
  EXPECT_THAT(error(), HasSubstr("no Raspberry Pi can boot from it"));
  EXPECT_THAT(error(), HasSubstr("Pi 4B (fixup4.dat missing)"));
  EXPECT_THAT(error(), HasSubstr("Pi 5 (bcm2712-rpi-5-b.dtb or bcm2712d0-rpi-5-b.dtb missing)"));
}

TEST_F(ImportTest, AnInitramfsThatIsMissingIsNoted) {
  tree_.remove("firmware/initramfs.gz");
  const auto imported = import_boot_files(settings_);
  ASSERT_TRUE(imported);
  EXPECT_THAT(imported->notes, testing::Contains("config.txt loads initramfs.gz, which is not there yet"));
}

TEST_F(ImportTest, ReplacesOnlyWhenTold) {
  ASSERT_EQ(error(), "");
  tree_.put("firmware/kernel8.img", "a newer kernel");
  tree_.remove("firmware/initramfs.gz");
  EXPECT_THAT(error(), HasSubstr("is there already; --replace"));
  EXPECT_EQ(test::read_file(in_image("kernel8.img")), "the kernel8.img");
  settings_.replace = true;
  EXPECT_EQ(error(), "");
  EXPECT_EQ(test::read_file(in_image("kernel8.img")), "a newer kernel");
  EXPECT_FALSE(std::filesystem::exists(in_image("initramfs.gz"))) << "the old image is gone as a whole";
  EXPECT_EQ(images(), "trixie-1.2\n");
}

TEST_F(ImportTest, NamesThatAreNoFolderBelowImages) {
  for (const char* name : {"", ".", "..", ".hidden", "a/b", "../x", "a b", "\xc3\xa4", "a\n"}) {
    settings_.name = name;
    EXPECT_THAT(error(), HasSubstr("is no image name")) << name;
  }
  settings_.name = std::string(65, 'a');
  EXPECT_THAT(error(), HasSubstr("is no image name"));
  EXPECT_FALSE(std::filesystem::exists(tree_.path("root")));
}

TEST_F(ImportTest, LinksAreNotFollowed) {
  tree_.put("firmware/passwd", test::link("/etc/passwd"));
  EXPECT_THAT(error(), HasSubstr("passwd: a symbolic link"));
}

TEST_F(ImportTest, AFailureLeavesNothing) {
  tree_.put("root/images/trixie-1.2", "a file in the way");
  EXPECT_THAT(error(), HasSubstr("is there already"));
  EXPECT_EQ(images(), "trixie-1.2\n");
}

}  // namespace
}  // namespace piman::manager
