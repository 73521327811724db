// SPDX-License-Identifier: Apache-2.0
#include "manager/api/api_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_tree.h"

namespace piman::manager::api {
namespace {

using ::testing::HasSubstr;

TEST(ApiToken, IsMadeOnceForItsOwnerOnly) {
  const piman::test::TempTree tree;
  const std::string file = tree.path("api.token");
  const auto made = read_or_make_token(file);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->size(), 64U);
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(*read_or_make_token(file), *made);
  EXPECT_EQ(*read_token(file), *made);
}

TEST(ApiToken, FilesThatAreNoSecretAreRefused) {
  const piman::test::TempTree tree(
      {{"open", "secret\n"}, {"empty", "\n"}, {"odd", "a b\n"}, {"long", std::string(600, 'x')}});
  for (const char* name : {"empty", "odd", "long"}) ::chmod(tree.path(name).c_str(), 0600);
  ::chmod(tree.path("open").c_str(), 0644);
  EXPECT_THAT(read_token(tree.path("open")).error().message, HasSubstr("chmod 640"));
  EXPECT_THAT(read_token(tree.path("empty")).error().message, HasSubstr("is empty"));
  EXPECT_THAT(read_token(tree.path("odd")).error().message, HasSubstr("other characters"));
  EXPECT_THAT(read_token(tree.path("long")).error().message, HasSubstr("longer"));
  EXPECT_THAT(read_token(tree.path("none")).error().message, HasSubstr("No such file"));
  EXPECT_THAT(read_token(tree.path(".")).error().message, HasSubstr("is no file"));
}

TEST(ApiToken, OnlyTheWholeTokenCounts) {
  const auto with = [](std::string_view header) {
    http::Request request;
    request.headers = {{"Authorization", std::string(header)}};
    return has_token(request, "secret");
  };
  EXPECT_TRUE(with("Bearer secret"));
  EXPECT_TRUE(with("bearer  secret "));
  for (const char* wrong :
       {"Bearer secre", "Bearer secrets", "Bearer ", "Basic secret", "secret", "", "Bearer Secret"}) {
    EXPECT_FALSE(with(wrong)) << wrong;
  }
  EXPECT_FALSE(has_token(http::Request{}, "secret"));
  http::Request empty;
  empty.headers = {{"Authorization", "Bearer "}};
  EXPECT_FALSE(has_token(empty, "")) << "a server without a token takes no order";
}

}  // namespace
}  // namespace piman::manager::api
