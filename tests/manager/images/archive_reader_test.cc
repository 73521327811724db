// SPDX-License-Identifier: Apache-2.0
#include "manager/images/archive_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "manager/images/archive_format.h"
#include "manager/images/gunzip.h"
#include "tests/manager/boot_image/shell.h"
#include "tests/manager/images/tar_maker.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using test::gzip_of;
using test::small_root;
using test::source_of;
using test::tar_of;
using test::TarEntry;
using testing::HasSubstr;

std::string verdict(std::string_view archive, std::size_t chunk_bytes = 1000, ArchiveLimits limits = {}) {
  const auto facts = check_archive(source_of(archive, chunk_bytes), limits);
  return facts ? "" : facts.error().message;
}
std::string verdict_with(const TarEntry& entry) {
  auto entries = small_root();
  entries.push_back(entry);
  return verdict(gzip_of(tar_of(entries)));
}

std::string all_of(const ByteSource& source) {
  std::string all;
  for (;;) {
    const auto chunk = source();
    if (!chunk || chunk->empty()) return all;
    all += *chunk;
  }
}

TEST(ArchiveReader, tells_what_it_saw) {
  const std::string tar = tar_of(small_root());
  for (const std::size_t chunk : {1U, 7U, 64U, 100'000U}) {
    const std::string archive = gzip_of(tar);
    const auto facts = check_archive(source_of(archive, chunk), {});
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_EQ(facts->format, "tar.gz");
    EXPECT_EQ(facts->entries, small_root().size());
    EXPECT_EQ(facts->unpacked_bytes, tar.size());
    EXPECT_EQ(facts->architecture, "arm64");
  }
}

TEST(ArchiveReader, takes_all_bytes_of_its_source) {
  auto entries = small_root();
  std::string tar = tar_of(entries) + std::string(70'000, '\0');  // more than one read behind the archive's end
  const std::string archive = gzip_of(tar) + std::string(5000, '\0');
  std::size_t given = 0;
  const ByteSource inner = source_of(archive, 512);
  const auto facts = check_archive(
      [&] {
        auto chunk = inner();
        given += chunk->size();
        return chunk;
      },
      {});
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(given, archive.size());
}

TEST(ArchiveReader, an_error_of_the_source_is_the_error) {
  for (const std::size_t after : {0U, 10U, 100U, 200U}) {
    const std::string archive = gzip_of(tar_of(small_root()));
    ASSERT_GT(archive.size(), after);
    std::size_t given = 0;
    const auto facts = check_archive(
        [&]() -> Result<std::string_view> {
          if (given >= after) return fail("the disk is gone");
          const std::string_view chunk = std::string_view(archive).substr(given, 10);
          given += chunk.size();
          return chunk;
        },
        {});
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().message, "the disk is gone") << after;
  }
}

TEST(ArchiveReader, cut_anywhere_it_is_refused) {
  const std::string archive = gzip_of(tar_of(small_root()));
  for (std::size_t size = 0; size < archive.size(); ++size) {
    EXPECT_NE(verdict(std::string_view(archive).substr(0, size)), "") << size;
  }
}

// libarchive alone would take each of these: it compares neither gzip's checksum nor its length.
TEST(ArchiveReader, a_changed_bit_is_found) {
  const std::string tar = tar_of(small_root()), good = gzip_of(tar);
  std::size_t changes = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (at >= 4 && at < 10) continue;  // the header's time and system mean nothing
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    // Some bits change how the same bytes are said, such as how far back zeros are copied from.
    EXPECT_TRUE(!verdict(bad).empty() || all_of(gunzipped(source_of(bad))) == tar) << at;
    changes += verdict(bad).empty() ? 0U : 1U;
  }
  EXPECT_GT(changes, good.size() / 2);
}

TEST(ArchiveReader, gzip_of_several_members) {
  const std::string tar = tar_of(small_root());
  const std::string first = gzip_of(tar.substr(0, 1000)), second = gzip_of(tar.substr(1000));
  EXPECT_EQ(verdict(first + second), "");
  EXPECT_EQ(verdict(first + second + std::string(300, '\0'), 7), "");
  EXPECT_THAT(verdict(first + second + "garbage"), HasSubstr("damaged"));
  EXPECT_THAT(verdict(first + second + std::string(300, '\0') + "x"), HasSubstr("other bytes behind the end"));
}

TEST(ArchiveReader, what_leads_out_is_refused) {
  EXPECT_THAT(verdict_with({"/etc/x", '0', "", "", 0644}), HasSubstr("is absolute"));
  EXPECT_THAT(verdict_with({"../x", '0', "", "", 0644}), HasSubstr("leads out"));
  EXPECT_THAT(verdict_with({"x", '1', "", "/etc/shadow", 0644}), HasSubstr("is absolute"));
  EXPECT_THAT(verdict_with({"x", '4', "", "", 0644}), HasSubstr("is a device outside of dev/"));
  EXPECT_EQ(verdict_with({"dev/x", '3', "", "", 0644}), "");
  EXPECT_EQ(verdict_with({"x", '2', "", "/etc/shadow", 0777}), "");
  EXPECT_EQ(verdict_with({"x", '6', "", "", 0644}), "");
  EXPECT_EQ(verdict_with({"n\xc3\xa9", '0', "x", "", 0644}), "");
  EXPECT_EQ(verdict_with({"n\xff", '0', "x", "", 0644}), "");
}

