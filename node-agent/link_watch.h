// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/host_paths.h"

/// Tells whether anything of the network devices may have changed, so that who shows two dozen attributes of each need
/// not read them all again to find them as they were. The seam between a collector and the kernel's announcements.
namespace piman::agent {

/// Thread-safety: none, but the thread may change between calls.
class LinkWatch {
 public:
  virtual ~LinkWatch() = default;
  /// Whether a device may have come, gone or changed since the last call; true at the first one, and whenever that
  /// can't be told. Ask before you read, so that what changes meanwhile is told at the next call.
  virtual bool may_have_changed() = 0;
};

/// Listens to RTM_NEWLINK and RTM_DELLINK of this network namespace (rtnetlink(7)): one system call that finds nothing
/// where nothing changed. Any user may listen. Null where `paths` are not the kernel's own trees, or without a socket.
std::unique_ptr<LinkWatch> make_kernel_link_watch(const HostPaths& paths);

}  // namespace piman::agent
