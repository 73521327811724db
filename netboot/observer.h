// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/net_types.h"

/// What netboot reports of its work. Who listens (the manager: timelines, metrics, journal) implements Observer.
/// All words are fixed texts with static lifetime that serve as log word, metric label and what tests compare.
namespace piman::netboot {

/// What a client said of itself, as far as it did.
struct ClientIdentity {
  std::string_view model;                 ///< "pi3b_rom", "pi4", ..., "other"; see dhcp/client_model.h
  std::optional<std::uint32_t> serial;    ///< the low 32 bits, as boot folders are named after
  std::optional<std::uint32_t> revision;  ///< the board's revision code
};

/// One DHCP message came, and what was done.
struct DhcpEvent {
  MacAddress mac;
  std::uint32_t xid = 0;
  std::string_view received;     ///< "DISCOVER", "REQUEST", ...
  std::string_view sent;         ///< "OFFER", "ACK", "NAK"; empty: nothing
  std::string_view drop_reason;  ///< why nothing was sent; empty when something was
  Ipv4Address address;           ///< offered or bound; 0.0.0.0 without one
  Ipv4Address other_server;      ///< option 54 of a REQUEST that chose another server; 0.0.0.0 otherwise
  ClientIdentity client;
  std::string interface;
  bool relayed = false;
};

/// A file transfer began or ended, over TFTP or HTTP.
struct TransferEvent {
  std::uint64_t id = 0;       ///< the same at the beginning and at the end
  std::string_view protocol;  ///< "tftp" or "http"
  std::string_view outcome;   ///< "started", "complete", "probe" (ended by the client after a look), "not_found", ...
  Ipv4Address client;
  std::string requested;  ///< the name as asked for, made printable
  std::string served;     ///< what it was resolved to, relative to the boot root; empty when nothing was
  std::uint64_t size_bytes = 0;
  std::uint64_t sent_bytes = 0;  ///< that the client acknowledged
  std::uint64_t blocks = 0, retransmits = 0;
  std::chrono::steady_clock::duration duration{};
  std::string detail = {};  ///< why, for the log, where the outcome alone does not say it
};

/// A line that a bootloader sent (NETCONSOLE, UDP 6666).
struct ConsoleLine {
  Ipv4Address client;
  std::string text;  ///< made printable, without its line end
};

/// Methods are called on the netboot thread, on_transfer() also on the HTTP server's; they must return at once.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_dhcp(const DhcpEvent& event) = 0;
  virtual void on_transfer(const TransferEvent& event) = 0;
  virtual void on_console(const ConsoleLine& line) = 0;
  /// Bytes that were no message at all, by reason: too many and too worthless to report one by one.
  virtual void on_malformed(std::string_view protocol, std::string_view reason) = 0;
};

}  // namespace piman::netboot
