// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "netboot/dhcp/config.h"
#include "netboot/dhcp/lease_table.h"

/// How much of the pools is left, for those who ask beside the thread that gives addresses.
namespace piman::netboot::dhcp {

struct PoolUse {
  AddressRange range;
  /// Nobody has or is offered these, they are not reserved, not in quarantine, and not the server's or a router's own.
  std::uint32_t free = 0;
};

/// The pools' numbers as they were last published. Both ways take time in the number of pools, whatever their size:
/// each pool counts its free addresses as they come and go.
/// Thread-safety: publish() belongs to the thread of the table; read() may be called from any thread, and waits for
/// nobody.
class PoolCounts {
 public:
  /// `counted` false: nobody is given an address of a pool here, so that there is nothing to count.
  PoolCounts(const LeaseTable& table, bool counted);

  bool empty() const { return ranges_.empty(); }
  /// REQUIRES: the table that this was made of.
  void publish(const LeaseTable& table);
  std::vector<PoolUse> read() const;

 private:
  std::vector<AddressRange> ranges_;
  std::vector<std::atomic<std::uint32_t>> free_;
};

}  // namespace piman::netboot::dhcp
