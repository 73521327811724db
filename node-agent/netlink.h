// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "common/host_paths.h"
#include "common/result.h"

/// Questions to the kernel over netlink(7), and what it answers. The seam between the collectors and the socket.
namespace piman::agent {

struct NetlinkQuestion {
  int protocol = 0;  ///< NETLINK_ROUTE, NETLINK_GENERIC
  std::uint16_t type = 0;
  bool all = true;                 ///< a dump of all there are; else one answer is expected
  std::vector<std::uint8_t> body;  ///< see NetlinkBody
};

struct NetlinkReply {
  int refusal = 0;                     ///< the kernel's errno; 0: it answered
  std::vector<std::uint8_t> messages;  ///< see NetlinkMessages
};

/// Thread-safety: none, but the thread may change between calls.
class NetlinkSource {
 public:
  virtual ~NetlinkSource() = default;
  /// Errors: no socket, no answer in time, a broken one, or tables that change all the while.
  virtual Result<NetlinkReply> ask(const NetlinkQuestion& question) = 0;
};

/// The messages of a reply, for who has no use for a refusal. Errors: of ask(), or the refusal. `what` is in plural.
Result<std::vector<std::uint8_t>> messages_of(Result<NetlinkReply> reply, std::string_view what);

/// Asks this kernel, each time over a socket of its own, that is open for less than a second. Any user may ask. Nothing
/// where `paths` do not lead to the procfs of this kernel: netlink knows nothing of the trees of other machines.
std::unique_ptr<NetlinkSource> make_kernel_netlink(const HostPaths& paths);

}  // namespace piman::agent
