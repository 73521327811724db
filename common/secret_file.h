// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "common/result.h"

/// Communities, pass phrases and addresses that are secrets come from files: command lines and environments are seen by
/// others.
namespace piman {

/// The first line, without its line end. Errors: unreadable, not a regular file, readable by every user of the machine,
/// empty, or longer than `most_bytes`; they name the path and never the content.
Result<std::string> read_secret_file(const std::string& path, std::size_t most_bytes = 256);

}  // namespace piman
