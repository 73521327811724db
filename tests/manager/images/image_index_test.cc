// SPDX-License-Identifier: Apache-2.0
#include "manager/images/image_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/text.h"

namespace piman::manager {
namespace {

using testing::HasSubstr;

StoredImage image_of(std::string name, std::string version, char digit = 'a') {
  return {std::move(name), std::move(version), "tar.gz", std::string(64, digit), 10, 100, 7, "arm64", 1'800'000'000};
}

ImageIndex sample() {
  ImageIndex index;
  index.insert(image_of("pios", "10", 'b'));
  index.insert(image_of("tiny", "1", 'c'));
  index.insert(image_of("pios", "9", 'a'));
  index.default_ref = ImageRef{"pios", ""};
  return index;
}

TEST(ImageIndex, a_name_is_its_newest_version) {
  const ImageIndex index = sample();
  EXPECT_EQ(index.find({"pios", ""})->version, "10");
  EXPECT_EQ(index.find({"pios", "9"})->version, "9");
  EXPECT_EQ(index.find({"pios", "8"}), nullptr);
  EXPECT_EQ(index.find({"pio", ""}), nullptr);
  EXPECT_EQ(index.default_image()->ref().to_string(), "pios@10");
  EXPECT_TRUE(index.uses_blob(std::string(64, 'c')));
  EXPECT_FALSE(index.uses_blob(std::string(64, 'd')));
}

TEST(ImageIndex, a_default_that_is_gone_is_none) {
  ImageIndex index = sample();
  index.default_ref = ImageRef{"pios", "8"};
  EXPECT_EQ(index.default_image(), nullptr);
  index.default_ref.reset();
  EXPECT_EQ(index.default_image(), nullptr);
  index.erase({"pios", "10"});
  EXPECT_EQ(index.find({"pios", ""})->version, "9");
}

TEST(ImageIndex, comes_back_as_it_was_written) {
  for (const ImageIndex& index : {sample(), ImageIndex{}}) {
    const auto again = parse_image_index(format_image_index(index));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, index);
  }
  EXPECT_EQ(format_image_index(ImageIndex{}), "piman images 1\nend 0\n");
}

TEST(ImageIndex, cut_anywhere_it_is_refused) {
  const std::string text = format_image_index(sample());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_image_index(std::string_view(text).substr(0, size))) << size;
  }
}

TEST(ImageIndex, a_line_that_is_wrong_is_named) {
  const std::string good = format_image_index(sample());
  const auto error_with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto parsed = parse_image_index(text);
    return parsed ? "it was taken: " + text : parsed.error().message;
  };
  EXPECT_THAT(error_with("images 1", "images 2"), HasSubstr("line 1: \"piman images 2\" is not"));
  EXPECT_THAT(error_with("pios 9 ", "pios 11 "), HasSubstr("line 3: "));  // not in its order
  EXPECT_THAT(error_with("pios 9 ", "pios 10 "), HasSubstr("line 3: "));  // there twice
  EXPECT_THAT(error_with("tar.gz", "tar"), HasSubstr("line 2: "));
  EXPECT_THAT(error_with(" 100 ", " -1 "), HasSubstr("is no image"));
  EXPECT_THAT(error_with(" 100 ", "  100 "), HasSubstr("is no image"));
  EXPECT_THAT(error_with("aaaa", "aaA/"), HasSubstr("is no image"));
  EXPECT_THAT(error_with("arm64", "ARM"), HasSubstr("is no image"));
  EXPECT_THAT(error_with("default pios", "default pios@"), HasSubstr("is no default"));
  EXPECT_THAT(error_with("default pios\n", "default pios\ndefault pios\n"), HasSubstr("is no default"));
  EXPECT_THAT(error_with("end 3", "end 2"), HasSubstr("is not the end"));
  EXPECT_THAT(error_with("end 3", "end 03"), HasSubstr("is not the end"));
  EXPECT_THAT(error_with("end 3\n", "end 3\nend 3\n"), HasSubstr("is not the end"));
  EXPECT_THAT(error_with("default", "standard"), HasSubstr("is unknown"));
  EXPECT_THAT(parse_image_index(std::string(kMostIndexBytes + 1, 'x')).error().message, HasSubstr("more than"));
}

TEST(ImageIndex, holds_no_more_than_its_bound) {
  std::string text = "piman images 1\n";
  for (std::size_t i = 0; i <= kMostImages; ++i) {
    text += concat("image x ", i, " tar.gz ", std::string(64, '0'), " 1 1 1 arm64 0\n");
  }
  EXPECT_THAT(parse_image_index(concat(text, "end ", kMostImages + 1, '\n')).error().message,
              HasSubstr("is more than 10000"));
}

}  // namespace
}  // namespace piman::manager
