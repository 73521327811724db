// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/lease_table.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace piman::netboot::dhcp {
namespace {

constexpr SteadyTime kNever = SteadyTime::max();

WallTime whole_seconds(WallTime time) { return std::chrono::ceil<std::chrono::seconds>(time); }

Lease lease_of(const LeaseTable::Entry& entry, LeaseState state, std::optional<WallTime> expires) {
  return {entry.address, entry.mac, entry.client_id, state, expires, entry.since, entry.hostname};
}

}  // namespace

LeaseTable::LeaseTable(const std::vector<AddressRange>& pools, const std::vector<Ipv4Address>& never_given)
    : never_given_(never_given.begin(), never_given.end()), hosts_(std::make_shared<const HostTable>()) {
  for (const AddressRange& range : pools) pools_.emplace_back(range);
  for (const Ipv4Address address : never_given) {
    if (AddressPool* pool = own_pool_with(address)) pool->take(address);
  }
}

AddressPool* LeaseTable::own_pool_with(Ipv4Address address) {
  for (AddressPool& pool : pools_) {
    if (pool.contains(address)) return &pool;
  }
  return nullptr;
}

const AddressPool* LeaseTable::pool_with(Ipv4Address address) const {
  return const_cast<LeaseTable*>(this)->own_pool_with(address);
}

bool LeaseTable::may_be_given(Ipv4Address address) const {
  return hosts_->find(address) == nullptr && never_given_.count(address) == 0;
}

void LeaseTable::set_hosts(std::shared_ptr<const HostTable> hosts) {
  PIMAN_CHECK(hosts != nullptr);
  hosts_ = std::move(hosts);
  for (AddressPool& pool : pools_) {
    for (std::uint32_t value = pool.range().first.value();; ++value) {
      const Ipv4Address address(value);
      const Entry* entry = find(address);
      if (may_be_given(address) && (entry == nullptr || !entry->held)) {
        pool.give_back(address);
      } else {
        pool.take(address);
      }
      if (address == pool.range().last) break;
    }
  }
}

std::vector<LeaseChange> LeaseTable::load(const std::vector<Lease>& leases, Now now) {
  std::vector<LeaseChange> useless;
  for (const Lease& lease : leases) {
    const bool ended = lease.state == LeaseState::kReleased || (lease.expires && *lease.expires <= now.wall);
    if (ended && pool_with(lease.address) == nullptr && hosts_->find(lease.address) == nullptr) {
      useless.push_back({LeaseChange::Kind::kErase, lease});
      continue;
    }
    if (entries_.count(lease.address) != 0) continue;
    Entry& entry = claim(lease.address, lease.mac, now);
    entry.since = lease.since;
    entry.client_id = lease.client_id;
    entry.hostname = lease.hostname;
    entry.vouched = lease.state != LeaseState::kDeclined;
    entry.state = lease.state == LeaseState::kBound      ? State::kBound
                  : lease.state == LeaseState::kReleased ? State::kReleased
                                                         : State::kDeclined;
    if (entry.state == State::kDeclined) unlink(entry);
    if (ended) continue;
    hold(entry, entry.state, lease.expires ? now.steady + (*lease.expires - now.wall) : kNever);
  }
  return useless;
}

void LeaseTable::expire(Now now) {
  while (!ends_.empty() && ends_.top().at <= now.steady) {
    const End end = ends_.top();
    ends_.pop();
    const auto found = entries_.find(end.address);
    if (found == entries_.end() || found->second.queued_at != end.at) continue;
    Entry& entry = found->second;
    entry.queued_at = kNever;
    if (!entry.held) continue;
    if (entry.until > now.steady) {
      queue_end(entry);
      continue;
    }
    if (entry.state != State::kBound) entry.vouched = false;
    free(entry);
  }
}

const LeaseTable::Entry* LeaseTable::find(Ipv4Address address) const {
  const auto found = entries_.find(address);
  return found == entries_.end() ? nullptr : &found->second;
}

const LeaseTable::Entry* LeaseTable::find_client(const MacAddress& mac, const AddressRange& range) const {
  const auto found = by_mac_.find(mac);
  const Entry* memory = nullptr;
  for (const Entry* entry = found == by_mac_.end() ? nullptr : found->second; entry != nullptr;
       entry = entry->next_of_client) {
    if (!range.contains(entry->address)) continue;
    if (entry->held) return entry;
    memory = entry;
  }
  return memory;
}

bool LeaseTable::may_have(Ipv4Address address, const MacAddress& mac) const {
  const Host* reserved = hosts_->find(address);
  if (reserved != nullptr ? reserved->mac != mac : pool_with(address) == nullptr || never_given_.count(address) != 0) {
    return false;
  }
  const Entry* entry = find(address);
  return entry == nullptr || !entry->held || (entry->mac == mac && entry->state != State::kDeclined);
}

std::optional<Ipv4Address> LeaseTable::choose(const MacAddress& mac, const AddressPool& pool,
                                              std::optional<Ipv4Address> wanted) const {
  const Entry* own = find_client(mac, pool.range());
  if (own != nullptr && may_be_given(own->address) && may_have(own->address, mac)) return own->address;
  if (wanted && pool.contains(*wanted) && pool.is_free(*wanted)) return wanted;
  return pool.next();
}

