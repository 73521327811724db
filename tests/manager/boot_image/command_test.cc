// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <string>

#include "common/text.h"
#include "manager/boot_image/program.h"
#include "tests/manager/boot_image/shell.h"
#include "tests/support/temp_tree.h"

/// `piman boot-image` and `piman netboot import` from outside, with openssl and mtools as witnesses.
namespace piman::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CommandTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"start4.elf", "fixup4.dat", "bcm2711-rpi-4-b.dtb", "kernel8.img", "config.txt",
                             "cmdline.txt", "overlays/overlay_map.dtb", "initramfs.gz"}) {
      tree_.put(concat("from/", name), concat("the ", name, '\n'));
    }
  }
  /// Runs piman in the tree.
  ShellRun piman(const std::string& words) const {
    return shell(concat("cd ", tree_.path(), " && ", PIMAN_PROGRAM, ' ', words));
  }
  std::string in_tree(const std::string& command) const {
    return shell_output(concat("cd ", tree_.path(), " && { ", command, "; }"));
  }
  static bool has_fat_tools() {
    return manager::find_program("mkfs.vfat", "dosfstools") && manager::find_program("mcopy", "mtools");
  }

  TempTree tree_;
};

TEST_F(CommandTest, BuildsSignsAndVerifiesAsTheDocumentationShows) {
  if (!has_fat_tools()) GTEST_SKIP() << "needs dosfstools and mtools";
  in_tree("openssl genrsa -out private.pem 2048 && openssl rsa -in private.pem -pubout -out public.pem");
  const ShellRun built = piman("boot-image build --from from --sign private.pem");
  ASSERT_EQ(built.status, 0) << built.said;
  EXPECT_THAT(built.said, HasSubstr("boot.img: "));
  EXPECT_THAT(built.said, HasSubstr("with 8 files; boots Pi 4B\n"));
  EXPECT_THAT(built.said, HasSubstr("boot.sig: signed, SHA-256 "));
  EXPECT_EQ(in_tree("mtype -i boot.img ::/config.txt"), "the config.txt\n");
  // The same three steps as Raspberry Pi's own tool takes to verify.
  EXPECT_EQ(in_tree("head -n 1 boot.sig"), in_tree("sha256sum boot.img | cut -d ' ' -f 1"));
  EXPECT_THAT(in_tree("grep rsa2048 boot.sig | cut -f 2 -d ' ' | xxd -r -p > sig.bin 2>/dev/null || "
                      "grep rsa2048 boot.sig | cut -f 2 -d ' ' | python3 -c 'import sys; "
                      "sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' > sig.bin; "
                      "openssl dgst -sha256 -verify public.pem -signature sig.bin boot.img"),
              HasSubstr("Verified OK"));
  const ShellRun verified = piman("boot-image verify boot.img --key public.pem");
  EXPECT_EQ(verified.status, 0);
  EXPECT_EQ(verified.said, "boot.img: signed with that key\n");
  in_tree("printf x >> boot.img");
  const ShellRun changed = piman("boot-image verify boot.img --key public.pem");
  EXPECT_NE(changed.status, 0);
  EXPECT_THAT(changed.said, HasSubstr("cut short or was changed"));
}

TEST_F(CommandTest, ATemplateInAnImageIsNoConfigTxt) {
  if (!has_fat_tools()) GTEST_SKIP() << "needs dosfstools and mtools";
  for (const char* name : {"bcm2712-rpi-5-b.dtb", "config.txt.in"}) tree_.put(concat("from/", name), "x");
  EXPECT_THAT(piman("boot-image build --from from").said, HasSubstr("boots Pi 4B, Pi 5\n"));
  tree_.remove("from/config.txt");
  EXPECT_THAT(piman("boot-image build --from from").said, HasSubstr("boots Pi 4B; not Pi 5 (config.txt missing)\n"));
}

TEST_F(CommandTest, SourceDateEpochMakesImageAndSignatureRepeatable) {
  if (!has_fat_tools()) GTEST_SKIP() << "needs dosfstools and mtools";
  in_tree("openssl genrsa -out private.pem 2048");
  for (const char* name : {"a", "b"}) {
    in_tree(concat("SOURCE_DATE_EPOCH=1700000000 ", PIMAN_PROGRAM, " boot-image build --from from --output ", name,
                   ".img --sign private.pem"));
    in_tree("sleep 1.1; touch from/*");
  }
  in_tree("cmp a.img b.img && cmp a.sig b.sig");
  EXPECT_THAT(read_file(tree_.path("a.sig")), HasSubstr("\nts: 1700000000\n"));
  EXPECT_NE(shell(concat("cd ", tree_.path(), " && SOURCE_DATE_EPOCH=yesterday ", PIMAN_PROGRAM,
                         " boot-image build --from from"))
                .status,
            0);
}

TEST_F(CommandTest, WrongUsageIsSaid) {
  struct Case {
    const char* words;
    const char* said;
  };
  for (const Case& each :
       {Case{"boot-image", "needs a word: build, sign or verify"},
        Case{"boot-image mend", "unknown boot-image command \"mend\""}, Case{"boot-image build", "--from is missing"},
        Case{"boot-image sign", "which file?"}, Case{"boot-image sign boot.img", "--key is missing"},
        Case{"boot-image verify a b --key c", "unexpected argument \"b\""}, Case{"netboot", "needs a word: import"},
        Case{"netboot import", "--image is missing"}, Case{"netboot import from --image x", "--root is missing"}}) {
    const ShellRun run = piman(each.words);
    EXPECT_EQ(WEXITSTATUS(run.status), 2) << each.words;
    EXPECT_THAT(run.said, StartsWith("piman: ")) << each.words;
    EXPECT_THAT(run.said, HasSubstr(each.said)) << each.words;
  }
}

TEST_F(CommandTest, HelpOfEveryWord) {
  for (const char* words : {"boot-image --help", "boot-image build --help", "boot-image sign --help",
                            "boot-image verify --help", "netboot --help", "netboot import --help"}) {
    const ShellRun run = piman(words);
    EXPECT_EQ(run.status, 0) << words;
    EXPECT_THAT(run.said, StartsWith("Usage: piman ")) << words;
  }
}

TEST_F(CommandTest, ImportsAndSaysWhichModelsBoot) {
  const ShellRun run = piman("netboot import from --image default --root root");
  ASSERT_EQ(run.status, 0) << run.said;
  EXPECT_THAT(run.said, StartsWith("root/images/default: 8 files"));
  EXPECT_THAT(run.said, HasSubstr("\n  Pi 4B       boots\n"));
  EXPECT_THAT(run.said, HasSubstr("\n  Pi 400      does not boot, missing: bcm2711-rpi-400.dtb\n"));
  EXPECT_THAT(run.said, HasSubstr("\n  Pi 3B       does not boot, missing: bootcode.bin, start.elf, fixup.dat, "
                                  "bcm2710-rpi-3-b.dtb or bcm2837-rpi-3-b.dtb\n"));
  EXPECT_EQ(in_tree("cat root/images/default/kernel8.img"), "the kernel8.img\n");
  const ShellRun again = piman("netboot import from --image default --root root");
  EXPECT_EQ(WEXITSTATUS(again.status), 1);
  EXPECT_THAT(again.said, HasSubstr("--replace"));
  EXPECT_EQ(piman("netboot import from --image default --root root --replace --no-templates").status, 0);
  EXPECT_EQ(in_tree("diff -r from root/images/default"), "");
}

}  // namespace
}  // namespace piman::test
