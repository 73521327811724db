// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"
#include "manager/store/records.h"
#include "netboot/hosts.h"
#include "netboot/observer.h"

/// Machines that asked to boot and stand in no inventory, until somebody accepts them. Pure: the time is an argument.
namespace piman::manager {

class PendingHosts {
 public:
  /// Those beyond `most` make room: first the ones that showed no boot program, then those that were silent longest.
  explicit PendingHosts(std::size_t most = 1024) : most_(most) {}

  /// What is to be stored: a host, or nothing for one that is to be erased.
  struct Change {
    MacAddress mac;
    std::optional<PendingHost> host;
  };
  /// Takes in a message from a machine that is not in `hosts`; others change nothing. Every message counts, but a host
  /// is given out to be stored only when something else of it is new or a minute has passed.
  /// Whether this machine was unknown until now.
  bool take(const netboot::DhcpEvent& event, const netboot::HostTable& hosts, WallTime now);
  /// Drops those that are in the inventory by now.
  void leave_out(const netboot::HostTable& hosts);
  /// What an earlier run stored.
  void restore(std::vector<PendingHost> hosts);
  std::vector<Change> take_changes();

  /// Boot programs of Pis first, then in the order in which they came.
  std::vector<PendingHost> list() const;
  std::optional<PendingHost> find(const MacAddress& mac) const;
  std::size_t size() const { return hosts_.size(); }

 private:
  struct Entry {
    PendingHost host;
    WallTime stored;
  };
  void make_room();

  const std::size_t most_;
  std::map<MacAddress, Entry> hosts_;
  std::vector<Change> changes_;
};

}  // namespace piman::manager
