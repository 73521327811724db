// SPDX-License-Identifier: Apache-2.0
#include "netboot/install/protocol.h"

#include <gmock/gmock.h>

#include "common/text.h"
#include "tests/netboot/install/seed_scripts.h"

namespace piman::netboot::install {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

const std::string kHash(64, 'a');

TEST(InstallProtocol, SaysTheDateAsTheSeedDoes) {
  std::tm local{};
  local.tm_year = 126;
  local.tm_mon = 10;
  local.tm_mday = 4;
  local.tm_hour = 3;
  local.tm_min = 5;
  local.tm_sec = 60;
  EXPECT_EQ(encode_date(local), "busybox date -s 202611040305.59\nEOM\n");
  EXPECT_EQ(encode_boot(), "boot\nEOM\n");
  EXPECT_EQ(encode_format(), "format\nEOM\n");
  EXPECT_EQ(encode_wait("no_intent"), "wait no_intent\nEOM\n");
}

TEST(InstallProtocol, AnOfferCanNotEndEarly) {
  Offer offer{7, "a\nEOM\nformat", "1", "tar.gz", 10, kHash, "http://10.0.0.1/x"};
  EXPECT_EQ(encode_install(offer), concat("install\nid 7\nname a?EOM?format\nversion 1\nformat tar.gz\nsize_bytes 10\n"
                                          "sha256 ",
                                          kHash, "\nurl http://10.0.0.1/x\nEOM\n"));
  offer.certificate_url = "http://10.0.0.1/y\nEOM\nboot";
  EXPECT_TRUE(
      encode_install(offer).ends_with("\nurl http://10.0.0.1/x\ncertificate_url http://10.0.0.1/y?EOM?boot\nEOM\n"));
}

TEST(InstallProtocol, BothSpellingsOfTheSeedsWords) {
  for (const char* line : {"IS_INSTALLED", "IS INSTALLED", " IS_INSTALLED\r"}) {
    EXPECT_EQ(parse_line(line).said, Said::kInstalled) << line;
  }
  EXPECT_EQ(parse_line("IS_UNINSTALLED").said, Said::kUninstalled);
  EXPECT_EQ(parse_line("IS_FORMATTED").said, Said::kFormatted);
  for (const char* line : {"RECIEVED BOOT", "RECEIVED_BOOT", "RECEIVED BOOT", "RECIEVED_BOOT"}) {
    EXPECT_EQ(parse_line(line).said, Said::kStep) << line;
    EXPECT_EQ(parse_line(line).word, "RECEIVED BOOT") << line;
  }
}

TEST(InstallProtocol, TraceEchoAndNoiseAreNoMessages) {
  for (const char* line :
       {"", "+ send IS_UNINSTALLED", "+ echo IS_UNINSTALLED", "IS_UNINSTALLED now", "format", "boot", "is_uninstalled",
        "XIS_FORMATTED", "'IS_FORMATTED'", "busybox date -s 202611241358.08", "\xff\xfe", "IS-FORMATTED"}) {
    EXPECT_EQ(parse_line(line).said, Said::kNoise) << line;
  }
}

TEST(InstallProtocol, OurOwnWords) {
  const Message capabilities = parse_line("CAPABILITIES 1 http sha256 later xz zst");
  EXPECT_EQ(capabilities.said, Said::kCapabilities);
  EXPECT_EQ(capabilities.capabilities, (Capabilities{1, true, true, true, true}));
  const Message disk = parse_line("DISK path=/dev/mmcblk0 size_bytes=31914983424 model=SD32G serial=0x1 colour=red");
  EXPECT_EQ(disk.said, Said::kDisk);
  EXPECT_EQ(disk.disk, (Disk{"/dev/mmcblk0", 31914983424U, "SD32G", "0x1"}));
  const Message progress = parse_line("PROGRESS download 40 20971520");
  EXPECT_EQ(progress.said, Said::kProgress);
  EXPECT_EQ(progress.word, "download");
  EXPECT_EQ(progress.percent, 40U);
  EXPECT_EQ(progress.bytes, 20971520U);
  const Message failed = parse_line("FAILED disk too small:\t4 of 16 GB");
  EXPECT_EQ(failed.said, Said::kFailed);
  EXPECT_EQ(failed.word, "disk");
  EXPECT_EQ(failed.text, "too small:?4 of 16 GB");
  EXPECT_EQ(parse_line("VERIFIED " + kHash).text, kHash);
}

TEST(InstallProtocol, HalfOfOurWordsIsNoise) {
  for (const std::string& line :
       {std::string("CAPABILITIES"), std::string("CAPABILITIES 0 http"), std::string("CAPABILITIES -1"),
        std::string("DISK path=/dev/sda"), std::string("DISK size_bytes=1"), std::string("DISK path=/d size_bytes=x"),
        std::string("PROGRESS"), std::string("PROGRESS a 101 5"), std::string("PROGRESS a 1"),
        std::string("PROGRESS a 1 99999999999999999999"), std::string("PROGRESS A 1 1"),
        std::string("PROGRESS a 1 1 1"), std::string("FAILED"), "FAILED " + std::string(33, 'a'),
        std::string("VERIFIED"), "VERIFIED " + std::string(63, 'a'), "VERIFIED " + std::string(64, 'A'),
        "VERIFIED " + kHash + "0"}) {
    EXPECT_EQ(parse_line(line).said, Said::kNoise) << line;
  }
}

/// The words that matter, in order.
std::string heard(std::string_view text, std::size_t piece) {
  LineReader reader;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    for (const std::string& line : reader.feed(text.substr(at, piece), SteadyTime{})) {
      const Said said = parse_line(line).said;
      if (said == Said::kInstalled) out += 'I';
      if (said == Said::kUninstalled) out += 'U';
      if (said == Said::kFormatted) out += 'F';
    }
  }
  return out;
}

