// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/http_failure.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

TEST(HttpFailure, ClassesOfErrno) {
  EXPECT_EQ(error_of_errno(ECONNREFUSED), ScrapeError::kRefused);
  EXPECT_EQ(error_of_errno(EHOSTUNREACH), ScrapeError::kUnreachable);
  EXPECT_EQ(error_of_errno(ENETUNREACH), ScrapeError::kUnreachable);
  EXPECT_EQ(error_of_errno(ETIMEDOUT), ScrapeError::kTimeout);
  EXPECT_EQ(error_of_errno(ECONNRESET), std::nullopt);
  EXPECT_EQ(error_of_errno(0), std::nullopt);
  EXPECT_TRUE(is_answer_of_host(ECONNREFUSED));
  EXPECT_TRUE(is_answer_of_host(ECONNRESET));
  EXPECT_FALSE(is_answer_of_host(EHOSTUNREACH));
  EXPECT_FALSE(is_answer_of_host(0));
}

TEST(HttpFailure, HasWordsForEachClass) {
  const milliseconds five(5000);
  EXPECT_EQ(describe({ScrapeError::kNone, true, 0, five, 10, false, "x"}), "");
  EXPECT_EQ(describe({ScrapeError::kTimeout, false, 0, five, 10, false, "x"}), "no answer within 5000 ms");
  EXPECT_EQ(describe({ScrapeError::kTimeout, true, 0, five, 10, false, "x"}), "no whole answer within 5000 ms");
  EXPECT_EQ(describe({ScrapeError::kTooLarge, true, 0, five, 10, false, "x"}), "more than 10 bytes");
  EXPECT_EQ(describe({ScrapeError::kTooLarge, true, 0, five, 10, true, "x"}), "more than 10 bytes of headers");
  EXPECT_EQ(describe({ScrapeError::kRefused, true, ECONNREFUSED, five, 10, false, "x"}), "connection refused");
  EXPECT_EQ(describe({ScrapeError::kUnreachable, false, EHOSTUNREACH, five, 10, false, "x"}), "No route to host");
  EXPECT_EQ(describe({ScrapeError::kOther, true, ECONNRESET, five, 10, false, "x"}), "Connection reset by peer");
  EXPECT_EQ(describe({ScrapeError::kOther, true, 0, five, 10, false, "x"}), "x");
  EXPECT_EQ(describe({ScrapeError::kMalformed, true, EAGAIN, five, 10, false, "x"}), "x");
}

}  // namespace
}  // namespace piman::manager
