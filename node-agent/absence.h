// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/host_files.h"
#include "common/result.h"
#include "node-agent/collector.h"

/// What it means that a file could not be read. Asked after a failure only, so that it costs nothing where all is well.
namespace piman::agent {

/// A path that does not exist is hardware or a kernel feature that this machine lacks; any other failure stays one.
inline Result<Outcome> absent_or_failed(const std::string& path, const Error& error) {
  if (!host_path_exists(path)) return Outcome::kAbsent;
  return fail(error.message);
}

}  // namespace piman::agent
