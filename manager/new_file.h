// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.h"

/// Files that commands make for people: whole and durable, or not at all, and never in place of another by accident.
namespace piman::manager {

struct NewFile {
  std::string path;
  std::string_view text;
  ::mode_t mode = 0644;
  bool replaces = false;                  ///< what stands there; it stays beside it as `.old`
  bool belongs_to_folders_owner = false;  ///< made by root in the folder of a service, it is the service's
};

/// Returns where the former file is; empty: there was none. Errors: it is there already; the disk. They name the path.
Result<std::string> write_new_file(const NewFile& file);

/// Makes a folder and those above it, as the owner of the folder that it is in. One that is there is left alone.
Result<void> make_folder(const std::string& path);

bool is_there(const std::string& path);

}  // namespace piman::manager
