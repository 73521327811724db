// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/responder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "netboot/dhcp/reply_builder.h"

namespace piman::netboot::dhcp {
namespace {

constexpr std::uint8_t kMostHops = 16;      // RFC 1542 section 4.1.1
constexpr std::uint8_t kLinkSelection = 5;  // RFC 3527
/// A node must not be locked out of its own address for long by whatever answered there once.
constexpr std::chrono::seconds kReservedQuarantine{60};

std::vector<AddressRange> pools_of(const ResponderConfig& config) {
  std::vector<AddressRange> pools;
  for (const Subnet& subnet : config.subnets) {
    if (subnet.pool) pools.push_back(*subnet.pool);
  }
  return pools;
}

/// What lies in a pool's range but is somebody's: this machine, the routers, the ends of the network.
std::vector<Ipv4Address> never_given(const ResponderConfig& config, std::vector<Ipv4Address> own_addresses) {
  for (const Subnet& subnet : config.subnets) {
    if (subnet.router) own_addresses.push_back(*subnet.router);
    if (subnet.prefix_length >= 31) continue;  // RFC 3021: no such ends
    own_addresses.push_back(Ipv4Address(subnet.network.value() & subnet.mask()));
    own_addresses.push_back(subnet.broadcast());
  }
  return own_addresses;
}

bool is_single_client(const MacAddress& mac) {
  constexpr std::uint8_t kGroupBit = 1;
  return (mac.bytes()[0] & kGroupBit) == 0 && mac != MacAddress();
}

std::string printable_hostname(const Packet& request) {
  std::string name(request.options.find_text(option::kHostname).substr(0, kMostHostnameBytes));
  for (char& c : name) c = c > 0x20 && c < 0x7F ? c : '?';
  return name;
}

Bytes client_id_of(const Packet& request) {
  const auto id = request.options.find(option::kClientId);
  return id ? id->first(std::min(id->size(), kMostClientIdBytes)) : Bytes();
}

std::optional<Ipv4Address> address_in(std::optional<Bytes> value) {
  if (!value || value->size() != 4) return std::nullopt;
  std::uint32_t address = 0;
  for (const std::uint8_t byte : *value) address = address << 8 | byte;
  return Ipv4Address(address);
}

}  // namespace

struct Responder::Call {
  const Packet& request;
  const Arrival& arrival;
  Now now;
  Decision& out;
  const Subnet* subnet = nullptr;
  const Host* host = nullptr;

