// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/dhcp_client.h"

#include <algorithm>

#include "tests/pisim/frame.h"

namespace piman::pisim {
namespace {

constexpr std::uint32_t kOldXid = 0x26f3'0339;
constexpr std::size_t kMinReply = 300;  // RFC 1542: BOOTP's size, which some clients insist on
constexpr std::uint32_t kRequestTries = 3;

}  // namespace

void DhcpClient::start(Time now) {
  started_ = now;
  wake(now);
}

void DhcpClient::send(DhcpRequest request, Time now) {
  request.xid = xid_;
  request.mac = identity_.mac;
  request.flags = traits_.flags;
  request.parameter_list = traits_.parameter_list;
  request.padded_to = traits_.padded_to;
  if (traits_.guid) request.guid = identity_.guid(*traits_.guid);
  if (traits_.counts_seconds) {
    request.seconds =
        static_cast<std::uint16_t>(std::chrono::duration_cast<std::chrono::seconds>(now - started_).count());
  }
  outgoing_.push_back(encode(request));
}

void DhcpClient::send_discover(Time now) {
  xid_ = traits_.constant_xid ? kOldXid : xid_ != 0 ? xid_ : static_cast<std::uint32_t>(random_.next());
  ++discovers_;
  if (traits_.rom_timing) {  // each attempt begins anew
    lease_ = {};
    has_address_ = false;
    listening_ = true;
    attempt_at_ = last_frame_at_ = now;
  }
  DhcpRequest request;
  request.type = kDiscover;
  request.pxe_class = traits_.pxe_in_discover;
  send(request, now);
}

void DhcpClient::send_request(Time now) {
  ++requests_;
  request_again_ = now + traits_.request_resend;
  DhcpRequest request;
  request.type = kRequest;
  request.requested = lease_.address;
  request.server_id = server_id_;
  request.pxe_class = traits_.pxe_in_request;
  send(request, now);
}

void DhcpClient::wake(Time now) {
  if (status_ != Status::kWorking) return;
  const Time elapsed = now - started_;
  if (listening_ && now - last_frame_at_ >= rom_receive_timeout_) listening_ = false;
  if (elapsed >= traits_.give_up) {
    status_ = traits_.server_rule == ServerRule::kMustNotSeePi ? Status::kDone : Status::kGaveUp;
    return;
  }
  if (phase_ == Phase::kRequesting) {
    if (now < request_again_) return;
    if (requests_ < kRequestTries) return send_request(now);
    restart(now);
  }
  if (next_discover_ < traits_.discover_at.size() && elapsed >= traits_.discover_at[next_discover_]) {
    // A late wake-up does not send what was missed in one burst.
    while (next_discover_ < traits_.discover_at.size() && elapsed >= traits_.discover_at[next_discover_]) {
      ++next_discover_;
    }
    send_discover(now);
  }
}

Time DhcpClient::wake_at() const {
  if (status_ != Status::kWorking) return kNever;
  Time next = started_ + traits_.give_up;
  if (phase_ == Phase::kRequesting) return std::min(next, request_again_);
  if (next_discover_ < traits_.discover_at.size()) {
    next = std::min(next, started_ + traits_.discover_at[next_discover_]);
  }
  if (listening_) next = std::min(next, last_frame_at_ + rom_receive_timeout_);
  return next;
}

void DhcpClient::restart(Time now) {
  phase_ = Phase::kSelecting;
  lease_ = {};
  has_address_ = false;
  server_id_.reset();
  requests_ = 0;
  request_again_ = kNever;
  if (!traits_.constant_xid) xid_ = 0;
  send_discover(now);
}

void DhcpClient::frame_seen(Time now) {
  if (!listening_ || status_ != Status::kWorking) return;
  if (now - last_frame_at_ >= rom_receive_timeout_) {
    listening_ = false;
    return;
  }
  last_frame_at_ = now;
  if (now - attempt_at_ > kRomTransaction && has_all()) {
    listening_ = false;
    status_ = Status::kDone;
  }
}

void DhcpClient::lint(const DhcpReply& reply) {
  if (reply.size_bytes < kMinReply) findings_.add(Finding::kReplyShort);
  if (!reply.has_end) findings_.add(Finding::kReplyWithoutEnd);
  if (reply.pad_between) findings_.add(Finding::kPadBetweenOptions);
  if (reply.option_twice) findings_.add(Finding::kOptionTwice);
  if (!reply.address(54)) findings_.add(Finding::kNoServerId);
  if (reply.type != kNakType && reply.yiaddr != Ipv4Address()) {
    const DhcpReply::Option* lease_time = reply.find(51);
    if (lease_time == nullptr || lease_time->value.size() != 4) findings_.add(Finding::kNoLeaseTime);
    if (!reply.address(1)) findings_.add(Finding::kNoSubnetMask);
  }
  const DhcpReply::Option* tftp = reply.find(66);
  if (tftp != nullptr && !tftp_address(tftp->value)) findings_.add(Finding::kOption66NotAnAddress);
  const DhcpReply::Option* vendor = reply.find(43);
  const bool is_pi = vendor != nullptr && as_text(vendor->value).find(kBootText) != std::string_view::npos;
  if (is_pi && !boot_menu_names_pi(vendor->value)) findings_.add(Finding::kOption43Malformed);
  const DhcpReply::Option* vendor_class = reply.find(60);
  const bool is_pxe = is_pi || (vendor_class != nullptr && as_text(vendor_class->value) == "PXEClient");
  if (is_pxe && !traits_.pxe_in_discover) findings_.add(Finding::kPxeForPlainClient);
}

void DhcpClient::receive(ByteView payload, Ipv4Address source, Ipv4Address destination, Time now) {
  if (status_ != Status::kWorking || discovers_ == 0 || (traits_.rom_timing && !listening_)) return;
  const auto parsed = parse_reply(payload);
  if (!parsed) return findings_.add(Finding::kReplyMalformed);
  const DhcpReply& reply = *parsed;
  if (reply.chaddr != identity_.mac || reply.xid != xid_) return;  // somebody else's, or of an exchange that is over
  lint(reply);
  // A client without an address takes in the broadcast address and the one that it is being given.
  if (destination.value() != kBroadcastAddress && destination != reply.yiaddr) {
    return findings_.add(Finding::kReplyToOtherAddress);
  }
  if (reply.hops != 0 || reply.giaddr != Ipv4Address()) {
    findings_.add(Finding::kReplyRelayed);
    if (traits_.refuses_relayed) {
      ++refused_;
      return;
    }
  }
  if (traits_.refuses_pads && reply.pad_between) {
    ++refused_;
    return;
  }
  if (reply.type == kOffer && phase_ == Phase::kSelecting) {
    on_offer(reply, source, now);
  } else if (reply.type == kAck && phase_ == Phase::kRequesting) {
    on_ack(reply);
  } else if (reply.type == kNakType && phase_ == Phase::kRequesting) {
    findings_.add(Finding::kNak);
    restart(now);
  }
}

void DhcpClient::take_network(const DhcpReply& reply) {
  if (const auto mask = reply.address(1)) lease_.mask = mask->value();
  const DhcpReply::Option* routers = reply.find(3);
  if (routers != nullptr && routers->value.size() >= 4) lease_.gateway = ByteReader(routers->value).ip();
}

void DhcpClient::take_server(const DhcpReply& reply, Ipv4Address source) {
  if (traits_.server_rule == ServerRule::kRom || traits_.server_rule == ServerRule::kRomSpaces) {
    const std::string_view wanted = traits_.server_rule == ServerRule::kRom ? kBootText : kBootTextSpaces;
    for (const DhcpReply::Option& option : reply.options) {  // in the packet's order: the last one wins
      if (option.code == 43 && as_text(option.value).find(wanted) != std::string_view::npos) {
        lease_.tftp_server = source;
      } else if (option.code == 66) {
        if (const auto address = tftp_address(option.value)) lease_.tftp_server = *address;
      }
    }
    return;
  }
  if (lease_.tftp_server) return;
  const DhcpReply::Option* tftp = reply.find(66);
  if (tftp != nullptr) lease_.tftp_server = tftp_address(tftp->value);
  if (lease_.tftp_server) return;
  const DhcpReply::Option* vendor_class = reply.find(60);
  const DhcpReply::Option* vendor = reply.find(43);
  if (vendor_class != nullptr && as_text(vendor_class->value).substr(0, 9) == "PXEClient" && vendor != nullptr &&
      boot_menu_names_pi(vendor->value)) {
    lease_.tftp_server = reply.siaddr != Ipv4Address() ? reply.siaddr : source;
  }
}

bool DhcpClient::has_all() const {
  const bool wants_server = traits_.server_rule != ServerRule::kNone;
  return has_address_ && (!wants_server || lease_.tftp_server);
}

void DhcpClient::on_offer(const DhcpReply& reply, Ipv4Address source, Time now) {
  if (traits_.server_rule == ServerRule::kMustNotSeePi) {
    const DhcpReply::Option* vendor = reply.find(43);
    if (vendor != nullptr && as_text(vendor->value).find(kBootText) != std::string_view::npos) {
      status_ = Status::kSawPiReply;
    }
    return;
  }
  if (reply.yiaddr != Ipv4Address() && !has_address_) {
    has_address_ = true;
    lease_.address = reply.yiaddr;
    lease_.dhcp_server = source;
    server_id_ = reply.address(54);
    take_network(reply);
  }
  if (traits_.server_rule != ServerRule::kNone) take_server(reply, source);
  if (!has_all()) {
    ++refused_;
    return;
  }
  if (traits_.rom_timing) return;  // frame_seen() acts on it
  if (!traits_.sends_request) {
    status_ = Status::kDone;
    return;
  }
  if (!server_id_) {
    ++refused_;
    has_address_ = false;
    return;
  }
  phase_ = Phase::kRequesting;
  requests_ = 0;
  send_request(now);
}

void DhcpClient::on_ack(const DhcpReply& reply) {
  if (reply.address(54) != server_id_) {
    findings_.add(Finding::kServerIdChanged);
    return;
  }
  if (reply.yiaddr != lease_.address) {
    findings_.add(Finding::kAckOfOtherAddress);
    return;
  }
  take_network(reply);
  status_ = Status::kDone;
}

}  // namespace piman::pisim
