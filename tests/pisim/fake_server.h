// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/pisim/frame.h"
#include "tests/pisim/virtual_pi.h"

/// A server for tests of virtual Pis without a wire: answers DHCP, ARP and TFTP as a good server does, with knobs to do
/// it wrongly. Time moves only when run() moves it.
namespace piman::pisim {

using OptionBytes = std::pair<std::uint8_t, Bytes>;

inline Bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }

/// Option 43 as Raspberry Pi's documentation shows it, with `text` in its boot menu.
inline Bytes pxe_menu(std::string_view text) {
  ByteWriter out;
  out.u8(6).u8(1).u8(3).u8(10).u8(4).u8(0).text("PXE");
  out.u8(9).u8(static_cast<std::uint8_t>(text.size() + 3)).u16(0).u8(static_cast<std::uint8_t>(text.size())).text(text);
  return out.u8(255).take();
}

struct ReplyFields {
  std::uint8_t type = kOffer;
  std::uint32_t xid = 0;
  MacAddress mac;
  Ipv4Address yiaddr;
  Ipv4Address siaddr;
  Ipv4Address giaddr;
  std::uint8_t hops = 0;
  std::vector<OptionBytes> options;
  std::size_t padded_to = 300;
};
inline Bytes make_reply(const ReplyFields& fields) {
  ByteWriter out;
  out.u8(2).u8(1).u8(6).u8(fields.hops).u32(fields.xid).u32(0).u32(0);
  out.ip(fields.yiaddr).ip(fields.siaddr).ip(fields.giaddr).mac(fields.mac).zeros(10 + 64 + 128).u32(0x6382'5363);
  out.u8(53).u8(1).u8(fields.type);
  for (const auto& [code, value] : fields.options) {
    out.u8(code);
    if (code != 0) out.u8(static_cast<std::uint8_t>(value.size())).raw(value);
  }
  out.u8(255);
  if (out.size() < fields.padded_to) out.zeros(fields.padded_to - out.size());
  return out.take();
}

class FakeServer {
 public:
  // Knobs.
  std::string boot_text{kBootTextSpaces};  ///< empty: no option 43
  std::vector<OptionBytes> more_options;
  Time dhcp_delay{};
  Time nudge_after{};  ///< a broadcast frame of no protocol this long after a DISCOVER; 0: none
  bool duplicate_data = false;
  std::size_t last_block = ~std::size_t{0};  ///< of any transfer; then it falls silent
  std::map<std::string, std::string, std::less<>> files;
  // What it saw.
  std::vector<std::string> asked;  ///< names in RRQs
  std::vector<Bytes> dhcp_seen;

  const Ipv4Address address{0x0A00'0001};
  const Ipv4Address given{0x0A00'0042};
  const MacAddress mac{{2, 0, 0, 0, 0, 1}};

  /// Until `pi` is finished or `limit` has passed. Returns the time then.
  Time run(VirtualPi& pi, Time limit, Time now = Time(0)) {
    if (pi.state() == VirtualPi::State::kOff) pi.power_on(now);
    take(pi, now);
    while (!pi.finished()) {
      Time next = pi.wake_at();
      if (!queue_.empty()) next = std::min(next, queue_.begin()->first);
      if (next > limit) return limit;
      now = std::max(now, next);
      if (!queue_.empty() && queue_.begin()->first <= now) {
        const Bytes frame = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
        pi.receive(frame, parse_frame(frame), now);
      } else {
        pi.wake(now);
      }
      take(pi, now);
    }
    return now;
  }

 private:
  struct Transfer {
    std::string_view content;
    std::size_t blksize = 512;
  };

  void send(Time at, Bytes frame) { queue_.emplace(at, std::move(frame)); }
  void send_udp(Time at, const UdpPacket& to, std::uint16_t from_port, const Bytes& payload) {
    UdpPacket packet;
    packet.source_mac = mac;
    packet.destination_mac = to.source_mac;
    packet.source = address;
    packet.destination = to.source_port == 68 ? given : to.source;
    packet.source_port = from_port;
    packet.destination_port = to.source_port;
    packet.payload = payload;
    send(at, make_udp_frame(packet));
  }

  void take(VirtualPi& pi, Time now) {
    for (const Bytes& frame : pi.take_frames()) {
      const ParsedFrame parsed = parse_frame(frame);
      if (const auto* arp = std::get_if<ArpPacket>(&parsed)) {
        if (arp->operation == kArpRequest && arp->target == address) {
          send(now, make_arp_frame({kArpReply, mac, address, arp->sender_mac, arp->sender}));
        }
      } else if (const auto* udp = std::get_if<UdpPacket>(&parsed)) {
        if (udp->destination_port == 67) {
          on_dhcp(*udp, now);
        } else {
          on_tftp(*udp, now);
        }
      }
    }
  }

  void on_dhcp(const UdpPacket& packet, Time now) {
    dhcp_seen.emplace_back(packet.payload.begin(), packet.payload.end());
    ByteReader in(packet.payload);
    in.u32();
    ReplyFields reply;
    reply.xid = in.u32();
    reply.mac = packet.source_mac;
    reply.yiaddr = given;
    const bool discover = packet.payload[242] == kDiscover;
    reply.type = discover ? kOffer : kAck;
    const bool pxe = as_text(packet.payload).find("PXEClient") != std::string_view::npos;
    reply.options = {{54, ByteWriter().ip(address).take()},
                     {51, ByteWriter().u32(3600).take()},
                     {1, ByteWriter().u32(0xFFFF'FF00).take()}};
    if (pxe) reply.options.emplace_back(60, to_bytes("PXEClient"));
    if (pxe && !boot_text.empty()) reply.options.emplace_back(43, pxe_menu(boot_text));
    for (const OptionBytes& option : more_options) reply.options.push_back(option);
    send_udp(now + dhcp_delay, packet, 67, make_reply(reply));
    if (discover && nudge_after > Time(0)) {
      ByteWriter nudge;
      send(now + nudge_after, nudge.mac(packet.source_mac).mac(mac).u16(0x0842).zeros(46).take());
    }
  }

  void on_tftp(const UdpPacket& packet, Time now) {
    ByteReader in(packet.payload);
    const std::uint16_t opcode = in.u16();
    if (opcode == 1) return on_request(packet, as_text(in.rest()), now);
    const auto found = transfers_.find(packet.source_port);
    if (found == transfers_.end()) return;
    if (opcode != 4) {
      transfers_.erase(found);
      return;
    }
    send_block(packet, found->second, std::size_t{in.u16()} + 1, now);
  }

  void on_request(const UdpPacket& packet, std::string_view request, Time now) {
    const std::string name(request.substr(0, request.find('\0')));
    asked.push_back(name);
    const auto file = files.find(name);
    if (file == files.end()) {
      return send_udp(now, packet, 2000, ByteWriter().u16(5).u16(1).text("no such file").u8(0).take());
    }
    Transfer& transfer = transfers_[packet.source_port] = {file->second, 512};
    ByteWriter oack;
    oack.u16(6);
    if (request.find("tsize") != std::string_view::npos) {
      oack.text("tsize").u8(0).text(std::to_string(file->second.size())).u8(0);
    }
    const std::size_t blksize = request.find("blksize");
    if (blksize != std::string_view::npos) {
      transfer.blksize = static_cast<std::size_t>(std::atoi(request.substr(blksize + 8).data()));
      oack.text("blksize").u8(0).text(std::to_string(transfer.blksize)).u8(0);
    }
    if (oack.size() > 2) return send_udp(now, packet, 2000, oack.take());
    send_block(packet, transfer, 1, now);
  }

  void send_block(const UdpPacket& packet, const Transfer& transfer, std::size_t block, Time now) {
    const std::size_t offset = (block - 1) * transfer.blksize;
    if (offset > transfer.content.size() || block > last_block) return;
    const Bytes data = ByteWriter()
                           .u16(3)
                           .u16(static_cast<std::uint16_t>(block))
                           .text(transfer.content.substr(offset, transfer.blksize))
                           .take();
    send_udp(now, packet, 2000, data);
    if (duplicate_data) send_udp(now, packet, 2000, data);
  }

  std::multimap<Time, Bytes> queue_;
  std::map<std::uint16_t, Transfer> transfers_;
};

}  // namespace piman::pisim
