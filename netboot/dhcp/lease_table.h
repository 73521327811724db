// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "netboot/dhcp/address_pool.h"
#include "netboot/dhcp/client_model.h"
#include "netboot/dhcp/lease.h"
#include "netboot/hosts.h"

/// Which client has which address. An address has one entry, an entry one client: so no two clients share an address.
///
/// A client is its hardware address. RFC 2131 would have option 61 decide, but a Pi boots through three or four
/// programs with as many ideas of that option, and copied cards carry the same one: all stages of one board get one
/// address, and two boards never the same. Option 61 is kept with the lease and echoed.
namespace piman::netboot::dhcp {

/// One moment on both clocks. Leases end by the steady one, so that a wall clock that jumps (a Pi has no battery)
/// neither ends them all nor keeps them; stored ones are in wall time.
struct Now {
  SteadyTime steady;
  WallTime wall;
};

/// Each operation on one client or address takes constant time, whatever the number of reservations; moving the ends of
/// leases costs the logarithm of their number. Memory is bounded by pools, reservations and stored leases.
/// Thread-safety: none.
class LeaseTable {
 public:
  enum class State : std::uint8_t { kOffered, kBound, kReleased, kDeclined };
  struct Entry {
    Ipv4Address address;
    MacAddress mac;
    State state = State::kReleased;
    /// Nobody else may get the address. False: the entry is a memory of who had it last.
    bool held = false;
    /// The client has had this address, or a probe found it unused: no need to ask the wire again.
    bool vouched = false;
    std::uint32_t xid =
        0;          ///< of the client's last DISCOVER or REQUEST: all old Pis share one, so it counts with the mac only
    Client client;  ///< what it said of itself in that transaction
    SteadyTime until;                          ///< SteadyTime::max(): never ends
    SteadyTime queued_at = SteadyTime::max();  ///< its first place in the table's queue of ends
    WallTime since;
    std::vector<std::uint8_t> client_id;
    std::string hostname;
    Entry* next_of_client = nullptr;  ///< the table's own chain of a client's entries
    bool linked = false;              ///< stands in it; declined ones do not, so that it stays short
  };

  /// `never_given` are addresses inside the pools that are somebody's already: our own, routers.
  explicit LeaseTable(const std::vector<AddressRange>& pools, const std::vector<Ipv4Address>& never_given = {});

  /// From now on these are the reservations. Takes time in the size of the pools.
  void set_hosts(std::shared_ptr<const HostTable> hosts);
  const HostTable& hosts() const { return *hosts_; }

  /// Takes over stored leases; of two for one address the first. Returns what may be erased from the store.
  std::vector<LeaseChange> load(const std::vector<Lease>& leases, Now now);

  /// Frees what has ended by now. Call before anything else at each new moment.
  void expire(Now now);

  /// Null when the address has no entry. Valid until the next change.
  const Entry* find(Ipv4Address address) const;
  /// The entry that `mac` has inside of `range`, if any, held ones first.
  const Entry* find_client(const MacAddress& mac, const AddressRange& range) const;
  const AddressPool* pool_with(Ipv4Address address) const;
  const std::vector<AddressPool>& pools() const { return pools_; }

  /// Whether `mac` may get or keep `address`: it is a pool's or reserved for it, and nobody else's.
  bool may_have(Ipv4Address address, const MacAddress& mac) const;
  /// An address of the pool for `mac`: the one it has or had, else `wanted`, else the next. None: the pool is empty.
  std::optional<Ipv4Address> choose(const MacAddress& mac, const AddressPool& pool,
                                    std::optional<Ipv4Address> wanted) const;

  /// Holds `address` for `mac`. A lease that it has on it stays as long as it was.
  /// REQUIRES of offer and bind: may_have(address, mac).
  void offer(Ipv4Address address, const MacAddress& mac, SteadyTime until, Now now);
  /// `lease_time` none: for ever. Returns the lease, to be stored before the client hears of it.
  Lease bind(Ipv4Address address, const MacAddress& mac, std::optional<std::chrono::seconds> lease_time,
             Bytes client_id, std::string hostname, Now now);
  /// Remembers what the client of `address` said of itself in transaction `xid`.
  void note_client(Ipv4Address address, std::uint32_t xid, const Client& client);
  /// A probe found the address unused.
  void vouch(Ipv4Address address, const MacAddress& mac);

  /// Gives up an offer that was not taken. Leases stay.
  void withdraw(Ipv4Address address, const MacAddress& mac);
  /// None when `mac` does not hold it.
  std::optional<Lease> release(Ipv4Address address, const MacAddress& mac, Now now);
  /// A stranger uses the address: nobody gets it for that long. REQUIRES: it has an entry.
  Lease decline(Ipv4Address address, std::chrono::seconds quarantine, Now now);

  std::size_t entries() const { return entries_.size(); }

 private:
  struct End {
    SteadyTime at;
    Ipv4Address address;
    bool operator>(const End& other) const { return at > other.at; }
  };
  AddressPool* own_pool_with(Ipv4Address address);
  Entry& claim(Ipv4Address address, const MacAddress& mac, Now now);
  void hold(Entry& entry, State state, SteadyTime until);
  void free(Entry& entry);
  void queue_end(Entry& entry);
  void unlink(Entry& entry);
  void forget_others(const Entry& kept);
  bool may_be_given(Ipv4Address address) const;

  std::vector<AddressPool> pools_;
  std::unordered_set<Ipv4Address, HashAddress> never_given_;
  std::shared_ptr<const HostTable> hosts_;
  std::unordered_map<Ipv4Address, Entry, HashAddress> entries_;
  std::unordered_map<MacAddress, Entry*, HashMac> by_mac_;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
};

}  // namespace piman::netboot::dhcp
