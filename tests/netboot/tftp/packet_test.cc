// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/packet.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "netboot/tftp/options.h"

namespace piman::netboot::tftp {
namespace {

using namespace std::string_literals;

// NUL bytes stand in the literals: ""s keeps them.
std::vector<std::uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }

tl::expected<Message, Malformed> decode_text(const std::string& text) {
  static std::vector<std::uint8_t> kept;  // views of the message point into it
  kept = bytes(text);
  return decode(kept);
}

Request request(const std::string& text) {
  const auto message = decode_text(text);
  if (!message || !std::holds_alternative<Request>(*message)) {
    ADD_FAILURE() << "no request";
    return {};
  }
  return std::get<Request>(*message);
}

std::string malformed(const std::string& text) {
  const auto message = decode_text(text);
  return message ? "fine" : std::string(word(message.error()));
}

std::string encoded(const OptionList& options) {
  std::array<std::uint8_t, kMaxOptionAckBytes> out{};
  return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(encode_option_ack(options, out))};
}

TEST(Packet, PlainReadRequest) {
  const Request plain = request("\0\1bootcode.bin\0octet\0"s);
  EXPECT_FALSE(plain.is_write);
  EXPECT_EQ(plain.filename, "bootcode.bin");
  EXPECT_EQ(plain.mode, Mode::kOctet);
  EXPECT_TRUE(plain.options.empty());
}

TEST(Packet, ModesInAnyCase) {
  EXPECT_EQ(request("\0\1a\0OCTET\0"s).mode, Mode::kOctet);
  EXPECT_EQ(request("\0\1a\0NetASCII\0"s).mode, Mode::kNetascii);
  EXPECT_EQ(request("\0\1a\0mail\0"s).mode, Mode::kUnknown);
  EXPECT_EQ(request("\0\1a\0\0"s).mode, Mode::kUnknown);
  EXPECT_TRUE(request("\0\2a\0octet\0"s).is_write);
}

TEST(Packet, OptionsAsAPi4Asks) {
  const Request asked = request(
      "\0\1b66c4c16/start4.elf\0octet\0tsize\0"
      "0\0blksize\0"
      "1468\0"s);
  ASSERT_EQ(asked.options.end() - asked.options.begin(), 2);
  EXPECT_EQ(asked.options.begin()[0].kind, OptionKind::kTransferSize);
  EXPECT_EQ(asked.options.begin()[1].kind, OptionKind::kBlockSize);
  EXPECT_EQ(asked.options.find(OptionKind::kBlockSize), 1468);
}

TEST(Packet, OptionsUnknownOutOfRangeOrTwiceAreLeftOut) {
  const auto options = [](const std::string& text) { return request("\0\1a\0octet\0"s + text).options; };
  EXPECT_TRUE(options("multicast\0\0"s).empty());
  EXPECT_TRUE(options("blksize\0"
                      "7\0"s)
                  .empty());
  EXPECT_EQ(options("blksize\0"
                    "8\0"s)
                .find(OptionKind::kBlockSize),
            8);
  EXPECT_EQ(options("BLKSIZE\0"
                    "65464\0"s)
                .find(OptionKind::kBlockSize),
            65464);
  EXPECT_TRUE(options("blksize\0"
                      "65465\0"s)
                  .empty());
  EXPECT_TRUE(options("blksize\0"
                      "-1\0"s)
                  .empty());
  EXPECT_TRUE(options("blksize\0"
                      "512 \0"s)
                  .empty());
  EXPECT_TRUE(options("timeout\0"
                      "0\0timeout\0"
                      "256\0"s)
                  .empty());
  EXPECT_EQ(options("timeout\0"
                    "255\0"s)
                .find(OptionKind::kTimeout),
            255);
  EXPECT_TRUE(options("windowsize\0"
                      "0\0windowsize\0"
                      "65536\0"s)
                  .empty());
  EXPECT_TRUE(options("tsize\0"
                      "18446744073709551616\0"s)
                  .empty());
  EXPECT_EQ(options("blksize\0"
                    "1024\0blksize\0"
                    "512\0"s)
                .find(OptionKind::kBlockSize),
            1024);
}

TEST(Packet, PaddingAfterTheLastFieldIsNoOption) {
  EXPECT_TRUE(request("\0\1a\0octet\0\0\0\0\0"s).options.empty());
  EXPECT_EQ(request("\0\1a\0octet\0tsize\0"
                    "0\0\0\0"s)
                .options.find(OptionKind::kTransferSize),
            0);
}

TEST(Packet, AckAndError) {
  EXPECT_EQ(std::get<Ack>(*decode_text("\0\4\xAB\xCD"s)).block, 0xABCD);
  const auto error = std::get<ErrorMessage>(*decode_text("\0\5\0\0Early terminate\0"s));
  EXPECT_EQ(error.code, 0);
  EXPECT_EQ(error.text, "Early terminate");
  EXPECT_EQ(std::get<ErrorMessage>(*decode_text("\0\5\0\10"s)).code, 8);
}

