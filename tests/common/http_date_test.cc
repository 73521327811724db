// SPDX-License-Identifier: Apache-2.0
#include "common/http_date.h"

#include <gtest/gtest.h>

namespace piman::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const WallTime kExample{seconds(784111777)};  // the one of RFC 9110

TEST(HttpDate, Writes) {
  EXPECT_EQ(format_http_date(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(kExample + milliseconds(999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(WallTime{}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_http_date(WallTime(seconds(951782400))), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(HttpDate, ReadsAllThreeForms) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kExample);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), kExample);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), kExample);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-69 08:49:37 GMT"), parse_http_date("Wed, 06 Nov 2069 08:49:37 GMT"));
}

TEST(HttpDate, EverySecondOfSomeDaysComesBack) {
  for (const std::int64_t day : {0, 58, 59, 60, 11016, 19782, 20454, 47540}) {
    for (std::int64_t second = 0; second < 86400; second += 61) {
      const WallTime time{seconds(day * 86400 + second)};
      ASSERT_EQ(parse_http_date(format_http_date(time)), time) << format_http_date(time);
    }
  }
}

TEST(HttpDate, NothingElseIsADate) {
  for (const char* text : {"",
                           " ",
                           "0",
                           "-1",
                           "now",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 30 Feb 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:00 GMT",
                           "Sun, 06 Nov 1994 08:49 GMT",
                           "Sun, 06 Nov 1994 8:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT x",
                           "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
                           "Sun, 06 Nov 1969 08:49:37 GMT",
                           "Sun, -6 Nov 1994 08:49:37 GMT",
                           "Sun Nov 32 08:49:37 1994",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sunday, 06-Nov 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(HttpDate, TruncatedAnywhereItIsNoDate) {
  const std::string whole = format_http_date(kExample);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse_http_date(whole.substr(0, length))) << length;
  }
}

}  // namespace
}  // namespace piman::http
