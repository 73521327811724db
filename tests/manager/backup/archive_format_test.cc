// SPDX-License-Identifier: Apache-2.0
#include "manager/backup/archive_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/sha256.h"
#include "common/text.h"
#include "manager/backup/moves.h"

namespace piman::manager {
namespace {

using ::testing::HasSubstr;

BackupList sample() {
  return {1'764'326'400,
          "0.1.0",
          {{"config", 0640, 12, std::string(64, 'a')}, {"power.rack-1.community_file", 0600, 0, std::string(64, '0')}}};
}

std::string signed_text(const std::string& text) { return concat(text, "end ", to_hex(sha256(text)), '\n'); }

std::string refusal(const std::string& text) {
  const auto list = parse_backup_list(text);
  return list ? "it was read" : list.error().message;
}

TEST(BackupList, is_read_as_it_was_written_and_in_no_other_way) {
  const std::string text = to_text(sample());
  const auto read = parse_backup_list(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, sample());
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_backup_list(text.substr(0, size))) << size;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string other = text;
    other[at] = static_cast<char>(other[at] ^ 1);
    EXPECT_FALSE(parse_backup_list(other)) << at;
  }
  EXPECT_FALSE(parse_backup_list(text + "\n"));
}

TEST(BackupList, what_means_nothing_is_refused_with_its_line) {
  const std::string begin = "piman-backup 1\nmade 1\nversion x\n", sum(64, 'a');
  EXPECT_EQ(refusal(signed_text(begin)), "it was read");
  EXPECT_THAT(refusal("something else"), HasSubstr("no backup of piman"));
  EXPECT_THAT(refusal(signed_text("piman-backup 2\n")), HasSubstr("or of a newer one"));
  EXPECT_THAT(refusal(signed_text(begin + "file ../etc 0600 1 " + sum + "\n")), HasSubstr("../etc"));
  EXPECT_THAT(refusal(signed_text(begin + "file a/b 0600 1 " + sum + "\n")), HasSubstr("a/b"));
  EXPECT_THAT(refusal(signed_text(begin + "file a 4755 1 " + sum + "\n")), HasSubstr("4755"));
  EXPECT_THAT(refusal(signed_text(begin + "file a 0600 8589934592 " + sum + "\n")), HasSubstr("8589934592"));
  EXPECT_THAT(refusal(signed_text(begin + "file a 0600 1 " + sum.substr(1) + "\n")), HasSubstr("a 0600 1"));
  EXPECT_THAT(refusal(signed_text(begin + "file a 0600 1 " + sum + "\nfile a 0600 1 " + sum + "\n")),
              HasSubstr("a twice"));
  EXPECT_THAT(refusal(signed_text(begin + "owner root\n")), HasSubstr("owner root"));
  EXPECT_THAT(refusal(signed_text("piman-backup 1\nmade 99999999999999\nversion x\n")), HasSubstr("99999999999999"));
  EXPECT_THAT(refusal(signed_text("piman-backup 1\nmade 01\nversion x\n")), HasSubstr("as piman writes it"));
  EXPECT_THAT(refusal(std::string(kMostListBytes + 1, 'x')), HasSubstr("too long"));
}

TEST(BackupTar, headers_have_the_sum_that_tar_wants) {
  const std::string header = tar_header({"config", 0640, 8'000'000'000, {}}, 1'764'326'400);
  ASSERT_EQ(header.size(), kTarBlock);
  EXPECT_EQ(header.substr(257, 8), std::string("ustar\00000", 8));
  EXPECT_EQ(size_in_header(header), 8'000'000'000U);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    sum += i >= 148 && i < 156 ? 32U : static_cast<unsigned char>(header[i]);
  }
  EXPECT_EQ(parse_u64(header.substr(148, 6)).has_value(), true);
  EXPECT_EQ(std::stoull(header.substr(148, 6), nullptr, 8), sum);
  EXPECT_EQ(size_in_header(header.substr(1)), std::nullopt);
  EXPECT_EQ(padding_after(0), 0U);
  EXPECT_EQ(padding_after(1), 511U);
  EXPECT_EQ(padding_after(512), 0U);
}

TEST(RestoreMoves, are_read_as_they_were_written) {
  const Moves moves{"/var/lib/piman",
                    {{"/s/piman.db.restored", "/s/piman.db", "/s/piman.db.before", true},
                     {"/etc/a b.restored", "/etc/a b", "/etc/a b.before", false}}};
  const auto text = to_text(moves);
  ASSERT_TRUE(text);
  const auto read = parse_moves(*text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, moves);
  for (std::size_t size = 0; size < text->size(); ++size) EXPECT_FALSE(parse_moves(text->substr(0, size))) << size;
  // Whole by their sums, and not as they are written.
  EXPECT_FALSE(parse_moves(signed_text("piman-restore 1\n/s\nfile\n/a\n/b\n/c")));
  EXPECT_FALSE(parse_moves(signed_text("piman-restore 1\n")));
  EXPECT_TRUE(parse_moves(signed_text("piman-restore 1\n/s\nfile\n/a\n/b\n/c\n")));
  EXPECT_FALSE(to_text(Moves{"/a\nb", {{"/a", "/b", "/c", false}}}));
  EXPECT_FALSE(to_text(Moves{"/a", {{"/a", "/b\n", "/c", false}}}));
}

}  // namespace
}  // namespace piman::manager
