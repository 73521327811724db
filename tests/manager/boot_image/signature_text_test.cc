// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/signature_text.h"

#include <gmock/gmock.h>

#include "common/text.h"

namespace piman::manager {
namespace {

using testing::HasSubstr;

BootSignature sample() {
  BootSignature signature;
  for (std::size_t i = 0; i < signature.sha256.size(); ++i) signature.sha256[i] = static_cast<std::uint8_t>(i * 8 + 7);
  signature.signed_at = 1'652'640'519;
  for (std::size_t i = 0; i < kRsaBytes; ++i) signature.rsa.push_back(static_cast<std::uint8_t>(255 - i));
  return signature;
}

constexpr std::string_view kDigestLine = "070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff\n";

TEST(BootSignatureText, IsWhatBootloadersRead) {
  std::string rsa;
  for (std::size_t i = 256; i > 0; --i) {
    rsa += "0123456789abcdef"[(i - 1) / 16];
    rsa += "0123456789abcdef"[(i - 1) % 16];
  }
  EXPECT_EQ(format_boot_signature(sample()), concat(kDigestLine, "ts: 1652640519\nrsa2048: ", rsa, "\n"));
}

TEST(BootSignatureText, WithoutAKeyItHasTwoLines) {
  BootSignature signature = sample();
  signature.rsa.clear();
  EXPECT_EQ(format_boot_signature(signature), concat(kDigestLine, "ts: 1652640519\n"));
}

TEST(BootSignatureText, ComesBack) {
  const auto parsed = parse_boot_signature(format_boot_signature(sample()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->sha256, sample().sha256);
  EXPECT_EQ(parsed->signed_at, sample().signed_at);
  EXPECT_EQ(parsed->rsa, sample().rsa);
}

TEST(BootSignatureText, OtherLinesAndLineEndsAreTaken) {
  const std::string rsa(2 * kRsaBytes, 'A');
  const auto parsed =
      parse_boot_signature(concat(trim(kDigestLine), "\r\nts: 5\r\ntarget-soc: 2712\r\n\r\nrsa2048: ", rsa, "\r\n"));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->signed_at, 5);
  EXPECT_EQ(parsed->rsa, std::vector<std::uint8_t>(kRsaBytes, 0xaa));
}

TEST(BootSignatureText, WhatIsWrongIsSaid) {
  const auto error = [](std::string_view text) {
    const auto parsed = parse_boot_signature(text);
    return parsed ? std::string() : parsed.error().message;
  };
  const std::string rsa(2 * kRsaBytes, 'a');
  EXPECT_THAT(error(""), HasSubstr("first line is no SHA-256"));
  EXPECT_THAT(error("\n"), HasSubstr("first line is no SHA-256"));
  EXPECT_THAT(error("070f\n"), HasSubstr("first line is no SHA-256"));
  EXPECT_THAT(error(concat("zz", kDigestLine.substr(2))), HasSubstr("first line is no SHA-256"));
  EXPECT_THAT(error(concat(trim(kDigestLine), "00\n")), HasSubstr("first line is no SHA-256"));
  EXPECT_THAT(error(concat(kDigestLine, "ts: soon\n")), HasSubstr("\"soon\" is no time"));
  EXPECT_THAT(error(concat(kDigestLine, "ts: 1\nts: 2\n")), HasSubstr("two ts lines"));
  EXPECT_THAT(error(concat(kDigestLine, "rsa2048: abc\n")), HasSubstr("not 256 bytes"));
  EXPECT_THAT(error(concat(kDigestLine, "rsa2048: ", rsa, "aa\n")), HasSubstr("not 256 bytes"));
  EXPECT_THAT(error(concat(kDigestLine, "rsa2048: ", rsa, "\nrsa2048: ", rsa, '\n')), HasSubstr("two rsa2048"));
  EXPECT_THAT(error(concat(kDigestLine, std::string(5000, '\n'))), HasSubstr("longer than 4096"));
}

TEST(BootSignatureText, TruncatedAnywhereItIsNotTakenForSigned) {
  const std::string whole = format_boot_signature(sample());
  for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
    const auto parsed = parse_boot_signature(whole.substr(0, length));
    EXPECT_TRUE(!parsed || parsed->rsa.empty()) << length;
  }
}

}  // namespace
}  // namespace piman::manager
