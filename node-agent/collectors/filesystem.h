// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/vfs.h>

#include <optional>
#include <string>
#include <string_view>

#include "node-agent/collector.h"

/// Size and use of mounted file systems, from 1/mounts under procfs and statfs(2).
namespace piman::agent {

/// One line of a mounts file. Source: proc(5), fstab(5).
struct Mount {
  std::string device;
  std::string mount_point;  ///< blanks, tabs, line ends and backslashes unescaped
  std::string type;
  bool read_only = false;
};
/// Nothing when the line has fewer than four fields.
std::optional<Mount> parse_mount(std::string_view line);

/// Whether a file system refuses writes now, by its mount or by itself (ext4 after errors). Pure.
bool is_read_only(const struct ::statfs& status);

Result<std::unique_ptr<Collector>> make_filesystem_collector(const CollectorContext& context);

}  // namespace piman::agent
