// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/service.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "netboot/dhcp/arp_prober.h"
#include "netboot/dhcp/commit_queue.h"
#include "netboot/dhcp/datagram_socket.h"
#include "netboot/dhcp/one_shot_wait.h"
#include "netboot/dhcp/reply_sender.h"
#include "netboot/dhcp/responder.h"

namespace piman::netboot::dhcp {
namespace {

constexpr int kMostProbesForOne = 3;  // then its client asks again
/// Once messages come this close to each other, the next ones are left to gather for a while: waking up, storing and
/// sending once for many is what keeps a rack that is switched on cheap. A message after a silence is answered at once.
constexpr std::chrono::milliseconds kClose{4}, kGather{20};
constexpr int kFewMessages = 2;   // that gathered: the rush is over
constexpr int kMostBatches = 32;  // of 64 messages, before others get their turn
const MacAddress kBroadcastMac({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF});

Now read_clocks() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

}  // namespace

class Service::Impl {
 public:
  Impl(asio::io_context& io, ServiceConfig config, std::vector<Ipv4Address> own_addresses,
       const HostDirectory& directory, LeaseStore& store, Observer& observer)
      : io_(io),
        config_(std::move(config)),
        directory_(directory),
        observer_(observer),
        responder_(config_.responder, std::move(own_addresses)),
        pools_(responder_.table(),
               config_.responder.mode == Mode::kServer && config_.responder.unknown == UnknownPolicy::kPool),
        look_(io),
        commits_(io, store) {
    commits_.on_commit_done([this] { send_ready(); });
  }

  std::vector<PoolUse> pool_use() const { return pools_.read(); }

  void look_at_pools() {
    if (pools_.empty()) return;
    look_.expires_after(kPoolLook);
    look_.async_wait([this](error_code error) {
      if (!error) look_at_pools();
    });
    take_new_hosts();
    responder_.expire(read_clocks());
    publish_pools();
  }

  Result<void> load(LeaseStore& kept) {
    take_new_hosts();
    const auto leases = kept.load();
    if (!leases) return tl::unexpected<Error>(leases.error());
    for (LeaseChange& change : responder_.load(*leases, read_clocks())) store(std::move(change), [](bool) {});
    commits_.flush();
    return {};
  }

  Result<void> open(const Interface& interface, std::uint16_t port, bool is_proxy_port) {
    auto socket = DatagramSocket::open(interface, port);
    if (!socket) return tl::unexpected<Error>(socket.error());
    Wire& wire = *wires_.emplace_back(std::make_unique<Wire>(io_, std::move(*socket), observer_));
    wire.is_proxy_port = is_proxy_port;
    if (auto opened = wire.waiter.open(wire.socket->native_handle()); !opened) return opened;
    if (config_.responder.mode == Mode::kServer && config_.responder.probe_addresses) {
      auto prober =
          ArpProber::open(io_, interface, config_.probe_wait,
                          [this, &wire](Ipv4Address address, bool in_use) { on_probed(wire, address, in_use); });
      if (!prober) return tl::unexpected<Error>(prober.error());
      wire.prober = std::move(*prober);
    }
    await_message(wire);
    return {};
  }

 private:
  /// A message whose answer waits for a probe.
  struct Held {
    std::vector<std::uint8_t> bytes;
    Ipv4Address source, own_address;
    std::uint16_t source_port;
    SteadyTime arrived;
    int probes;
  };
  struct Wire {
    Wire(asio::io_context& io, std::unique_ptr<DatagramSocket> opened, Observer& observer)
        : socket(std::move(opened)), sender(io, *socket, observer), waiter(io), pause(io) {}
    std::unique_ptr<DatagramSocket> socket;
    ReplySender sender;
    std::unique_ptr<ArpProber> prober;
    bool is_proxy_port = false;
    OneShotWait waiter;
    asio::steady_timer pause;
    SteadyTime last_read;
    bool gathered = false;                                    // the next read comes after a pause
    std::unordered_map<Ipv4Address, Held, HashAddress> held;  // by the address that is probed
  };

  void take_new_hosts() {
    auto hosts = directory_.hosts();
    if (hosts == hosts_) return;
    hosts_ = hosts;
    responder_.set_hosts(std::move(hosts));
  }