TEST(Packet, Malformed) {
  EXPECT_EQ(malformed(""), "too_short");
  EXPECT_EQ(malformed("\0"s), "too_short");
  EXPECT_EQ(malformed("\0\4\0"s), "too_short");
  EXPECT_EQ(malformed("\0\5\0"s), "too_short");
  EXPECT_EQ(malformed("\0\0xx"s), "unknown_opcode");
  EXPECT_EQ(malformed("\0\7xx"s), "unknown_opcode");
  EXPECT_EQ(malformed("\1\1a\0octet\0"s), "unknown_opcode");
  EXPECT_EQ(malformed("\0\3\0\1data"s), "not_for_servers");
  EXPECT_EQ(malformed("\0\6blksize\0"
                      "8\0"s),
            "not_for_servers");
  EXPECT_EQ(malformed("\0\1\0octet\0"s), "empty_name");
  EXPECT_EQ(malformed("\0\1a\0octet"s), "unterminated_text");
  EXPECT_EQ(malformed("\0\1a\0octet\0tsize"s), "unterminated_text");
  EXPECT_EQ(malformed("\0\1a\0octet\0tsize\0"
                      "0"s),
            "unpaired_option");
  EXPECT_EQ(malformed("\0\1a\0octet\0tsize\0"s), "unpaired_option");
  std::string many = "\0\1a\0octet\0"s;
  for (std::size_t i = 0; i < kMaxOptions; ++i) many += "x\0y\0"s;
  EXPECT_EQ(malformed(many), "fine");
  EXPECT_EQ(malformed(many + "x\0y\0"s), "too_many_options");
}

TEST(Packet, ARequestCutAtAnyLengthIsNeverTakenForMore) {
  const std::string whole =
      "\0\1dir/file\0octet\0tsize\0"
      "0\0blksize\0"
      "1468\0"s;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto message = decode_text(whole.substr(0, length));
    if (!message) continue;
    // What is left is whole only after the mode or after an option's value.
    EXPECT_TRUE(length == whole.find("tsize") || length == whole.find("blksize")) << length;
    EXPECT_EQ(std::get<Request>(*message).filename, "dir/file");
  }
}

TEST(Packet, Encodes) {
  std::array<std::uint8_t, 4> header{};
  encode_data_header(0xFFFE, header);
  EXPECT_EQ(header, (std::array<std::uint8_t, 4>{0, 3, 0xFF, 0xFE}));
  std::array<std::uint8_t, 16> out{};
  EXPECT_EQ(encode_error(ErrorCode::kNotFound, "gone", out), 9U);
  EXPECT_EQ(std::string(out.begin(), out.begin() + 9), "\0\5\0\1gone\0"s);
  EXPECT_EQ(encode_error(ErrorCode::kUndefined, std::string(100, 'x'), out), 16U);
  EXPECT_EQ(out.back(), 0);
  EXPECT_EQ(encode_error(ErrorCode::kUndefined, "a\0b"s, out), 6U);
}

TEST(Options, OnlyWhatWasAskedIsAnsweredInTheOrderOfAsking) {
  const OptionLimits limits;
  EXPECT_EQ(encoded(negotiate(request("\0\1a\0octet\0blksize\0"
                                      "65464\0tsize\0"
                                      "0\0"s)
                                  .options,
                              33, limits)
                        .reply),
            "\0\6blksize\0"
            "1468\0tsize\0"
            "33\0"s);
  const Agreement none = negotiate({}, 33, limits);
  EXPECT_TRUE(none.reply.empty());
  EXPECT_EQ(none.block_bytes, 512U);
  EXPECT_EQ(none.window_blocks, 1);
}

TEST(Options, AreNeverAnsweredWithMoreThanAsked) {
  const OptionLimits limits{.max_block_bytes = 1400, .max_window_blocks = 16};
  const auto agreed = [&](const std::string& text) {
    return negotiate(request("\0\1a\0octet\0"s + text).options, 1, limits);
  };
  EXPECT_EQ(agreed("blksize\0"
                   "8\0"s)
                .block_bytes,
            8U);
  EXPECT_EQ(agreed("blksize\0"
                   "1401\0"s)
                .block_bytes,
            1400U);
  EXPECT_EQ(agreed("windowsize\0"
                   "4\0"s)
                .window_blocks,
            4);
  EXPECT_EQ(agreed("windowsize\0"
                   "65535\0"s)
                .window_blocks,
            16);
  EXPECT_EQ(agreed("timeout\0"
                   "7\0"s)
                .timeout,
            std::chrono::seconds(7));
  EXPECT_EQ(encoded(agreed("windowsize\0"
                           "17\0timeout\0"
                           "7\0"s)
                        .reply),
            "\0\6windowsize\0"
            "16\0timeout\0"
            "7\0"s);
}

TEST(Options, TheLongestOptionAckFits) {
  OptionList all;
  for (std::size_t i = 0; i < kOptionKinds; ++i) all.add(static_cast<OptionKind>(i), ~std::uint64_t{0});
  EXPECT_LE(encoded(all).size(), kMaxOptionAckBytes);
}

}  // namespace
}  // namespace piman::netboot::tftp