LeaseTable::Entry& LeaseTable::claim(Ipv4Address address, const MacAddress& mac, Now now) {
  Entry& entry = entries_[address];
  if (entry.linked && entry.mac == mac) return entry;
  if (entry.linked) unlink(entry);
  entry.address = address;
  entry.mac = mac;
  entry.vouched = false;
  entry.xid = 0;
  entry.client = {};
  entry.client_id.clear();
  entry.hostname.clear();
  entry.since = std::chrono::floor<std::chrono::seconds>(now.wall);
  Entry*& head = by_mac_[mac];
  entry.next_of_client = head;
  head = &entry;
  entry.linked = true;
  return entry;
}

void LeaseTable::unlink(Entry& entry) {
  const auto head = by_mac_.find(entry.mac);
  Entry** link = &head->second;
  while (*link != &entry) link = &(*link)->next_of_client;
  *link = entry.next_of_client;
  entry.linked = false;
  if (head->second == nullptr) by_mac_.erase(head);
}

// A client keeps one entry in a pool: else one that asks for a new address each time would remember them all.
void LeaseTable::forget_others(const Entry& kept) {
  const AddressPool* pool = pool_with(kept.address);
  if (pool == nullptr) return;
  Entry* entry = by_mac_.find(kept.mac)->second;
  while (entry != nullptr) {
    Entry* next = entry->next_of_client;
    if (entry != &kept && pool->contains(entry->address) && !entry->held) {
      const Ipv4Address address = entry->address;
      unlink(*entry);
      entries_.erase(address);
    }
    entry = next;
  }
}

void LeaseTable::queue_end(Entry& entry) {
  // An end that moved away is found again at the old one, so that a renewal adds nothing to the queue.
  if (entry.until >= entry.queued_at) return;
  ends_.push({entry.until, entry.address});
  entry.queued_at = entry.until;
}

void LeaseTable::hold(Entry& entry, State state, SteadyTime until) {
  entry.state = state;
  entry.until = until;
  entry.held = true;
  if (AddressPool* pool = own_pool_with(entry.address)) pool->take(entry.address);
  queue_end(entry);
}

void LeaseTable::free(Entry& entry) {
  entry.held = false;
  AddressPool* pool = own_pool_with(entry.address);
  if (pool != nullptr && may_be_given(entry.address)) pool->give_back(entry.address);
}

void LeaseTable::offer(Ipv4Address address, const MacAddress& mac, SteadyTime until, Now now) {
  PIMAN_CHECK(may_have(address, mac));
  Entry& entry = claim(address, mac, now);
  if (entry.held && entry.state == State::kBound) return;
  hold(entry, State::kOffered, until);
  forget_others(entry);
}

Lease LeaseTable::bind(Ipv4Address address, const MacAddress& mac, std::optional<std::chrono::seconds> lease_time,
                       Bytes client_id, std::string hostname, Now now) {
  PIMAN_CHECK(may_have(address, mac));
  Entry& entry = claim(address, mac, now);
  entry.vouched = true;
  entry.client_id.assign(client_id.begin(), client_id.end());
  entry.hostname = std::move(hostname);
  hold(entry, State::kBound, lease_time ? now.steady + *lease_time : kNever);
  forget_others(entry);
  std::optional<WallTime> expires;
  if (lease_time) expires = whole_seconds(now.wall + *lease_time);
  return lease_of(entry, LeaseState::kBound, expires);
}

void LeaseTable::note_client(Ipv4Address address, std::uint32_t xid, const Client& client) {
  const auto found = entries_.find(address);
  if (found == entries_.end()) return;
  found->second.xid = xid;
  found->second.client = client;
}

void LeaseTable::vouch(Ipv4Address address, const MacAddress& mac) {
  const auto found = entries_.find(address);
  if (found != entries_.end() && found->second.mac == mac && found->second.state != State::kDeclined) {
    found->second.vouched = true;
  }
}

void LeaseTable::withdraw(Ipv4Address address, const MacAddress& mac) {
  const auto found = entries_.find(address);
  if (found == entries_.end() || found->second.mac != mac || !found->second.held ||
      found->second.state != State::kOffered) {
    return;
  }
  free(found->second);
}

std::optional<Lease> LeaseTable::release(Ipv4Address address, const MacAddress& mac, Now now) {
  const auto found = entries_.find(address);
  if (found == entries_.end() || found->second.mac != mac || !found->second.held ||
      found->second.state == State::kDeclined) {
    return std::nullopt;
  }
  found->second.state = State::kReleased;
  free(found->second);
  return lease_of(found->second, LeaseState::kReleased, whole_seconds(now.wall));
}

Lease LeaseTable::decline(Ipv4Address address, std::chrono::seconds quarantine, Now now) {
  const auto found = entries_.find(address);
  PIMAN_CHECK(found != entries_.end());
  found->second.vouched = false;
  if (found->second.linked) unlink(found->second);
  hold(found->second, State::kDeclined, now.steady + quarantine);
  return lease_of(found->second, LeaseState::kDeclined, whole_seconds(now.wall + quarantine));
}

}  // namespace piman::netboot::dhcp
