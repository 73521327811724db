// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

/// Other people's programs, as witnesses.
namespace piman::test {

struct ShellRun {
  int status = -1;
  std::string said;  ///< both outputs
};

inline ShellRun shell(const std::string& command) {
  ShellRun run;
  std::FILE* pipe = ::popen(("PATH=$PATH:/usr/sbin:/sbin; { " + command + "; } 2>&1 </dev/null").c_str(), "r");
  if (pipe == nullptr) return run;
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    run.said.append(buffer.data(), got);
  }
  run.status = ::pclose(pipe);
  return run;
}

/// The output of a command that must work.
inline std::string shell_output(const std::string& command) {
  ShellRun run = shell(command);
  EXPECT_EQ(run.status, 0) << command << '\n' << run.said;
  return std::move(run.said);
}

}  // namespace piman::test