  void publish_pools() { pools_.publish(responder_.table()); }

  void await_message(Wire& wire) {
    wire.waiter.wait([this, &wire] { on_readable(wire); });
  }

  void on_readable(Wire& wire) {
    take_new_hosts();
    const Now now = read_clocks();
    int count = 0;
    bool more = true;
    for (int batch = 0; more && batch < kMostBatches; ++batch) {
      more = wire.socket->receive([&](const Incoming& incoming) {
        ++count;
        serve(wire, incoming, now, now.steady, 0);
      });
    }
    if (count == 0) {
      wire.gathered = false;
      return await_message(wire);
    }
    publish_pools();
    commits_.flush();
    send_ready();
    const bool is_rush = wire.gathered ? count > kFewMessages : now.steady - wire.last_read < kClose;
    wire.last_read = now.steady;
    wire.gathered = is_rush;
    if (!is_rush) return await_message(wire);
    wire.pause.expires_after(kGather);
    wire.pause.async_wait([this, &wire](error_code error) {
      if (!error) on_readable(wire);
    });
  }

  void serve(Wire& wire, const Incoming& incoming, Now now, SteadyTime arrived, int probes) {
    if (const auto decoded = decode(incoming.bytes, request_); !decoded) {
      observer_.on_malformed("dhcp", to_text(decoded.error()));
      return;
    }
    responder_.handle(request_, {incoming.own_address, incoming.source, wire.is_proxy_port}, now, decision_);
    if (decision_.probe && !hold_for_probe(wire, incoming, arrived, probes)) decision_.drop = Drop::kBusy;
    if (decision_.sent) {
      deliver(wire, incoming, now, arrived);
      return;
    }
    DhcpEvent event = event_of(wire, decision_.drop);
    if (!decision_.change) {
      observer_.on_dhcp(event);
      return;
    }
    // RELEASE and DECLINE: nothing waits for them.
    store(std::move(*decision_.change), [this, event = std::move(event)](bool stored) mutable {
      if (!stored) event.drop_reason = to_text(Drop::kStoreFailed);
      observer_.on_dhcp(event);
    });
  }

  void store(LeaseChange change, CommitQueue::Then then) {
    if (!commits_.add(change, then)) then(false);
  }

  DhcpEvent event_of(const Wire& wire, Drop drop) const {
    DhcpEvent event;
    event.mac = request_.chaddr;
    event.xid = request_.xid;
    if (decision_.received) event.received = to_text(*decision_.received);
    if (decision_.sent) event.sent = to_text(*decision_.sent);
    event.drop_reason = to_text(drop);
    event.address = decision_.address;
    event.other_server = decision_.other_server;
    event.client = {to_text(decision_.client.model), decision_.client.serial, decision_.client.revision};
    event.interface = wire.socket->interface().name;
    event.relayed = request_.giaddr != Ipv4Address();
    return event;
  }

  Reply reply_of(const Wire& wire, const Incoming& incoming) {
    Reply reply;
    const ReplyRoute& route = decision_.route;
    reply.as_frame = route.kind != ReplyRoute::Kind::kUnicast;
    reply.mac = route.kind == ReplyRoute::Kind::kFrame ? route.mac : kBroadcastMac;
    const std::uint16_t own_port = wire.is_proxy_port ? config_.proxy_port : config_.server_port;
    const std::uint16_t port = route.port == ReplyRoute::Port::kServer   ? config_.server_port
                               : route.port == ReplyRoute::Port::kClient ? config_.client_port
                                                                         : incoming.source_port;
    reply.addresses = {incoming.own_address, route.address, own_port, port};
    // By way of a buffer that has grown already: thousands of replies may wait, each with what it needs and no more.
    encode(decision_.reply, reply_limit(request_), encoded_);
    reply.bytes.assign(encoded_.begin(), encoded_.end());
    reply.event = event_of(wire, Drop::kNone);
    reply.confirm_neighbour = is_pi(decision_.client.model) && route.kind == ReplyRoute::Kind::kFrame;
    return reply;
  }