TEST(ArchiveReader, bombs_are_stopped) {
  ArchiveLimits limits;
  limits.most_unpacked_bytes = 1 << 20;
  auto entries = small_root();
  entries.push_back({"big", '0', std::string(2 << 20, '\0'), "", 0644});
  EXPECT_THAT(verdict(gzip_of(tar_of(entries)), 1000, limits), HasSubstr("larger than 1048576 bytes"));
  // What is behind the archive's end would be unpacked as well.
  EXPECT_THAT(verdict(gzip_of(tar_of(small_root()) + std::string(2 << 20, '\0')), 1000, limits),
              HasSubstr("more than 1048576 bytes"));
}

TEST(ArchiveReader, something_else_is_called_by_its_name) {
  EXPECT_THAT(verdict(""), HasSubstr("this is empty"));
  EXPECT_THAT(verdict(tar_of(small_root())), HasSubstr("not compressed"));
  EXPECT_THAT(verdict("PK\x03\x04zzzzzzzz"), HasSubstr("a zip archive"));
  EXPECT_THAT(verdict(gzip_of("just a text")), HasSubstr("tar archive is damaged or cut, or there is none"));
  EXPECT_THAT(verdict(gzip_of("")), HasSubstr("the archive is empty"));
}

/// Archives of other people's programs.
class ArchiveOfTools : public testing::TestWithParam<std::string> {
 protected:
  std::string made_with(const std::string& tar_options) {
    test::shell_output("cd " + tree_.path() + " && tar -C root --numeric-owner " + tar_options + " -cf - . | " +
                       GetParam() + " > out");
    return test::read_file(tree_.path("out"));
  }

  test::TempTree tree_{{"root/dev/", ""},
                       {"root/proc/", ""},
                       {"root/sys/", ""},
                       {"root/etc/hostname", "pi\n"},
                       {"root/sbin/init", test::link("../bin/sh")},
                       {"root/bin/sh", "#!"}};
  void SetUp() override { test::shell_output("chmod +x " + tree_.path("root/bin/sh")); }
};

TEST_P(ArchiveOfTools, is_good_in_every_dialect_of_tar) {
  tree_.put("root/" + std::string(120, 'n') + "/" + std::string(120, 'm'), "x");
  tree_.put("root/n\xc3\xa9", "x");
  for (const char* options : {"--format=gnu", "--format=pax", ""})
    EXPECT_EQ(verdict(made_with(options)), "") << options;
}

TEST_P(ArchiveOfTools, cut_it_is_refused) {
  test::shell_output("head -c 100000 /dev/urandom > " + tree_.path("root/ballast"));
  const std::string archive = made_with("");
  ASSERT_EQ(verdict(archive), "");
  for (const std::size_t part : {1U, 10U, 50U, 90U}) {
    EXPECT_NE(verdict(std::string_view(archive).substr(0, archive.size() * part / 100)), "") << part;
  }
  EXPECT_NE(verdict(std::string_view(archive).substr(0, archive.size() - 1)), "");
}

TEST_P(ArchiveOfTools, holes_are_refused) {
  test::shell_output("truncate -s 1M " + tree_.path("root/hole") + " && echo x >> " + tree_.path("root/hole"));
  EXPECT_EQ(verdict(made_with("")), "");
  EXPECT_THAT(verdict(made_with("--sparse")), HasSubstr("has holes"));
  EXPECT_THAT(verdict(made_with("--sparse --format=pax")), HasSubstr("has holes"));
}

INSTANTIATE_TEST_SUITE_P(Compressors, ArchiveOfTools, testing::Values("gzip", "xz", "zstd -q"),
                         [](const auto& tool) { return tool.param.substr(0, tool.param.find(' ')); });

TEST(ArchiveReader, a_window_larger_than_a_nodes_memory_is_refused) {
  const test::TempTree tree({{"tar", tar_of(small_root())}});
  const std::string path = tree.path("tar");
  EXPECT_EQ(verdict(test::shell_output("xz -c9 " + path)), "");
  EXPECT_EQ(verdict(test::shell_output("xz -c --x86 --lzma2=dict=64MiB " + path)), "");
  EXPECT_THAT(verdict(test::shell_output("xz -c --lzma2=dict=256MiB " + path)), HasSubstr("256 MiB of memory"));
  EXPECT_THAT(verdict(test::shell_output("zstd -c --ultra --long=31 < " + path)), HasSubstr("damaged or cut"));
}

TEST(ArchiveFormat, heads_cut_anywhere_are_no_danger) {
  const test::TempTree tree({{"tar", tar_of(small_root())}});
  const std::string xz = test::shell_output("xz -c --block-size=4KiB -T2 " + tree.path("tar"));
  for (std::size_t size = 0; size <= kFormatHeadBytes; ++size) {
    const auto bytes = xz_dictionary_bytes(std::string_view(xz).substr(0, size));
    EXPECT_EQ(bytes.value_or(8U << 20U), 8U << 20U) << size;
  }
  EXPECT_EQ(xz_dictionary_bytes(xz), 8U << 20U);
  const std::string elf = small_root().back().content;
  EXPECT_EQ(elf_architecture(elf), "arm64");
  for (std::size_t size = 0; size < elf.size(); ++size)
    EXPECT_FALSE(elf_architecture(std::string_view(elf).substr(0, size)));
}

}  // namespace
}  // namespace piman::manager
