// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "manager/config.h"

/// Which files make a site what it is, beside the boot files and images that it serves. Backup and restore ask the same
/// list, so that each file goes back to where the configuration says it is.
namespace piman::manager {

struct SiteFile {
  std::string role;  ///< in the backup: the key of the configuration that names it
  std::string path;
  bool is_secret = false;
};

/// The roles of the two that are not like the others: the configuration decides where the rest is, and the store is
/// copied by its database.
inline constexpr std::string_view kConfigRole = "config";
inline constexpr std::string_view kStoreRole = "store";

/// Without the configuration file and the store; paths that are set, whether there are such files or not.
std::vector<SiteFile> site_files(const Config& config);

}  // namespace piman::manager
