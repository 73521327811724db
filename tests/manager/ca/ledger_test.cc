// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace piman::manager::ca {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Ledger, IsReadAsItWasWritten) {
  const std::vector<LedgerEntry> entries = {{"0A1B", "pi7", std::chrono::system_clock::from_time_t(1'800'000'000)},
                                            {"FF", "pi-8.lab_1", std::chrono::system_clock::from_time_t(0)}};
  const std::string text = render_ledger(entries);
  EXPECT_EQ(text, "0A1B;pi7;1800000000\nFF;pi-8.lab_1;0\n");
  EXPECT_EQ(parse_ledger(text).value(), entries);
  EXPECT_THAT(parse_ledger("").value(), IsEmpty());
}

TEST(Ledger, ALineThatIsNoneIsNoReasonToForgetTheRest) {
  for (const char* text :
       {"0A;pi7;1\nbroken\n", "0A;pi7;1\n;pi7;1\n", "0A;pi7;1\n0a;pi7;1\n", "0A;pi7;1\n0A;../x;1\n",
        "0A;pi7;1\n0A;pi7;\n", "0A;pi7;1\n0A;pi7;-1\n", "0A;pi7;1\n0A;pi7;99999999999999999\n", "0A;pi7;1\n\n"}) {
    const auto entries = parse_ledger(text);
    ASSERT_FALSE(entries) << text;
    EXPECT_THAT(entries.error().message, HasSubstr("line 2"));
  }
  const std::string whole = "0A1B;pi7;1800000000\n";
  for (std::size_t size = 1; size < 9; ++size) EXPECT_FALSE(parse_ledger(whole.substr(0, size))) << size;
}

TEST(CertificateName, IsNoPathAndNoFileOfTheCa) {
  for (const char* name : {"pi7", "pi-7.lab_1", "7", "_"}) EXPECT_TRUE(is_certificate_name(name)) << name;
  for (const char* name : {"", "ca", "ca-2", "-x", ".x", "a/b", "a..b", "a b", "a;b"})
    EXPECT_FALSE(is_certificate_name(name)) << name;
  EXPECT_FALSE(is_certificate_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace piman::manager::ca