  void deliver(Wire& wire, const Incoming& incoming, Now now, SteadyTime arrived) {
    Reply reply = reply_of(wire, incoming);
    const Timing timing = decision_.timing;
    if (!decision_.change) return wire.sender.add(std::move(reply), timing, arrived, now.steady);
    // The client hears of its lease only when it is stored.
    store(std::move(*decision_.change),
          [this, &wire, timing, arrived, held = std::make_shared<Reply>(std::move(reply))](bool stored) {
            if (stored) return wire.sender.add(std::move(*held), timing, arrived, std::chrono::steady_clock::now());
            held->event.sent = {};
            held->event.drop_reason = to_text(Drop::kStoreFailed);
            observer_.on_dhcp(held->event);
          });
  }

  void send_ready() {
    for (const auto& wire : wires_) wire->sender.flush();
  }

  bool hold_for_probe(Wire& wire, const Incoming& incoming, SteadyTime arrived, int probes) {
    const Ipv4Address address = *decision_.probe;
    if (wire.prober == nullptr || probes >= kMostProbesForOne) return false;
    if (!wire.prober->probe(address, request_.chaddr, std::chrono::steady_clock::now())) return false;
    // A repeated DISCOVER meanwhile takes the place of the first: the answer's xid must be the last one's.
    wire.held.insert_or_assign(address, Held{{incoming.bytes.begin(), incoming.bytes.end()},
                                             incoming.source,
                                             incoming.own_address,
                                             incoming.source_port,
                                             arrived,
                                             probes + 1});
    return true;
  }

  void on_probed(Wire& wire, Ipv4Address address, bool in_use) {
    const auto found = wire.held.find(address);
    if (found == wire.held.end()) return;
    const Held held = std::move(found->second);
    wire.held.erase(found);
    const Now now = read_clocks();
    if (in_use) {
      if (auto change = responder_.conflict(address, now)) store(std::move(*change), [](bool) {});
    } else if (const LeaseTable::Entry* entry = responder_.table().find(address); entry != nullptr) {
      responder_.vouch(address, entry->mac);
    }
    const Incoming incoming{held.bytes, held.source, held.source_port, held.own_address};
    serve(wire, incoming, now, held.arrived, held.probes);
    publish_pools();
    commits_.flush();
    wire.sender.flush();
  }

  asio::io_context& io_;
  ServiceConfig config_;
  const HostDirectory& directory_;
  Observer& observer_;
  std::shared_ptr<const HostTable> hosts_;
  Responder responder_;
  PoolCounts pools_;
  asio::steady_timer look_;
  CommitQueue commits_;
  std::vector<std::unique_ptr<Wire>> wires_;
  // Of one message at a time; kept for their memory.
  Packet request_;
  Decision decision_;
  std::vector<std::uint8_t> encoded_;
};

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() = default;
std::vector<PoolUse> Service::pool_use() const { return impl_->pool_use(); }

Result<std::unique_ptr<Service>> Service::start(asio::io_context& io, ServiceConfig config,
                                                const HostDirectory& directory, LeaseStore& store, Observer& observer) {
  if (auto valid = check(config.responder); !valid) return fail_with("DHCP", valid.error());
  if (config.interfaces.empty()) return fail("DHCP: no interface to serve");
  std::vector<Interface> interfaces;
  std::vector<Ipv4Address> own_addresses;
  for (const std::string& name : config.interfaces) {
    auto interface = find_interface(name);
    if (!interface) return fail_with("DHCP", interface.error());
    own_addresses.insert(own_addresses.end(), interface->addresses.begin(), interface->addresses.end());
    interfaces.push_back(std::move(*interface));
  }
  const std::uint16_t server_port = config.server_port, proxy_port = config.proxy_port;
  const bool is_proxy = config.responder.mode == Mode::kProxy;
  auto impl = std::make_unique<Impl>(io, std::move(config), std::move(own_addresses), directory, store, observer);
  if (auto loaded = impl->load(store); !loaded) return fail_with("stored leases", loaded.error());
  for (const Interface& interface : interfaces) {
    if (auto opened = impl->open(interface, server_port, false); !opened) return tl::unexpected<Error>(opened.error());
    if (!is_proxy) continue;
    if (auto opened = impl->open(interface, proxy_port, true); !opened) return tl::unexpected<Error>(opened.error());
  }
  impl->look_at_pools();
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

}  // namespace piman::netboot::dhcp
