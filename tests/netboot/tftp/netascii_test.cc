// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/netascii.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace piman::netboot::tftp {
namespace {

using namespace std::string_literals;

/// The oracle: the whole text at once.
std::string converted(std::string_view raw) {
  std::string out;
  for (const char c : raw) {
    if (c == '\n')
      out += "\r\n";
    else if (c == '\r')
      out += "\r\0"s;
    else
      out += c;
  }
  return out;
}

std::unique_ptr<NetasciiSource> source_of(const std::string& raw) {
  auto source = NetasciiSource::make(std::make_shared<TextSource>(std::make_shared<const std::string>(raw)));
  EXPECT_TRUE(source);
  return source ? std::move(*source) : nullptr;
}

std::string read(NetasciiSource& source, std::uint64_t offset, std::size_t length) {
  std::vector<std::uint8_t> out(length);
  EXPECT_TRUE(source.read(offset, out));
  return {out.begin(), out.end()};
}

TEST(Netascii, LineEnds) {
  const auto source = source_of("a\nb\rc\r\n\n");
  EXPECT_EQ(source->size_bytes(), 13U);
  EXPECT_EQ(read(*source, 0, 13), "a\r\nb\r\0c\r\0\r\n\r\n"s);
  EXPECT_EQ(source_of("")->size_bytes(), 0U);
}

TEST(Netascii, APairMayBeCutByABlockAnywhere) {
  const std::string raw = "ab\n\n\rcd\n";
  const std::string expected = converted(raw);
  const auto source = source_of(raw);
  for (std::size_t begin = 0; begin <= expected.size(); ++begin) {
    for (std::size_t end = begin; end <= expected.size(); ++end) {
      EXPECT_EQ(read(*source, begin, end - begin), expected.substr(begin, end - begin)) << begin << " " << end;
    }
  }
}

TEST(Netascii, LongTextsInAnyOrderOfBlocks) {
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    std::string raw(20'000 + random() % 20'000, 'x');
    for (char& c : raw) c = "ab\n\r"[random() % 4];
    if (round == 0) raw.assign(40'000, '\n');
    const std::string expected = converted(raw);
    const auto source = source_of(raw);
    ASSERT_EQ(source->size_bytes(), expected.size());
    for (int i = 0; i < 50; ++i) {
      const std::size_t offset = random() % expected.size();
      const std::size_t length = random() % std::min<std::size_t>(9000, expected.size() - offset);
      EXPECT_TRUE(read(*source, offset, length) == expected.substr(offset, length)) << offset << " " << length;
    }
    EXPECT_TRUE(read(*source, 0, expected.size()) == expected);
  }
}

TEST(Netascii, TooLongIsRefused) {
  const auto text = std::make_shared<const std::string>(NetasciiSource::kMaxRawBytes + 1, 'x');
  const auto source = NetasciiSource::make(std::make_shared<TextSource>(text));
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().message, "4194305 bytes are too many for netascii");
}

}  // namespace
}  // namespace piman::netboot::tftp
