// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/address_pool.h"

#include "common/check.h"

namespace piman::netboot::dhcp {

AddressPool::AddressPool(AddressRange range) : range_(range) {
  PIMAN_CHECK(range.first <= range.last && range.last.value() - range.first.value() < kMostPoolAddresses);
  const std::uint32_t size = range.size();
  links_.resize(size + 1);
  for (std::uint32_t i = 0; i <= size; ++i) links_[i] = {i == size ? 0 : i + 1, i == 0 ? size : i - 1};
  free_ = size;
}

std::optional<Ipv4Address> AddressPool::next() const {
  if (free_ == 0) return std::nullopt;
  return Ipv4Address(range_.first.value() + links_[sentinel()].next);
}

void AddressPool::take(Ipv4Address address) {
  Link& link = links_[index(address)];
  if (link.next == kTaken) return;
  links_[link.previous].next = link.next;
  links_[link.next].previous = link.previous;
  link = {kTaken, kTaken};
  --free_;
}

void AddressPool::give_back(Ipv4Address address) {
  const std::uint32_t at = index(address);
  if (links_[at].next != kTaken) return;
  Link& end = links_[sentinel()];
  links_[at] = {sentinel(), end.previous};
  links_[end.previous].next = at;
  end.previous = at;
  ++free_;
}

}  // namespace piman::netboot::dhcp
