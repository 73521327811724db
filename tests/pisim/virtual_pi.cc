// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/virtual_pi.h"

#include <algorithm>
#include <utility>

#include "common/text.h"

namespace piman::pisim {
namespace {

using std::chrono::seconds;

constexpr std::uint16_t kDhcpClientPort = 68;
constexpr std::uint16_t kDhcpServerPort = 67;
constexpr std::uint8_t kRomTtl = 128;
constexpr int kArpTries = 5;
constexpr Time kArpPause = seconds(1);
constexpr Time kRestartPause = seconds(2);

}  // namespace

std::string_view name_of(VirtualPi::State state) {
  switch (state) {
    case VirtualPi::State::kOff:
      return "off";
    case VirtualPi::State::kStarting:
      return "starting";
    case VirtualPi::State::kDhcp:
      return "dhcp";
    case VirtualPi::State::kArp:
      return "arp";
    case VirtualPi::State::kLoading:
      return "loading";
    case VirtualPi::State::kWaiting:
      return "waiting";
    case VirtualPi::State::kDead:
      return "dead";
    case VirtualPi::State::kBooted:
      return "booted";
  }
  return "unknown";
}

VirtualPi::VirtualPi(const Model& model, Identity identity, const PiSettings& settings, const ExpectedFiles& expected,
                     std::uint64_t seed)
    : model_(model), identity_(std::move(identity)), settings_(settings), expected_(expected), random_(seed) {}

Time VirtualPi::scaled(Time pause) const {
  return Time(static_cast<Time::rep>(static_cast<double>(pause.count()) * settings_.time_scale));
}

VirtualPi::Counts VirtualPi::counts() const {
  Counts counts = counts_;
  if (dhcp_) {
    counts.discovers += dhcp_->discovers();
    counts.refused_replies += dhcp_->refused();
  }
  return counts;
}

std::string VirtualPi::words() const {
  if (state_ == State::kDead) return last_failure_;
  if (state_ == State::kLoading && loader_) return concat("loading ", loader_->words());
  if (state_ == State::kDhcp && dhcp_) return concat("no usable reply to ", dhcp_->discovers(), " DISCOVERs yet");
  return std::string(name_of(state_));
}

void VirtualPi::power_on(Time now) {
  powered_at_ = now;
  boot(now);
}

void VirtualPi::boot(Time now) {
  memory_ = {};
  std::string mac = identity_.mac.to_string();
  std::replace(mac.begin(), mac.end(), ':', '-');
  memory_.prefix = (settings_.mac_prefix ? mac : identity_.serial_text()) + "/";
  stage_ = 0;
  address_.reset();
  booted_address_.reset();
  next_hop_mac_.reset();
  enter_stage(now);
}

void VirtualPi::enter_stage(Time now) {
  const Time startup = scaled(stage().startup);
  state_ = State::kStarting;
  continue_at_ = now + startup;
  // A stage that begins with DHCP knows nothing of the address that the one before had.
  if (stage().has_dhcp) address_.reset();
  if (startup == Time(0)) stage_up(now);
}

void VirtualPi::stage_up(Time now) {
  continue_at_ = kNever;
  if (!stage().has_dhcp) return begin_loading(now);
  next_hop_mac_.reset();
  state_ = State::kDhcp;
  counts_ = counts();
  dhcp_.emplace(stage().dhcp, identity_, settings_.rom_receive_timeout, random_.next(), findings_);
  dhcp_->start(now);
  after_dhcp(now);
}

void VirtualPi::send_udp(const UdpPacket& packet) {
  ++counts_.frames_out;
  frames_.push_back(make_udp_frame(packet));
}

/// Sends what the DHCP client has to say, and goes on when it is done.
void VirtualPi::after_dhcp(Time now) {
  for (const Bytes& payload : dhcp_->take_outgoing()) {
    UdpPacket packet;
    packet.source_mac = identity_.mac;
    packet.destination_mac = broadcast_mac();
    packet.destination = Ipv4Address(kBroadcastAddress);
    packet.source_port = kDhcpClientPort;
    packet.destination_port = kDhcpServerPort;
    packet.ttl = stage().dhcp.ttl;
    packet.payload = payload;
    send_udp(packet);
  }
  switch (dhcp_->status()) {
    case DhcpClient::Status::kWorking:
      return;
    case DhcpClient::Status::kSawPiReply:
      return stage_failed("was given a Raspberry Pi's reply", now, true);
    case DhcpClient::Status::kGaveUp:
      return stage_failed(concat("no usable reply to ", dhcp_->discovers(), " DISCOVERs"), now);
    case DhcpClient::Status::kDone:
      break;
  }
  if (model_.role == Role::kForeignPxe) {
    state_ = State::kBooted;
    booted_at_ = now;
    return;
  }
  lease_ = dhcp_->lease();
  address_ = lease_.address;
  if (settings_.subnet && !settings_.subnet->contains(*address_)) findings_.add(Finding::kOutsideSubnet);
  if (booted_address_ && *booted_address_ != *address_) findings_.add(Finding::kAddressChanged);
  booted_address_ = address_;
  if (stage().plan.empty()) return next_stage(now);
  begin_arp(now);
}

void VirtualPi::begin_arp(Time now) {
  next_hop_ = *lease_.tftp_server;
  const bool on_link = !lease_.mask || Subnet{*address_, *lease_.mask}.contains(next_hop_);
  if (!on_link && stage().knows_gateways && lease_.gateway) next_hop_ = *lease_.gateway;
  state_ = State::kArp;
  arp_tries_ = 0;
  send_arp_request(now);
}

void VirtualPi::send_arp_request(Time now) {
  if (arp_tries_++ == kArpTries) return stage_failed(concat("no ARP reply from ", next_hop_.to_string()), now);
  arp_again_ = now + kArpPause;
  ++counts_.frames_out;
  frames_.push_back(make_arp_frame({kArpRequest, identity_.mac, *address_, MacAddress(), next_hop_}));
}

void VirtualPi::begin_loading(Time now) {
  state_ = State::kLoading;
  const FileLoader::Context context{stage().plan, stage().tftp, model_.config_sections,
                                    expected_,    identity_,    settings_.full};
  loader_.emplace(context, memory_, counts_.load, findings_);
  loader_->start(now);
  after_loading(now);
}

void VirtualPi::flush_loader() {
  for (const TftpClient::Datagram& datagram : loader_->take_outgoing()) {
    UdpPacket packet;
    packet.source_mac = identity_.mac;
    packet.destination_mac = *next_hop_mac_;
    packet.source = *address_;
    packet.destination = *lease_.tftp_server;
    packet.source_port = datagram.source_port;
    packet.destination_port = datagram.destination_port;
    packet.ttl = kRomTtl;
    packet.payload = datagram.payload;
    send_udp(packet);
  }
}

void VirtualPi::after_loading(Time now) {
  flush_loader();
  switch (loader_->status()) {
    case FileLoader::Status::kWorking:
      return;
    case FileLoader::Status::kDone:
      return next_stage(now);
    case FileLoader::Status::kFailed:
    case FileLoader::Status::kHung:
      return stage_failed(loader_->words(), now, loader_->status() == FileLoader::Status::kHung);
  }
}

void VirtualPi::next_stage(Time now) {
  if (stage_ + 1 < model_.stages.size()) {
    ++stage_;
    return enter_stage(now);
  }
  state_ = State::kBooted;
  booted_at_ = now;
}

void VirtualPi::stage_failed(std::string words, Time now, bool hung) {
  last_failure_ = std::move(words);
  const bool tries_again = settings_.attempts == 0 || counts_.restarts + 1 < settings_.attempts;
  if (!hung && tries_again && stage().after_failure == AfterFailure::kRestarts) {
    state_ = State::kWaiting;
    continue_at_ = now + scaled(kRestartPause);
    return;
  }
  state_ = State::kDead;
  continue_at_ = settings_.power_cycle_after ? now + *settings_.power_cycle_after : kNever;
}

void VirtualPi::receive(ByteView frame, const ParsedFrame& parsed, Time now) {
  const MacAddress destination = destination_of(frame);
  if (destination != identity_.mac && !is_broadcast(destination)) return;
  // Off, or between two stages: the network card is not up.
  if (state_ == State::kOff || state_ == State::kStarting || state_ == State::kWaiting || state_ == State::kDead)
    return;
  ++counts_.frames_in;
  if (const auto* bad = std::get_if<BadFrame>(&parsed)) {
    findings_.add(bad->why);
  } else if (const auto* arp = std::get_if<ArpPacket>(&parsed)) {
    on_arp(*arp, now);
  } else if (const auto* udp = std::get_if<UdpPacket>(&parsed)) {
    on_udp(*udp, now);
  }
  if (state_ == State::kDhcp) {
    dhcp_->frame_seen(now);
    after_dhcp(now);
  }
}

void VirtualPi::on_arp(const ArpPacket& packet, Time now) {
  if (packet.operation == kArpReply && state_ == State::kArp && packet.sender == next_hop_) {
    next_hop_mac_ = packet.sender_mac;
    arp_again_ = kNever;
    return begin_loading(now);
  }
  const bool deaf = state_ == State::kLoading && stage().deaf_to_arp;
  if (packet.operation != kArpRequest || !address_ || packet.target != *address_ || deaf) return;
  ++counts_.frames_out;
  frames_.push_back(make_arp_frame({kArpReply, identity_.mac, *address_, packet.sender_mac, packet.sender}));
}

void VirtualPi::on_udp(const UdpPacket& packet, Time now) {
  if (state_ == State::kDhcp) {
    if (packet.destination_port != kDhcpClientPort || packet.source_port != kDhcpServerPort) return;
    dhcp_->receive(packet.payload, packet.source, packet.destination, now);
    return;
  }
  if (state_ != State::kLoading || packet.destination != *address_ || packet.source != *lease_.tftp_server) return;
  if (packet.destination_port == kDhcpClientPort) return;  // another server's late reply
  loader_->receive(packet.payload, packet.source_port, packet.destination_port, now);
  after_loading(now);
}

void VirtualPi::wake(Time now) {
  switch (state_) {
    case State::kStarting:
      if (now >= continue_at_) stage_up(now);
      return;
    case State::kWaiting:
      if (now < continue_at_) return;
      ++counts_.restarts;
      return boot(now);
    case State::kDead:
      if (now < continue_at_) return;
      ++counts_.power_cycles;
      return boot(now);
    case State::kDhcp:
      dhcp_->wake(now);
      return after_dhcp(now);
    case State::kArp:
      if (now >= arp_again_) send_arp_request(now);
      return;
    case State::kLoading:
      loader_->wake(now);
      return after_loading(now);
    case State::kOff:
    case State::kBooted:
      return;
  }
}

Time VirtualPi::wake_at() const {
  switch (state_) {
    case State::kStarting:
    case State::kWaiting:
    case State::kDead:
      return continue_at_;
    case State::kDhcp:
      return dhcp_->wake_at();
    case State::kArp:
      return arp_again_;
    case State::kLoading:
      return loader_->wake_at();
    case State::kOff:
    case State::kBooted:
      return kNever;
  }
  return kNever;
}

}  // namespace piman::pisim