  void drop(Drop reason) const { out.drop = reason; }
  bool relayed() const { return request.giaddr != Ipv4Address(); }
};

void Decision::clear() {
  received.reset();
  sent.reset();
  drop = Drop::kNone;
  route = {};
  timing = {};
  change.reset();
  probe.reset();
  client = {};
  address = other_server = Ipv4Address();
}

Timing timing_for(ClientModel model, const ResponderConfig& config) {
  using std::chrono::milliseconds;
  if (model != ClientModel::kPi3bRom || !config.pi3b_timing) return {};
  return {milliseconds{100}, milliseconds{600}, milliseconds{1200}};
}

Responder::Responder(ResponderConfig config, std::vector<Ipv4Address> own_addresses)
    : config_(std::move(config)),
      own_addresses_(std::move(own_addresses)),
      table_(pools_of(config_), never_given(config_, own_addresses_)) {}

const Subnet* Responder::subnet_of(Ipv4Address address) const {
  for (const Subnet& subnet : config_.subnets) {
    if (subnet.contains(address)) return &subnet;
  }
  return nullptr;
}

const Subnet* Responder::subnet_for(const Packet& request, const Arrival& arrival) const {
  // The client's own wish counts less than what its relay says (RFC 3011, RFC 3527).
  if (const auto relay = request.options.find(option::kRelayAgent)) {
    if (const auto link = address_in(find_suboption(*relay, kLinkSelection))) return subnet_of(*link);
  }
  if (const auto wish = request.options.find_address(option::kSubnetSelection)) return subnet_of(*wish);
  if (request.giaddr != Ipv4Address()) return subnet_of(request.giaddr);
  // A lease is renewed straight to us, through routers too: the client's own address tells where it is.
  if (request.ciaddr != Ipv4Address()) {
    if (const Subnet* subnet = subnet_of(request.ciaddr)) return subnet;
  }
  return subnet_of(arrival.server_address);
}

bool Responder::is_ours(const Arrival& arrival, Ipv4Address server) const {
  // An interface may have got another address since the start: that is what we call ourselves in what we answer.
  return server == arrival.server_address ||
         std::find(own_addresses_.begin(), own_addresses_.end(), server) != own_addresses_.end();
}

void Responder::handle(const Packet& request_packet, const Arrival& arrival, Now now, Decision& out) {
  out.clear();
  table_.expire(now);
  Call call{request_packet, arrival, now, out};
  if (request_packet.op != kBootRequest) return call.drop(Drop::kNotRequest);
  out.received = message_type(request_packet);
  if (!out.received) return call.drop(Drop::kNoMessageType);
  if (!is_single_client(request_packet.chaddr)) return call.drop(Drop::kBadClientAddress);
  if (request_packet.hops > kMostHops) return call.drop(Drop::kTooManyHops);
  out.client = identify(request_packet);
  call.host = table_.hosts().find(request_packet.chaddr);
  if (config_.mode == Mode::kProxy) return serve_proxy(call);
  call.subnet = subnet_for(request_packet, arrival);
  switch (*out.received) {
    case MessageType::kDiscover:
      return discover(call);
    case MessageType::kRequest:
      return request(call);
    case MessageType::kRelease:
      return release(call);
    case MessageType::kDecline:
      return decline(call);
    case MessageType::kInform:
      return inform(call);
    default:
      return call.drop(Drop::kUnexpectedType);
  }
}

void Responder::serve_proxy(Call& call) {
  const MessageType type = *call.out.received;
  const bool is_discover = type == MessageType::kDiscover && !call.arrival.to_proxy_port;
  // To port 4011 comes a REQUEST, or an INFORM from some firmware.
  const bool is_boot_request =
      call.arrival.to_proxy_port && (type == MessageType::kRequest || type == MessageType::kInform);
  if (!is_discover && !is_boot_request) return call.drop(Drop::kUnexpectedType);
  if (const Drop refused = refused_by_policy(call); refused != Drop::kNone) return call.drop(refused);
  if (!has_boot_reply(config_.boot_files, call.out.client)) return call.drop(Drop::kNoBootFile);
  const MessageType answer = is_discover ? MessageType::kOffer : MessageType::kAck;
  build_proxy_reply({config_, call.request, call.out.client, call.arrival.server_address, nullptr, call.host}, answer,
                    call.out.reply);
  call.out.sent = answer;
  call.out.route = route_reply(call.request, call.out.reply, answer, call.arrival.source, call.arrival.to_proxy_port);
  if (is_discover) call.out.timing = timing_for(call.out.client.model, config_);
}

Drop Responder::refused_by_policy(const Call& call) const {
  if (call.host != nullptr || config_.unknown == UnknownPolicy::kPool) return Drop::kNone;
  return config_.unknown == UnknownPolicy::kPending ? Drop::kUnknownPending : Drop::kUnknownIgnored;
}

/// REQUIRES: the client's reservation is in its network.
Drop Responder::objection_to_reserved(const Call& call) const {
  const Ipv4Address address = call.host->address;
  if (table_.may_have(address, call.request.chaddr)) return Drop::kNone;
  if (table_.hosts().find(address)->mac != call.request.chaddr) return Drop::kReservationConflict;
  const LeaseTable::Entry* entry = table_.find(address);
  const bool declined = entry != nullptr && entry->state == LeaseTable::State::kDeclined;
  return declined ? Drop::kAddressDeclined : Drop::kAddressInUse;
}

tl::expected<Ipv4Address, Drop> Responder::address_for(const Call& call, std::optional<Ipv4Address> wanted) const {
  if (call.subnet == nullptr) return tl::make_unexpected(Drop::kNoSubnet);
  if (call.host != nullptr && call.subnet->contains(call.host->address)) {
    if (const Drop drop = objection_to_reserved(call); drop != Drop::kNone) return tl::make_unexpected(drop);
    return call.host->address;
  }
  if (const Drop refused = refused_by_policy(call); refused != Drop::kNone) return tl::make_unexpected(refused);
  if (config_.unknown != UnknownPolicy::kPool) return tl::make_unexpected(Drop::kReservationElsewhere);
  if (!call.subnet->pool) return tl::make_unexpected(Drop::kNoPool);
  const auto address = table_.choose(call.request.chaddr, *table_.pool_with(call.subnet->pool->first), wanted);
  if (!address) return tl::make_unexpected(Drop::kPoolEmpty);
  return *address;
}

void Responder::discover(Call& call) {
  const auto address = address_for(call, call.request.options.find_address(option::kRequestedAddress));
  if (!address) return call.drop(address.error());
  give(call, MessageType::kOffer, *address, binds_at_offer(call.out.client.model));
}

bool Responder::needs_probe(const Call& call, Ipv4Address address) const {
  // An operator has vouched for what is reserved; a relay's wire is out of reach.
  if (!config_.probe_addresses || call.relayed() || !call.subnet->contains(call.arrival.server_address)) return false;
  if (const Host* reserved = table_.hosts().find(address); reserved != nullptr) return false;
  const LeaseTable::Entry* entry = table_.find(address);
  return entry == nullptr || entry->mac != call.request.chaddr || !entry->vouched;
}

/// REQUIRES: the client may have the address.
void Responder::give(Call& call, MessageType type, Ipv4Address address, bool bind) {
  const MacAddress& mac = call.request.chaddr;
  Decision& out = call.out;
  out.address = address;
  if (needs_probe(call, address)) {
    table_.offer(address, mac, call.now.steady + config_.offer_hold, call.now);
    table_.note_client(address, call.request.xid, out.client);
    out.probe = address;
    return call.drop(Drop::kProbing);
  }
  if (bind) {
    Lease lease = table_.bind(address, mac, config_.lease_time, client_id_of(call.request),
                              printable_hostname(call.request), call.now);
    out.change = LeaseChange{LeaseChange::Kind::kPut, std::move(lease)};
  } else {
    table_.offer(address, mac, call.now.steady + config_.offer_hold, call.now);
  }
  table_.note_client(address, call.request.xid, out.client);
  build_reply({config_, call.request, out.client, call.arrival.server_address, call.subnet, call.host}, type, address,
              out.reply);
  out.sent = type;
  out.route = route_reply(call.request, out.reply, type, call.arrival.source, false);
  if (type == MessageType::kOffer) out.timing = timing_for(out.client.model, config_);
}

void Responder::refuse(Call& call, std::string_view reason) {
  build_nak({config_, call.request, call.out.client, call.arrival.server_address, call.subnet, call.host}, reason,
            call.out.reply);
  call.out.sent = MessageType::kNak;
  call.out.route = route_reply(call.request, call.out.reply, MessageType::kNak, call.arrival.source, false);
}

/// Why the client can't have just this address; kNone: it can.
Drop Responder::objection_to(const Call& call, Ipv4Address address) const {
  if (call.subnet == nullptr) return Drop::kNoSubnet;
  if (call.host != nullptr && call.subnet->contains(call.host->address)) {
    return address == call.host->address ? objection_to_reserved(call) : Drop::kNoRecord;
  }
  if (const Drop refused = refused_by_policy(call); refused != Drop::kNone) return refused;
  const bool in_pool =
      config_.unknown == UnknownPolicy::kPool && call.subnet->pool && call.subnet->pool->contains(address);
  if (!in_pool || !table_.may_have(address, call.request.chaddr)) return Drop::kAddressInUse;
  const LeaseTable::Entry* own = table_.find_client(call.request.chaddr, *call.subnet->pool);
  return own != nullptr && own->held && own->address != address ? Drop::kAddressInUse : Drop::kNone;
}

// RFC 2131 section 4.3.2 tells the four kinds of REQUEST apart by which fields are there.
void Responder::request(Call& call) {
  const Options& options = call.request.options;
  const auto server = options.find_address(option::kServerId);
  const auto requested = options.find_address(option::kRequestedAddress);
  if (options.has(option::kServerId)) {
    if (!server || !is_ours(call.arrival, *server)) {
      call.out.other_server = server.value_or(Ipv4Address());
      if (requested) table_.withdraw(*requested, call.request.chaddr);
      if (call.subnet != nullptr && call.subnet->pool) {
        const LeaseTable::Entry* own = table_.find_client(call.request.chaddr, *call.subnet->pool);
        if (own != nullptr) table_.withdraw(own->address, call.request.chaddr);
      }
      return call.drop(Drop::kOtherServer);
    }
    if (!requested) return call.drop(Drop::kNoAddress);
    return confirm(call, *requested, true);
  }
  if (call.request.ciaddr != Ipv4Address()) return confirm(call, call.request.ciaddr, false);
  if (!requested) return call.drop(Drop::kNoAddress);
  confirm(call, *requested, false);
}

void Responder::confirm(Call& call, Ipv4Address address, bool selecting) {
  Decision& out = call.out;
  const LeaseTable::Entry* entry = table_.find(address);
  const bool has_record =
      entry != nullptr && entry->mac == call.request.chaddr && entry->state != LeaseTable::State::kDeclined;
  // Pi 4 bootloaders leave option 60 out of their REQUEST: what the DISCOVER of this transaction said still counts.
  if (has_record && entry->xid == call.request.xid && is_pi(entry->client.model) && !is_pi(out.client.model) &&
      !call.request.options.has(option::kVendorClass)) {
    out.client = entry->client;
  }
  const Drop objection = objection_to(call, address);
  switch (objection) {
    case Drop::kNone:
      break;
    case Drop::kNoSubnet:
    case Drop::kUnknownIgnored:
    case Drop::kUnknownPending:
      return call.drop(objection);
    default:
      // Known clients that ask for what is not theirs must learn it; strangers only where we alone decide.
      if (!selecting && !config_.authoritative && call.host == nullptr && !has_record) {
        return call.drop(Drop::kNoRecord);
      }
      out.address = address;
      return refuse(call, call.subnet->contains(address) ? "not your address" : "wrong network");
  }
  if (!selecting && !config_.authoritative && call.host == nullptr && !has_record) return call.drop(Drop::kNoRecord);
  give(call, MessageType::kAck, address, true);
}

void Responder::release(Call& call) {
  const auto server = call.request.options.find_address(option::kServerId);
  if (server && !is_ours(call.arrival, *server)) return call.drop(Drop::kOtherServer);
  auto lease = table_.release(call.request.ciaddr, call.request.chaddr, call.now);
  if (!lease) return call.drop(Drop::kNotHeld);
  call.out.address = call.request.ciaddr;
  call.out.change = LeaseChange{LeaseChange::Kind::kPut, std::move(*lease)};
  call.drop(Drop::kReleased);
}

void Responder::decline(Call& call) {
  const auto server = call.request.options.find_address(option::kServerId);
  if (server && !is_ours(call.arrival, *server)) return call.drop(Drop::kOtherServer);
  const Ipv4Address address =
      call.request.options.find_address(option::kRequestedAddress).value_or(call.request.ciaddr);
  const LeaseTable::Entry* entry = table_.find(address);
  if (entry == nullptr || !entry->held || entry->mac != call.request.chaddr ||
      entry->state == LeaseTable::State::kDeclined) {
    return call.drop(Drop::kNotHeld);
  }
  call.out.address = address;
  call.out.change = conflict(address, call.now);
  call.drop(Drop::kDeclined);
}

std::optional<LeaseChange> Responder::conflict(Ipv4Address address, Now now) {
  if (table_.find(address) == nullptr) return std::nullopt;
  const bool reserved = table_.hosts().find(address) != nullptr;
  const auto quarantine =
      reserved ? std::min(config_.decline_quarantine, kReservedQuarantine) : config_.decline_quarantine;
  return LeaseChange{LeaseChange::Kind::kPut, table_.decline(address, quarantine, now)};
}

void Responder::inform(Call& call) {
  if (call.request.ciaddr == Ipv4Address()) return call.drop(Drop::kNoAddress);
  if (call.subnet == nullptr) return call.drop(Drop::kNoSubnet);
  if (const Drop refused = refused_by_policy(call); refused != Drop::kNone) return call.drop(refused);
  build_reply({config_, call.request, call.out.client, call.arrival.server_address, call.subnet, call.host},
              MessageType::kAck, Ipv4Address(), call.out.reply);
  call.out.sent = MessageType::kAck;
  call.out.route = route_reply(call.request, call.out.reply, MessageType::kAck, call.arrival.source, false);
}

}  // namespace piman::netboot::dhcp
