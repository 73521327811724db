// SPDX-License-Identifier: Apache-2.0
#include "common/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <string>

namespace piman {
namespace {

/// By another library than the one that packed it. Empty when it is not wholly one gzip member.
std::string unpacked(std::string packed, std::size_t most) {
  ::z_stream stream{};
  if (::inflateInit2(&stream, 15 + 16) != Z_OK) return {};
  std::string out(most + 1, '\0');
  stream.next_in = reinterpret_cast<unsigned char*>(packed.data());
  stream.avail_in = static_cast<unsigned>(packed.size());
  stream.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  const int end = ::inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  const bool whole = end == Z_STREAM_END && stream.avail_in == 0;
  ::inflateEnd(&stream);
  return whole ? out : "not one whole gzip member";
}

TEST(Gzip, RoundTripsAndReusesItsMemory) {
  GzipCompressor compressor;
  std::mt19937 random(7);
  std::string packed = "what was there before";
  for (const std::size_t size : {0U, 1U, 60'000U, 5'000'000U, 10U, 100'000U}) {
    std::string page(size, 'x');
    for (char& c : page) c = static_cast<char>('0' + random() % 10);
    compressor.compress(page, packed);
    EXPECT_TRUE(unpacked(packed, size) == page) << size;
    EXPECT_LT(packed.size(), page.size() * 6 / 10 + 64);
  }
}

TEST(Gzip, WhatDoesNotShrinkStillFits) {
  std::mt19937 random(8);
  std::string noise(100'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  std::string packed;
  GzipCompressor().compress(noise, packed);
  EXPECT_TRUE(unpacked(packed, noise.size()) == noise);
}

using Outcome = GzipDecompressor::Outcome;

TEST(Gunzip, UndoesWhatGzipDoes) {
  GzipCompressor compressor;
  GzipDecompressor decompressor;
  std::mt19937 random(7);
  std::string packed;
  for (const std::size_t size : {0U, 1U, 60'000U, 5'000'000U, 10U, 400'000U}) {
    std::string page(size, 'x');
    for (char& c : page) c = static_cast<char>('0' + random() % 10);
    compressor.compress(page, packed);
    ASSERT_EQ(decompressor.decompress(packed, 5'000'000), Outcome::kGood) << size;
    EXPECT_TRUE(decompressor.text() == page) << size;
    if (size > 0) {
      EXPECT_EQ(decompressor.decompress(packed, size - 1), Outcome::kTooLarge) << size;
    }
    ASSERT_EQ(decompressor.decompress(packed, size), Outcome::kGood) << size;
    // Two members are one text (RFC 1952 section 2.2).
    const std::string twice = packed + packed;
    ASSERT_EQ(decompressor.decompress(twice, 10'000'000), Outcome::kGood) << size;
    EXPECT_TRUE(decompressor.text() == page + page) << size;
  }
}

TEST(Gunzip, RefusesWhatIsCutOrChanged) {
  GzipCompressor compressor;
  GzipDecompressor decompressor;
  std::string packed;
  compressor.compress("node_load1 0.5\nnode_load5 0.25\n", packed);
  for (std::size_t length = 0; length < packed.size(); ++length) {
    EXPECT_EQ(decompressor.decompress(packed.substr(0, length), 1000), Outcome::kBroken) << length;
  }
  std::string changed = packed;
  changed[packed.size() - 6] = static_cast<char>(changed[packed.size() - 6] ^ 1);  // of the checksum
  EXPECT_EQ(decompressor.decompress(changed, 1000), Outcome::kBroken);
  EXPECT_EQ(decompressor.decompress(packed + "tail", 1000), Outcome::kBroken);
  EXPECT_EQ(decompressor.decompress("no gzip at all, but long enough", 1000), Outcome::kBroken);
}

TEST(Gunzip, ABombIsCut) {
  GzipCompressor compressor;
  GzipDecompressor decompressor;
  std::string packed;
  compressor.compress(std::string(50'000'000, 'x'), packed);
  EXPECT_EQ(decompressor.decompress(packed, 1'000'000), Outcome::kTooLarge);
}

}  // namespace
}  // namespace piman
