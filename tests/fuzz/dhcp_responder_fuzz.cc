// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "common/check.h"
#include "netboot/dhcp/responder.h"

namespace {

using namespace piman;
using namespace piman::netboot;
using namespace piman::netboot::dhcp;

constexpr std::size_t kMostMessageBytes = 600;
constexpr int kMostSteps = 64, kMostRestarts = 4;

ResponderConfig make_config(std::uint8_t choice) {
  ResponderConfig config;
  config.mode = (choice & 1) != 0 ? Mode::kProxy : Mode::kServer;
  config.unknown = (choice & 2) != 0 ? UnknownPolicy::kPending : UnknownPolicy::kPool;
  config.authoritative = (choice & 4) == 0;
  config.probe_addresses = (choice & 8) != 0;
  config.lease_time = std::chrono::seconds(120);
  config.decline_quarantine = std::chrono::seconds(90);
  config.boot_files = {"bios", "x64", "arm64", "http://x", "http://a", "ipxe", "u-boot"};
  Subnet subnet;
  subnet.network = Ipv4Address(0x0A00'0000);
  subnet.pool = AddressRange{Ipv4Address(0x0A00'0064), Ipv4Address(0x0A00'0067)};
  subnet.router = Ipv4Address(0x0A00'0066);
  Subnet far = subnet;
  far.network = Ipv4Address(0x0A01'0000);
  far.pool = AddressRange{Ipv4Address(0x0A01'0000), Ipv4Address(0x0A01'00FF)};
  config.subnets = {subnet, far};
  return config;
}

MacAddress client(std::uint8_t i) { return MacAddress({2, 0, 0, 0, 0, i}); }

/// One run: messages of the input, time that passes, probes that find somebody, and restarts from what was stored.
class Run {
 public:
  explicit Run(std::uint8_t choice) : config_(make_config(choice)) { restart(); }

  void step(std::uint8_t action, Bytes message) {
    if (action < 8) return restarts_++ < kMostRestarts ? restart() : void();
    if (action < 40) return pass(std::chrono::seconds(action * 4));
    Packet packet;
    if (!decode(message, packet)) return;
    if ((action & 1) != 0) packet.chaddr = client(action >> 2 & 7);  // so that clients meet
    const Arrival arrival{Ipv4Address(0x0A00'0001), packet.ciaddr, (action & 2) != 0 && config_.mode == Mode::kProxy};
    responder_->handle(packet, arrival, now_, decision_);
    keep(decision_.change);
    if (decision_.drop == Drop::kReleased || decision_.drop == Drop::kDeclined) holders_.erase(decision_.address);
    if (decision_.probe && (action & 4) != 0) keep(responder_->conflict(*decision_.probe, now_));
    if (decision_.probe && (action & 4) == 0) responder_->vouch(*decision_.probe, packet.chaddr);
    PIMAN_CHECK(decision_.sent.has_value() == (decision_.drop == Drop::kNone));
    if (decision_.sent) check_reply(packet);
  }

 private:
  void restart() {
    responder_ = std::make_unique<Responder>(config_, std::vector<Ipv4Address>{Ipv4Address(0x0A00'0001)});
    responder_->set_hosts(std::make_shared<const HostTable>(std::vector<Host>{
        {client(1), Ipv4Address(0x0A00'000B), "one", "", ""}, {client(2), Ipv4Address(0x0A00'0065), "two", "", ""}}));
    std::vector<Lease> leases;
    for (const auto& [address, lease] : stored_) leases.push_back(lease);
    responder_->load(leases, now_);
  }
  void pass(std::chrono::seconds time) {
    now_.steady += time;
    now_.wall += time;
  }
  void keep(const std::optional<LeaseChange>& change) {
    if (change) stored_[change->lease.address] = change->lease;
  }
  void check_reply(const Packet& request) {
    std::vector<std::uint8_t> bytes;
    encode(decision_.reply, reply_limit(request), bytes);
    Packet reply;
    PIMAN_CHECK(decode(bytes, reply).has_value() && reply.op == kBootReply && reply.chaddr == request.chaddr);
    PIMAN_CHECK(reply.options.has(option::kMessageType) && reply.options.has(option::kServerId));
    const Ipv4Address address = reply.yiaddr;
    if (address == Ipv4Address()) return;
    PIMAN_CHECK(config_.mode == Mode::kServer);
    PIMAN_CHECK(address.value() != 0x0A00'0001 && address.value() != 0x0A00'0066);
    PIMAN_CHECK(*decision_.sent != MessageType::kAck || decision_.change);
    const auto found = holders_.find(address);
    PIMAN_CHECK(found == holders_.end() || found->second.mac == request.chaddr || found->second.until <= now_.steady);
    if (decision_.change) holders_[address] = {request.chaddr, now_.steady + config_.lease_time};
  }

  struct Holder {
    MacAddress mac;
    SteadyTime until;
  };
  int restarts_ = 0;
  ResponderConfig config_;
  std::unique_ptr<Responder> responder_;
  Now now_{SteadyTime(std::chrono::hours(1)), WallTime(std::chrono::hours(500'000))};
  Decision decision_;
  std::map<Ipv4Address, Lease> stored_;
  std::map<Ipv4Address, Holder> holders_;
};

}  // namespace

/// The first byte chooses the configuration; then come steps: an action, a length in two bytes, a message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Run run(data[0]);
  Bytes rest(data + 1, size - 1);
  for (int steps = 0; steps < kMostSteps && rest.size() >= 3; ++steps) {
    const std::size_t length =
        std::min<std::size_t>({static_cast<std::size_t>(rest[1] << 8 | rest[2]), rest.size() - 3, kMostMessageBytes});
    run.step(rest[0], rest.subspan(3, length));
    rest = rest.subspan(3 + length);
  }
  return 0;
}
