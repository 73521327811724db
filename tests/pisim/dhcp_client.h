// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "tests/pisim/bytes.h"
#include "tests/pisim/dhcp_message.h"
#include "tests/pisim/finding.h"
#include "tests/pisim/identity.h"

/// One DHCP exchange of one boot stage, with the habits and bugs of that stage's firmware. Pure: time goes in, payloads
/// for the broadcast address come out.
namespace piman::pisim {

/// How a stage finds its TFTP server in a reply.
enum class ServerRule : std::uint8_t {
  kNone,          ///< it wants an address only
  kRomSpaces,     ///< 43 with three blanks after the text, or 66; the last one in the packet wins; siaddr is ignored
  kRom,           ///< the same without the blanks
  kEeprom,        ///< 66; else 60 "PXEClient" with 43, then siaddr, else the sender. Collects from several servers
  kMustNotSeePi,  ///< a PC: fails when it sees a Raspberry Pi's option 43
};

struct DhcpTraits {
  bool constant_xid = false;  ///< 0x26f30339: all boards of the old models, at all times
  bool sends_request = true;  ///< false: the OFFER is the binding
  bool pxe_in_discover = true;
  bool pxe_in_request = true;
  std::optional<GuidForm> guid;
  std::vector<std::uint8_t> parameter_list;
  ServerRule server_rule = ServerRule::kNone;
  std::vector<Time> discover_at;  ///< since the start
  Time give_up{};                 ///< since the start
  Time request_resend{};
  bool counts_seconds = false;  ///< the field `secs` is filled in
  std::uint16_t flags = 0;
  std::uint8_t ttl = 128;
  std::size_t padded_to = 0;
  bool rom_timing = false;  ///< the 3B: see DhcpClient
  bool refuses_relayed = false;
  bool refuses_pads = false;
};

struct Lease {
  Ipv4Address address;
  std::optional<std::uint32_t> mask;
  std::optional<Ipv4Address> gateway;
  Ipv4Address dhcp_server;
  std::optional<Ipv4Address> tftp_server;
};

/// Bug of the 3B's mask ROM (`rom_timing`): a reply is not acted on when it arrives but when any frame arrives later
/// than a second after the DISCOVER; and the attempt is given up, deaf until the next DISCOVER, when no frame at all
/// arrives for `rom_receive_timeout`.
class DhcpClient {
 public:
  enum class Status : std::uint8_t { kWorking, kDone, kGaveUp, kSawPiReply };

  static constexpr Time kRomTransaction = std::chrono::seconds(1);

  /// `traits` and `findings` must outlive the client.
  DhcpClient(const DhcpTraits& traits, const Identity& identity, Time rom_receive_timeout, std::uint64_t seed,
             Findings& findings)
      : traits_(traits),
        identity_(identity),
        rom_receive_timeout_(rom_receive_timeout),
        random_(seed),
        findings_(findings) {}

  void start(Time now);
  /// A datagram for port 68.
  void receive(ByteView payload, Ipv4Address source, Ipv4Address destination, Time now);
  /// Any frame that the NIC took in, after its content was received.
  void frame_seen(Time now);
  void wake(Time now);

  Time wake_at() const;
  Status status() const { return status_; }
  /// What is gathered so far; complete when kDone.
  const Lease& lease() const { return lease_; }
  std::uint32_t discovers() const { return discovers_; }
  /// Replies that were for this client and this exchange, but of no use to it.
  std::uint32_t refused() const { return refused_; }
  /// Payloads to broadcast, from 0.0.0.0:68 to port 67.
  std::vector<Bytes> take_outgoing() { return std::exchange(outgoing_, {}); }

 private:
  enum class Phase : std::uint8_t { kSelecting, kRequesting };

  void send_discover(Time now);
  void send_request(Time now);
  void send(DhcpRequest request, Time now);
  void lint(const DhcpReply& reply);
  void on_offer(const DhcpReply& reply, Ipv4Address source, Time now);
  void on_ack(const DhcpReply& reply);
  void take_server(const DhcpReply& reply, Ipv4Address source);
  void take_network(const DhcpReply& reply);
  bool has_all() const;
  void restart(Time now);

  const DhcpTraits& traits_;
  const Identity& identity_;
  Time rom_receive_timeout_;
  Random random_;
  Findings& findings_;

  Status status_ = Status::kWorking;
  Phase phase_ = Phase::kSelecting;
  Time started_{};
  std::size_t next_discover_ = 0;
  std::uint32_t discovers_ = 0;
  std::uint32_t refused_ = 0;
  std::uint32_t requests_ = 0;
  std::uint32_t xid_ = 0;
  Time request_again_ = kNever;
  Time attempt_at_{};     ///< rom_timing: the last DISCOVER
  Time last_frame_at_{};  ///< rom_timing
  bool listening_ = false;
  bool has_address_ = false;
  std::optional<Ipv4Address> server_id_;
  Lease lease_;
  std::vector<Bytes> outgoing_;
};

}  // namespace piman::pisim
