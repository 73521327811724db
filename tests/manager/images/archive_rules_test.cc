// SPDX-License-Identifier: Apache-2.0
#include "manager/images/archive_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace piman::manager {
namespace {

using testing::HasSubstr;
using Type = ArchiveEntry::Type;

ArchiveEntry folder(std::string path) { return {std::move(path), Type::kFolder, "", 0, true, false}; }
ArchiveEntry file(std::string path, std::uint64_t size = 1) {
  return {std::move(path), Type::kFile, "", size, false, false};
}
ArchiveEntry program(std::string path) { return {std::move(path), Type::kFile, "", 1, true, false}; }
ArchiveEntry link(std::string path, std::string target) {
  return {std::move(path), Type::kSymlink, std::move(target), 0, true, false};
}
ArchiveEntry hardlink(std::string path, std::string target) {
  return {std::move(path), Type::kHardlink, std::move(target), 0, true, false};
}
ArchiveEntry of_type(std::string path, Type type) { return {std::move(path), type, "", 0, false, false}; }

/// What is said of these entries after the folders that every root has; "" when all is well.
std::string verdict(const std::vector<ArchiveEntry>& entries, ArchiveLimits limits = {}) {
  ArchiveRules rules(limits);
  std::vector<ArchiveEntry> all = {folder("./"), folder("./dev/"), folder("./etc"), folder("./proc/"),
                                   folder("./sys/")};
  all.insert(all.end(), entries.begin(), entries.end());
  for (const ArchiveEntry& entry : all) {
    if (auto seen = rules.see(entry); !seen) return seen.error().message;
  }
  const auto finished = rules.finish();
  return finished ? "" : finished.error().message;
}
/// The same with an init.
std::string said_of(std::vector<ArchiveEntry> entries) {
  entries.insert(entries.begin(), program("sbin/init"));
  return verdict(entries);
}

TEST(ArchiveRules, plain_roots_are_good) {
  EXPECT_EQ(verdict({program("sbin/init")}), "");
  EXPECT_EQ(verdict({program("init")}), "");
  EXPECT_EQ(verdict({program("bin/busybox"), link("sbin/init", "../bin/busybox")}), "");
  EXPECT_EQ(verdict({program("bin/busybox"), link("sbin/init", "/bin/busybox")}), "");
  EXPECT_EQ(verdict({program("bin/busybox"), hardlink("./sbin/init", "./bin/busybox")}), "");
  // Debian's, with a merged /usr.
  EXPECT_EQ(verdict({link("bin", "usr/bin"), link("lib", "usr/lib"), link("sbin", "usr/sbin"), folder("usr/"),
                     folder("usr/lib/systemd"), program("usr/lib/systemd/systemd"), folder("usr/sbin"),
                     link("usr/sbin/init", "/lib/systemd/systemd")}),
            "");
}

TEST(ArchiveRules, without_an_init_nothing_starts) {
  EXPECT_THAT(verdict({}), HasSubstr("no program sbin/init or init"));
  EXPECT_THAT(verdict({file("sbin/init")}), HasSubstr("no program"));
  EXPECT_THAT(verdict({folder("sbin/init")}), HasSubstr("no program"));
  EXPECT_THAT(verdict({link("sbin/init", "/bin/busybox")}), HasSubstr("no program"));
  EXPECT_THAT(verdict({link("sbin/init", "init"), link("sbin/other", "init")}), HasSubstr("no program"));  // a circle
  // The installer would look for it in its own /usr/sbin, and not find it.
  EXPECT_THAT(verdict({folder("usr/sbin"), program("usr/sbin/init"), link("sbin", "/usr/sbin")}),
              HasSubstr("no program"));
  EXPECT_THAT(verdict({program("bin/busybox"), link("init", "/bin/busybox")}), HasSubstr("no program"));
}

TEST(ArchiveRules, folders_to_mount_at_are_needed) {
  ArchiveRules rules({});
  for (const ArchiveEntry& entry : {program("sbin/init"), folder("dev"), folder("etc"), folder("proc")}) {
    ASSERT_TRUE(rules.see(entry));
  }
  EXPECT_THAT(rules.finish().error().message, HasSubstr("no folder sys/"));
  EXPECT_THAT(ArchiveRules({}).finish().error().message, HasSubstr("is empty"));
}

TEST(ArchiveRules, a_root_one_folder_too_deep_is_told_as_such) {
  ArchiveRules rules({});
  for (const ArchiveEntry& entry : {folder("rootfs"), folder("rootfs/dev"), program("rootfs/sbin/init")}) {
    ASSERT_TRUE(rules.see(entry));
  }
  EXPECT_THAT(rules.finish().error().message, HasSubstr("the root is in the archive's folder \"rootfs\""));
}

TEST(ArchiveRules, paths_stay_inside) {
  EXPECT_THAT(said_of({file("/etc/passwd")}), HasSubstr("\"/etc/passwd\" is absolute"));
  EXPECT_THAT(said_of({file("../x")}), HasSubstr("leads out"));
  EXPECT_THAT(said_of({file("a/../../x")}), HasSubstr("leads out"));
  EXPECT_THAT(said_of({file("a/..")}), HasSubstr("leads out"));
  EXPECT_EQ(said_of({file("a/..b"), file("a/.../c")}), "");
  EXPECT_THAT(said_of({file("a/" + std::string(256, 'x'))}), HasSubstr("more than 255"));
  std::string deep;
  for (int i = 0; i < 50; ++i) deep += std::string(90, 'x') + '/';
  EXPECT_THAT(said_of({file(deep + "x")}), HasSubstr("longer than 4095"));
}

TEST(ArchiveRules, nothing_is_written_through_a_link_that_leads_out) {
  EXPECT_THAT(said_of({link("a", "/etc"), file("a/passwd")}), HasSubstr("lies behind a symbolic link that leads out"));
  EXPECT_THAT(said_of({link("a", "../../etc"), file("a/passwd")}), HasSubstr("leads out"));
  EXPECT_THAT(said_of({folder("usr"), link("a", "usr"), link("usr/b", "../.."), file("a/b/c")}),
              HasSubstr("leads out"));
  EXPECT_THAT(said_of({link("a", "b"), link("b", "a"), file("a/c")}), HasSubstr("leads out"));
  EXPECT_THAT(said_of({link("a", "nothing"), file("a/c")}), HasSubstr("to nothing"));
  EXPECT_THAT(said_of({file("a"), file("a/c")}), HasSubstr("lies in a file"));
  // As they are, links may point to where they like: they are followed when the system runs.
  EXPECT_EQ(said_of({link("etc/alternatives/vi", "/usr/bin/vim"), link("x", "../../..")}), "");
  EXPECT_EQ(said_of({folder("usr/lib"), link("lib", "usr/lib"), file("lib/x"), hardlink("y", "usr/lib/x")}), "");
}

TEST(ArchiveRules, hard_links_need_their_file_before_them) {
  EXPECT_EQ(said_of({file("a"), hardlink("b", "a"), hardlink("c", "./b")}), "");
  EXPECT_THAT(said_of({hardlink("b", "a")}), HasSubstr("no file before it"));
  EXPECT_THAT(said_of({folder("a"), hardlink("b", "a")}), HasSubstr("no file before it"));
  EXPECT_THAT(said_of({file("a"), hardlink("a", "a")}), HasSubstr("no file before it"));
  EXPECT_THAT(said_of({hardlink("b", "/etc/shadow")}), HasSubstr("absolute"));
  EXPECT_THAT(said_of({hardlink("b", "../x")}), HasSubstr("leads out"));
  EXPECT_THAT(said_of({link("a", "/etc"), hardlink("b", "a/shadow")}), HasSubstr("leads out"));
}

TEST(ArchiveRules, devices_are_for_dev) {
  EXPECT_EQ(said_of({of_type("dev/null", Type::kDevice), of_type("./dev/pts/ptmx", Type::kDevice)}), "");
  EXPECT_THAT(said_of({of_type("home/sda", Type::kDevice)}), HasSubstr("\"home/sda\" is a device outside of dev/"));
  EXPECT_THAT(said_of({of_type("development", Type::kDevice)}), HasSubstr("outside of dev/"));
  EXPECT_EQ(said_of({of_type("run/initctl", Type::kFifo)}), "");
  EXPECT_THAT(said_of({of_type("run/x", Type::kOther)}), HasSubstr("can't unpack"));
}

TEST(ArchiveRules, holes_are_what_the_installer_cannot_unpack) {
  ArchiveEntry sparse = file("var/log/lastlog");
  sparse.is_sparse = true;
  EXPECT_THAT(said_of({sparse}), HasSubstr("--sparse"));
}

TEST(ArchiveRules, where_the_installer_writes_there_is_no_link) {
  EXPECT_THAT(said_of({link("boot", "/other")}), HasSubstr("\"boot\" must be a folder"));
  EXPECT_THAT(said_of({link("boot/firmware", "..")}), HasSubstr("must be a folder"));
  EXPECT_THAT(said_of({link("etc/hostname", "/proc/x")}), HasSubstr("\"etc/hostname\" must be a file"));
  EXPECT_THAT(said_of({file("x"), hardlink("etc/hostname", "x")}), HasSubstr("must be a file"));
  EXPECT_EQ(said_of({file("etc/hostname"), folder("boot"), folder("boot/firmware")}), "");
}

TEST(ArchiveRules, the_boot_partition_is_fat_and_small) {
  EXPECT_EQ(said_of({file("boot/firmware/kernel8.img", 30 << 20)}), "");
  EXPECT_THAT(said_of({link("boot/firmware/a", "b")}), HasSubstr("FAT has none"));
  EXPECT_THAT(said_of({file("x"), hardlink("boot/firmware/a", "x")}), HasSubstr("FAT has none"));
  EXPECT_THAT(said_of({of_type("boot/firmware/a", Type::kFifo)}), HasSubstr("FAT has none"));
  EXPECT_THAT(said_of({file("boot/firmware/a", 200 << 20), file("boot/firmware/b", 100 << 20)}), HasSubstr("250 MiB"));
}

TEST(ArchiveRules, what_is_there_twice_is_of_one_kind) {
  EXPECT_EQ(said_of({file("a"), file("a"), folder("b"), folder("b/")}), "");
  EXPECT_THAT(said_of({file("a"), folder("a")}), HasSubstr("is there twice, as a file and as a folder"));
  EXPECT_THAT(said_of({file("a/b"), file("a")}), HasSubstr("is there twice, as a folder and as a file"));
  EXPECT_THAT(said_of({file("./")}), HasSubstr("in the place of the root"));
}

TEST(ArchiveRules, all_is_bounded) {
  ArchiveLimits limits;
  limits.most_entries = 7;
  EXPECT_EQ(verdict({program("init"), file("a")}, limits), "");
  EXPECT_THAT(verdict({program("init"), file("a"), file("b")}, limits), HasSubstr("more than 7 entries"));
  limits = {};
  limits.most_unpacked_bytes = 10;
  EXPECT_THAT(verdict({program("init"), file("a", 10)}, limits), HasSubstr("larger than 10 bytes"));
  EXPECT_THAT(verdict({program("init"), file("a", UINT64_MAX)}, limits), HasSubstr("larger than 10 bytes"));
  limits = {};
  limits.most_path_bytes = 100;
  EXPECT_THAT(verdict({program("init"), file(std::string(90, 'a'))}, limits), HasSubstr("longer than 100"));
}

}  // namespace
}  // namespace piman::manager
