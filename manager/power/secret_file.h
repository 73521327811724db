// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/result.h"

/// Communities and pass phrases come from files: command lines and environments are seen by others.
namespace piman::power {

/// The first line, without its line end. Errors: unreadable, not a regular file, readable by every user of the machine,
/// empty, or longer than 256 bytes; they name the path and never the content.
Result<std::string> read_secret_file(const std::string& path);

}  // namespace piman::power
