// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

/// Runs programs of the system: with arguments as they are, never through a shell.
namespace piman::manager {

/// Where a program is: in a folder of PATH, else in /usr/sbin or /sbin, which a user's PATH often lacks.
/// Errors: "mkfs.vfat is not installed; it is in the Debian package dosfstools".
Result<std::string> find_program(std::string_view name, std::string_view debian_package);

struct ProgramRun {
  std::vector<std::string> arguments;             ///< the first is the path of the program
  std::vector<std::string> environment;           ///< "NAME=value", all of it
  std::chrono::milliseconds time_limit{120'000};  ///< then it is killed
};

/// Waits for its end. Its input is empty.
/// Errors: it can't be started, takes too long, or ends with another status than 0; with the end of what it said.
Result<void> run_program(const ProgramRun& run);

}  // namespace piman::manager
