// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/program.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>

#include "common/clock.h"
#include "common/text.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using testing::HasSubstr;

std::string error_of(const ProgramRun& run) {
  const auto ran = run_program(run);
  return ran ? "" : ran.error().message;
}

TEST(RunProgram, Works) { EXPECT_EQ(error_of({{"/bin/true"}, {}}), ""); }

TEST(RunProgram, ArgumentsAndEnvironmentAreExactlyThose) {
  const test::TempTree tree;
  ASSERT_EQ(error_of({{"/bin/sh", "-c", "printf '%s|%s|%s' \"$1\" \"$ONLY\" \"$HOME\" > \"$0\"", tree.path("out"),
                       "a b;$(false)*"},
                      {"ONLY=this"}}),
            "");
  EXPECT_EQ(test::read_file(tree.path("out")), "a b;$(false)*|this|");
}

TEST(RunProgram, WhatItSaidIsInTheError) {
  EXPECT_EQ(error_of({{"/bin/sh", "-c", "echo first; echo why >&2; exit 3"}, {}}),
            "sh ended with status 3: first\nwhy");
  EXPECT_THAT(error_of({{"/bin/sh", "-c", "kill -9 $$"}, {}}), HasSubstr("killed by signal 9"));
}

TEST(RunProgram, NoMoreThanTheEndOfWhatItSaid) {
  const std::string error =
      error_of({{"/bin/sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; exit 1"}, {}});
  EXPECT_LT(error.size(), 1100U);
  EXPECT_THAT(error, HasSubstr("line 19999"));
}

TEST(RunProgram, OneThatHangsIsEnded) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(error_of({{"/bin/sleep", "30"}, {}, std::chrono::milliseconds(200)}), HasSubstr("took longer than"));
  EXPECT_LT(to_seconds(std::chrono::steady_clock::now() - begin), 5);
}

TEST(RunProgram, ReadsNothing) { EXPECT_EQ(error_of({{"/bin/cat"}, {}}), ""); }

TEST(RunProgram, NoSuchProgram) { EXPECT_THAT(error_of({{"/no/such"}, {}}), HasSubstr("/no/such: No such file")); }

TEST(FindProgram, LooksBesideThePathOfUsers) {
  const char* path = std::getenv("PATH");
  const std::string before = path == nullptr ? "" : path;
  ::setenv("PATH", "relative::/nowhere", 1);
  EXPECT_TRUE(find_program("ldconfig", "libc-bin"));
  const auto missing = find_program("no-such-program", "some-package");
  ::setenv("PATH", before.c_str(), 1);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message,
            "no-such-program is not installed; it is in the Debian package some-package: apt-get install some-package");
}

}  // namespace
}  // namespace piman::manager
