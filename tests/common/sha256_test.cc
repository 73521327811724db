// SPDX-License-Identifier: Apache-2.0
#include "common/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace piman {
namespace {

TEST(Sha256, KnownDigests) {  // FIPS 180-4's examples, and those of coreutils' sha256sum
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, EveryLengthAroundABlockHasItsOwnDigest) {
  std::string last;
  for (std::size_t size = 50; size <= 130; ++size) {
    const std::string digest = to_hex(sha256(std::string(size, 'x')));
    EXPECT_NE(digest, last) << size;
    last = digest;
  }
  EXPECT_EQ(to_hex(sha256(std::string(64, 'x'))), "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c");
}

TEST(Sha256, TextOfDigests) {
  const Sha256Digest digest = sha256("abc");
  EXPECT_EQ(parse_sha256(to_hex(digest)), digest);
  EXPECT_EQ(parse_sha256("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"), digest);
  const std::string text = to_hex(digest);
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_sha256(text.substr(0, size))) << size;
  EXPECT_FALSE(parse_sha256(text + "0"));
  EXPECT_FALSE(parse_sha256("g" + text.substr(1)));
}

TEST(Sha256, Comparison) {
  Sha256Digest other = sha256("abc");
  EXPECT_TRUE(equal_in_constant_time(other, sha256("abc")));
  for (std::uint8_t& byte : other) {
    byte ^= 0x80U;
    EXPECT_FALSE(equal_in_constant_time(other, sha256("abc")));
    byte ^= 0x80U;
  }
}

}  // namespace
}  // namespace piman
