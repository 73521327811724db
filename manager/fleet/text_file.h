// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "common/result.h"

/// Reads the files that people write: configuration and inventory.
namespace piman::manager {

/// The content; nothing when there is no such file. Errors: unreadable, not a regular file, or more than `most_bytes`;
/// they name the path.
Result<std::optional<std::string>> read_text_file(const std::string& path, std::size_t most_bytes);

}  // namespace piman::manager
