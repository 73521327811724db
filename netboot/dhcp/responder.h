// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "netboot/dhcp/client_model.h"
#include "netboot/dhcp/config.h"
#include "netboot/dhcp/drop.h"
#include "netboot/dhcp/lease_table.h"
#include "netboot/dhcp/packet.h"
#include "netboot/dhcp/reply_route.h"

/// What is answered to a DHCP message. Source: RFC 2131 section 4.3, RFC 3046 (relays), PXE 2.1 (proxyDHCP).
namespace piman::netboot::dhcp {

/// When the frames of an answer leave, counted from the request's arrival.
struct Timing {
  std::chrono::milliseconds first{0};
  std::optional<std::chrono::milliseconds> nudge;  ///< any frame to the client
  std::optional<std::chrono::milliseconds> again;  ///< the same answer once more
};
/// The 3B's mask ROM looks at an OFFER only when another frame comes later than 1 s after its DISCOVER, gives up when
/// nothing at all came within that second, and loops when all comes at once (measured on 3B boards; the ROM is fixed).
Timing timing_for(ClientModel model, const ResponderConfig& config);

struct Arrival {
  Ipv4Address server_address;  ///< ours on the interface that it came through
  Ipv4Address source;          ///< of the datagram
  bool to_proxy_port = false;  ///< it came to port 4011
};

struct Decision {
  std::optional<MessageType> received, sent;
  Drop drop = Drop::kNone;
  Packet reply;  ///< when `sent`
  ReplyRoute route;
  Timing timing;
  std::optional<LeaseChange> change;  ///< to be stored before the reply leaves
  /// Ask the wire about this address, then call vouch() or conflict(), and handle() with the same message again.
  std::optional<Ipv4Address> probe;
  Client client;
  Ipv4Address address;       ///< offered or bound
  Ipv4Address other_server;  ///< that the client chose

  void clear();
};

/// Thread-safety: none. Memory: LeaseTable's.
class Responder {
 public:
  /// `own_addresses`: never given away, and all of them are "this server" in option 54.
  /// REQUIRES: check(config).
  Responder(ResponderConfig config, std::vector<Ipv4Address> own_addresses);

  void set_hosts(std::shared_ptr<const HostTable> hosts) { table_.set_hosts(std::move(hosts)); }
  const HostTable& hosts() const { return table_.hosts(); }
  /// Returns what may be erased from the store.
  std::vector<LeaseChange> load(const std::vector<Lease>& leases, Now now) { return table_.load(leases, now); }

  /// Decides. `out` is cleared first and keeps its memory.
  void handle(const Packet& request, const Arrival& arrival, Now now, Decision& out);

  /// Frees what has ended by now, while no message comes that would: so that table() says what is free.
  void expire(Now now) { table_.expire(now); }

  /// Nobody answered for the address that was offered to `mac`.
  void vouch(Ipv4Address address, const MacAddress& mac) { table_.vouch(address, mac); }
  /// Somebody did: what is to be stored.
  std::optional<LeaseChange> conflict(Ipv4Address address, Now now);

  const ResponderConfig& config() const { return config_; }
  const LeaseTable& table() const { return table_; }

 private:
  struct Call;
  void serve_proxy(Call& call);
  void discover(Call& call);
  void request(Call& call);
  void release(Call& call);
  void decline(Call& call);
  void inform(Call& call);

  void confirm(Call& call, Ipv4Address address, bool selecting);
  void give(Call& call, MessageType type, Ipv4Address address, bool bind);
  void refuse(Call& call, std::string_view reason);
  bool needs_probe(const Call& call, Ipv4Address address) const;
  tl::expected<Ipv4Address, Drop> address_for(const Call& call, std::optional<Ipv4Address> wanted) const;
  Drop objection_to(const Call& call, Ipv4Address address) const;
  Drop objection_to_reserved(const Call& call) const;
  Drop refused_by_policy(const Call& call) const;
  const Subnet* subnet_of(Ipv4Address address) const;
  const Subnet* subnet_for(const Packet& request, const Arrival& arrival) const;
  bool is_ours(const Arrival& arrival, Ipv4Address server) const;

  ResponderConfig config_;
  std::vector<Ipv4Address> own_addresses_;
  LeaseTable table_;
};

}  // namespace piman::netboot::dhcp