TEST(InstallProtocol, BothDialectsInPiecesOfEverySizeAndCutAtEveryByte) {
  for (const test::Dialect& dialect : {test::source_dialect(), test::committed_dialect()}) {
    const std::string all = test::with_state(dialect.greeting, "IS_UNINSTALLED") + dialect.after_date +
                            dialect.after_format + dialect.after_transfer;
    for (std::size_t piece = 1; piece <= all.size(); ++piece) EXPECT_EQ(heard(all, piece), "UF") << dialect.name;
    for (std::size_t length = 0; length < all.size(); ++length) {
      const std::string cut = heard(std::string_view(all).substr(0, length), 7);
      EXPECT_TRUE(cut.empty() || cut == "U") << dialect.name << ' ' << length;
    }
  }
}

TEST(LineReader, LeavesLongLinesAwayAndGoesOnAfterThem) {
  LineReader reader({.line_bytes = 8});
  EXPECT_THAT(reader.feed("short\n123456789\n12345678\n", SteadyTime{}), ElementsAre("short", "12345678"));
  EXPECT_THAT(reader.feed(std::string(1000, 'x'), SteadyTime{}), IsEmpty());
  EXPECT_THAT(reader.feed("IS_OK\nIS_OK\n", SteadyTime{}), ElementsAre("IS_OK"));
}

TEST(LineReader, IsReadMoreSlowlyWhenItSaysTooMuch) {
  LineReader reader({.lines_per_second = 10, .lines_at_once = 20});
  const SteadyTime start{100s};
  EXPECT_EQ(reader.feed(std::string(20, '\n'), start).size(), 20U);
  EXPECT_LE(reader.read_again_at(), start);
  EXPECT_EQ(reader.feed(std::string(10, '\n'), start).size(), 10U);
  EXPECT_EQ(reader.read_again_at(), start + 1s);
  EXPECT_EQ(reader.feed("\n", start + 2s).size(), 1U);
  EXPECT_LE(reader.read_again_at(), start + 2s);
}

TEST(LineReader, CountsAllBytes) {
  LineReader reader({.line_bytes = 10, .total_bytes = 100});
  reader.feed(std::string(100, 'x'), SteadyTime{});
  EXPECT_FALSE(reader.is_over_limit());
  reader.feed("x", SteadyTime{});
  EXPECT_TRUE(reader.is_over_limit());
}

}  // namespace
}  // namespace piman::netboot::install
