// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/pool_use.h"

#include <cstddef>

namespace piman::netboot::dhcp {

PoolCounts::PoolCounts(const LeaseTable& table, bool counted) : free_(counted ? table.pools().size() : 0) {
  if (!counted) return;
  for (const AddressPool& pool : table.pools()) ranges_.push_back(pool.range());
  publish(table);
}

void PoolCounts::publish(const LeaseTable& table) {
  // Each number stands for itself, and orders nothing else.
  for (std::size_t i = 0; i < free_.size(); ++i) {
    free_[i].store(static_cast<std::uint32_t>(table.pools()[i].free_count()), std::memory_order_relaxed);
  }
}

std::vector<PoolUse> PoolCounts::read() const {
  std::vector<PoolUse> uses;
  uses.reserve(ranges_.size());
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    uses.push_back({ranges_[i], free_[i].load(std::memory_order_relaxed)});
  }
  return uses;
}

}  // namespace piman::netboot::dhcp
