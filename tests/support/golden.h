// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "common/text.h"

/// Expected output kept in a file below tests/testdata. With UPDATE_GOLDEN=1 in the environment the file is rewritten,
/// and the test still fails: an update is a deliberate act, and its diff is read before it is committed.
namespace piman::test {

inline std::string testdata(std::string_view name) { return concat(PIMAN_TESTDATA, '/', name); }

/// "line 3: expected "a", got "b"", for the first line that differs.
inline std::string first_difference(std::string_view expected, std::string_view actual) {
  for (int line = 1; !expected.empty() || !actual.empty(); ++line) {
    const bool short_expected = expected.empty(), short_actual = actual.empty();
    const std::string_view want = next_until(expected, '\n');
    const std::string_view got = next_until(actual, '\n');
    if (want == got && short_expected == short_actual) continue;
    return concat("line ", line, ": expected ", short_expected ? "the end" : quote(want), ", got ",
                  short_actual ? "the end" : quote(got));
  }
  return "only the last line end differs";
}

/// What is wrong with `text` as the content of the file at `path`; empty when nothing is.
inline std::string golden_problem(const std::string& path, std::string_view text, bool update) {
  std::ifstream file(path, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.is_open() && expected == text) return {};
  if (!update) {
    return concat(file.is_open() ? first_difference(expected, text) : "there is no such file", "\n  in ", path,
                  "\n  UPDATE_GOLDEN=1 rewrites it");
  }
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  return concat("rewrote ", path, ": read its diff, then run again without UPDATE_GOLDEN");
}

/// Fails unless `text` is what tests/testdata/`name` holds.
inline void expect_golden(std::string_view name, std::string_view text) {
  const char* update = std::getenv("UPDATE_GOLDEN");
  const std::string problem =
      golden_problem(testdata(name), text, update != nullptr && update == std::string_view("1"));
  if (!problem.empty()) ADD_FAILURE() << problem;
}

}  // namespace piman::test
