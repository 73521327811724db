// SPDX-License-Identifier: Apache-2.0
#include "common/http/credentials.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "common/http/bcrypt.h"
#include "common/text.h"

namespace piman::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SteadyTime kBegin{std::chrono::hours(1)};

std::string basic(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    bits = bits << 8U | static_cast<std::uint8_t>(c);
    for (count += 8; count >= 6; count -= 6) out += kDigits[bits >> (count - 6) & 63U];
  }
  if (count > 0) out += kDigits[bits << (6 - count) & 63U];
  while (out.size() % 4 != 0) out += '=';
  return concat("Basic ", out);
}

class CredentialsTest : public testing::Test {
 protected:
  Credentials make(std::size_t most_waiting = 2) {
    const auto matches = [this](const std::string& password, const std::string& hash) {
      ++hashes_;
      return hash == "hash of " + password;
    };
    return Credentials({{"alice", "hash of secret"}, {"bob", "hash of other:word"}}, {{"backup", sha256("token")}},
                       matches, most_waiting);
  }
  int hashes_ = 0;
};

TEST_F(CredentialsTest, LetsInByPasswordOrToken) {
  Credentials credentials = make();
  EXPECT_EQ(credentials.check(basic("alice:secret"), kBegin), Admission::kAdmitted);
  EXPECT_EQ(credentials.check(basic("bob:other:word"), kBegin), Admission::kAdmitted) << "colons in passwords";
  EXPECT_EQ(credentials.check("bAsIc " + basic("alice:secret").substr(6), kBegin), Admission::kAdmitted);
  EXPECT_EQ(credentials.check("Bearer token", kBegin), Admission::kAdmitted);
}

TEST_F(CredentialsTest, RefusesAllElse) {
  Credentials credentials = make();
  for (const std::string& header :
       {std::string(), std::string("Basic"), std::string("Basic "), std::string("Basic !!!!"),
        std::string("Basic YWxp"), basic("alice:"), basic("alice:Secret"), basic("alice"), basic(":secret"),
        basic("carol:secret"), basic("bob:secret"), basic(std::string_view("alice:secret\0", 13)),
        std::string("Bearer "), std::string("Bearer tokens"), std::string("Token token"),
        "Basic " + std::string(5000, 'A')}) {
    EXPECT_NE(credentials.check(header, kBegin + seconds(hashes_ * 2)), Admission::kAdmitted) << header.substr(0, 80);
  }
}

TEST_F(CredentialsTest, WhatWasCheckedIsRemembered) {
  Credentials credentials = make();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(credentials.check(basic("alice:secret"), kBegin), Admission::kAdmitted);
  EXPECT_EQ(hashes_, 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(credentials.check(basic("alice:wrong"), kBegin), Admission::kRefused);
  EXPECT_EQ(hashes_, 2);
}

TEST_F(CredentialsTest, AUserThatThereIsNotCostsTheSame) {
  Credentials credentials = make();
  EXPECT_EQ(credentials.check(basic("nobody:secret"), kBegin), Admission::kRefused);
  EXPECT_EQ(hashes_, 1) << "alice's hash was compared, and her password does not let nobody in";
}

TEST_F(CredentialsTest, GuessingIsBounded) {
  Credentials credentials = make();
  EXPECT_EQ(credentials.check(basic("alice:secret"), kBegin), Admission::kAdmitted);
  hashes_ = 0;
  int busy = 0;
  for (int i = 0; i < 1000; ++i) {
    busy += credentials.check(basic(concat("alice:", i)), kBegin + milliseconds(i * 10)) == Admission::kBusy ? 1 : 0;
    EXPECT_EQ(credentials.check(basic("alice:secret"), kBegin + milliseconds(i * 10)), Admission::kAdmitted)
        << "who was let in before goes on being let in";
  }
  EXPECT_LE(hashes_, 20) << "10 at once and one a second, in 10 seconds";
  EXPECT_GE(busy, 980);
  // bob, who never came by, gets in as soon as one may be computed again.
  EXPECT_EQ(credentials.check(basic("bob:other:word"), kBegin + seconds(12)), Admission::kAdmitted);
}

TEST_F(CredentialsTest, ARightPasswordCostsNoGuess) {
  Credentials credentials = make();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(credentials.check(basic(i % 2 == 0 ? "alice:secret" : "bob:other:word"), kBegin), Admission::kAdmitted);
  }
}

TEST_F(CredentialsTest, OnlySomeThreadsMayWaitForAHash) {
  std::promise<void> go_on;
  std::shared_future<void> may_go_on = go_on.get_future().share();
  std::atomic<int> begun = 0;
  std::atomic<int> at_once = 0;
  std::atomic<int> most_at_once = 0;
  Credentials credentials(
      {{"alice", "h"}}, {},
      [&](const std::string&, const std::string&) {
        ++begun;
        most_at_once = std::max(most_at_once.load(), ++at_once);
        may_go_on.wait();
        --at_once;
        return false;
      },
      2);
  std::vector<std::jthread> threads;
  std::atomic<int> done = 0;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      EXPECT_EQ(credentials.check(basic(concat("alice:", i)), kBegin), Admission::kRefused);
      ++done;
    });
  }
  // A third one is turned away instead of holding a thread of the server.
  const auto until = std::chrono::steady_clock::now() + seconds(5);
  Admission third = Admission::kRefused;
  std::vector<std::jthread> more;
  while (third != Admission::kBusy && std::chrono::steady_clock::now() < until) {
    if (begun == 0) continue;
    std::this_thread::sleep_for(milliseconds(50));  // until both are in
    third = credentials.check(basic("alice:third"), kBegin);
  }
  EXPECT_EQ(third, Admission::kBusy);
  go_on.set_value();
  threads.clear();
  EXPECT_EQ(done, 2);
  EXPECT_EQ(most_at_once, 1) << "one at a time";
}

TEST(Base64, DecodesAllAndNothingElse) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("YQ=="), "a");
  EXPECT_EQ(decode_base64("YWI="), "ab");
  EXPECT_EQ(decode_base64("YWJj"), "abc");
  EXPECT_EQ(decode_base64("+/+/"), "\xfb\xff\xbf");
  for (const char* text : {"Y", "YQ", "YQ=", "=", "====", "YQ==YQ==", "Y W=", "YQ==\n", "YW-_"}) {
    EXPECT_FALSE(decode_base64(text)) << text;
  }
}

TEST(Bcrypt, KnowsThePasswordOfAHash) {
  const auto matches = load_bcrypt();
  ASSERT_TRUE(matches) << matches.error().message;
  // The same hash by any of these names, as htpasswd, Go and Python write them.
  for (const char* version : {"2a", "2b", "2y"}) {
    const std::string hash = concat("$", version, "$05$abcdefghijklmnopqrstuuMceFj4VbmHOj8C7PetMxzZkwre/z.Ri");
    EXPECT_TRUE((*matches)("test", hash)) << version;
    for (const char* wrong : {"", "tes", "test ", "Test", "testtest"}) EXPECT_FALSE((*matches)(wrong, hash)) << wrong;
  }
  EXPECT_FALSE((*matches)("test", "no hash at all"));
  EXPECT_FALSE((*matches)("", ""));
}

}  // namespace
}  // namespace piman::http
