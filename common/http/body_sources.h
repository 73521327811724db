// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/clock.h"
#include "common/http_content.h"
#include "common/http_types.h"
#include "common/result.h"
#include "common/unique_fd.h"

/// Where bodies come from that are not built as text: files and shared blocks.
namespace piman::http {

/// A regular file that is open already, as Content with the time of its last change and a tag made of its identity,
/// size and time. Read by pread(2) in pieces, not mapped: a file that is cut short while it is sent ends this
/// connection, not the program. Errors: not a regular file, or it can't be looked at; the message has no name in it.
Result<Content> file_content(UniqueFd file);

/// The same for a path. Errors name it.
Result<Content> open_content(const std::string& path);

/// Bytes in memory that several responses may share. `etag` as in Content.
Content memory_content(std::shared_ptr<const std::string> bytes, std::string etag);

}  // namespace piman::http
