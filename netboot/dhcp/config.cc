// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/config.h"

#include "common/text.h"

namespace piman::netboot::dhcp {
namespace {

std::string name_of(const Subnet& subnet) {
  return concat("subnet ", subnet.network.to_string(), "/", static_cast<int>(subnet.prefix_length));
}

Result<void> check_pool(const Subnet& subnet) {
  const AddressRange& pool = *subnet.pool;
  const std::string name = concat("pool ", pool.to_string());
  if (pool.last < pool.first) return fail(name + " ends before it begins");
  if (!subnet.contains(pool.first) || !subnet.contains(pool.last))
    return fail(name + " is not inside of " + name_of(subnet));
  if (pool.last.value() - pool.first.value() >= kMostPoolAddresses) {
    return fail(concat(name, " has more than ", kMostPoolAddresses, " addresses"));
  }
  return {};
}

bool overlap(const Subnet& a, const Subnet& b) {
  const std::uint32_t mask = a.mask() & b.mask();
  return (a.network.value() & mask) == (b.network.value() & mask);
}

}  // namespace

std::string AddressRange::to_string() const { return concat(first.to_string(), '-', last.to_string()); }

Result<void> check(const ResponderConfig& config) {
  for (std::size_t i = 0; i < config.subnets.size(); ++i) {
    const Subnet& subnet = config.subnets[i];
    if (subnet.prefix_length < 1 || subnet.prefix_length > 32) return fail(name_of(subnet) + ": no such prefix length");
    if (subnet.pool) {
      if (auto pool = check_pool(subnet); !pool) return pool;
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (overlap(subnet, config.subnets[j])) {
        return fail(concat(name_of(subnet), " overlaps ", name_of(config.subnets[j])));
      }
    }
  }
  if (config.mode == Mode::kServer && config.subnets.empty()) return fail("no subnet to serve");
  const auto seconds = config.lease_time.count();
  if (seconds < 60 || seconds > 0xFFFF'FFFE)
    return fail(concat("lease time of ", seconds, " s is not between 60 and 2^32 - 2"));
  if (config.offer_hold.count() < 5) return fail("an offer must be held for 5 s or longer");
  if (config.decline_quarantine.count() < 0) return fail("the quarantine can't be negative");
  return {};
}

}  // namespace piman::netboot::dhcp
