// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "common/result.h"
#include "netboot/dhcp/lease.h"

/// Where leases outlive the process. The DHCP service consumes this interface; who owns the database implements it.
namespace piman::netboot::dhcp {

/// Thread-safety: load() and commit() are called by one thread, the one that runs the service; `done` comes from any
/// thread.
class LeaseStore {
 public:
  /// Ok: the changes survive the death of this process. An error: none of them may be believed to be stored.
  using Done = std::function<void(Result<void> outcome)>;

  virtual ~LeaseStore() = default;

  /// Every stored lease, in any order, expired ones too. Called once, before anything is served; may block.
  virtual Result<std::vector<Lease>> load() = 0;

  /// Stores all of `changes`, in order, as one transaction, and then calls `done` exactly once: from any thread, also
  /// before commit() returns. Must not block for the disk: an ACK waits for `done`, all other clients do not.
  /// The service has at most one commit running; meanwhile it gathers the next one (group commit). `changes` may name
  /// the same address more than once: the last one counts. After a failed commit the service sends nothing for these
  /// changes and gives them again, in a later commit, when the clients ask again.
  /// A store that is destroyed calls `done` of the running commit (with either outcome) before its destructor returns.
  virtual void commit(std::vector<LeaseChange> changes, Done done) = 0;
};

}  // namespace piman::netboot::dhcp
