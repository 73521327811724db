// SPDX-License-Identifier: Apache-2.0
#include "manager/images/image_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace piman::manager {
namespace {

using testing::HasSubstr;

TEST(ImageName, is_one_word_everywhere) {
  for (const char* good : {"a", "0", "raspios-lite", "my.image_2", "x11"}) EXPECT_TRUE(is_image_name(good)) << good;
  for (const char* bad : {"", "-a", ".a", "A", "a b", "a/b", "a@b", "a\n", "..", "\xc3\xa9"})
    EXPECT_FALSE(is_image_name(bad)) << bad;
  EXPECT_TRUE(is_image_name(std::string(kMostNameBytes, 'a')));
  EXPECT_FALSE(is_image_name(std::string(kMostNameBytes + 1, 'a')));
  EXPECT_TRUE(is_image_version("1.2-3+deb12u1~rc1_X"));
  EXPECT_FALSE(is_image_version("~1"));
}

TEST(ImageName, a_reference_has_a_version_or_means_the_newest) {
  EXPECT_EQ(*parse_image_ref("pios"), (ImageRef{"pios", ""}));
  EXPECT_EQ(*parse_image_ref("pios@2026-11"), (ImageRef{"pios", "2026-11"}));
  EXPECT_EQ(parse_image_ref("pios@2026-11")->to_string(), "pios@2026-11");
  EXPECT_EQ(parse_image_ref("pios")->to_string(), "pios");
  for (const char* bad : {"", "@1", "pios@", "pios@1@2", "pi os", "pios@1 ", "Pios"})
    EXPECT_FALSE(parse_image_ref(bad)) << bad;
  EXPECT_THAT(parse_image_ref("Pios").error().message, HasSubstr("\"Pios\" is no name"));
  EXPECT_THAT(parse_image_ref("pios@").error().message, HasSubstr("\"\" is no version"));
}

// What dpkg --compare-versions says of the same texts.
TEST(ImageVersion, grows_as_people_count) {
  const std::vector<std::string> sorted = {"0",    "1~~",     "1~rc1", "1~rc2", "1~rc10", "1",       "1a",        "1.9",
                                           "1.10", "1.10+b1", "2",     "9",     "2026-9", "2026-11", "2026-11-01"};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      const int order = compare_versions(sorted[i], sorted[j]);
      EXPECT_EQ(order < 0, i < j) << sorted[i] << ' ' << sorted[j];
      EXPECT_EQ(order == 0, i == j) << sorted[i] << ' ' << sorted[j];
    }
  }
}

TEST(ImageVersion, equal_numbers_are_two_versions_all_the_same) {
  EXPECT_NE(compare_versions("1.0", "1.00"), 0);
  EXPECT_EQ(compare_versions("1.0", "1.00"), -compare_versions("1.00", "1.0"));
  EXPECT_LT(compare_versions("99999999999999999999998", "99999999999999999999999"), 0);
}

}  // namespace
}  // namespace piman::manager
