// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "netboot/hosts.h"
#include "netboot/observer.h"
#include "netboot/tftp/datagrams.h"
#include "netboot/tftp/transfer.h"

/// All transfers that run, found by their client's address and port, with one queue of those that have packets to send
/// and one of timers. The sockets stay outside.
namespace piman::netboot::tftp {

struct Active {
  std::uint64_t id = 0;
  Endpoint client;
  Ipv4Address server;  ///< the address that all packets are sent from; 0.0.0.0: the socket's own
  std::string requested, served;
  SteadyTime began_at;
  std::shared_ptr<BlockSource> source;
  Transfer transfer;

  std::uint64_t next_block = 0;  ///< to send, while blocks_left > 0
  std::uint32_t blocks_left = 0;
  bool is_queued = false;
  SteadyTime confirmed_at{};  ///< when the kernel was last told that the client hears us
  SteadyTime timer_at;        ///< when the earliest entry in the queue of timers comes; SteadyTime::max(): none
};

/// Thread-safety: none.
class ActiveTransfers {
 public:
  /// The observer is told of each beginning and end; it must outlive this.
  explicit ActiveTransfers(Observer& observer) : observer_(observer) {}

  /// Null when there is none. Valid until any other non-const call.
  Active* find(const Endpoint& client);
  std::size_t size() const { return transfers_.size(); }
  /// The only transfer that runs; null when there are none or several. Valid as long as what find() returns.
  const Active* lone() const { return transfers_.size() == 1 ? transfers_.begin()->second.get() : nullptr; }
  std::size_t size_of(Ipv4Address client) const;

  /// Takes the place of a transfer with the same client and port, if there is one, and sends its first packet.
  void begin(std::unique_ptr<Active> transfer, SteadyTime now);
  /// Does what a transfer has decided. It may be gone afterwards.
  void apply(Active& transfer, const Step& step, SteadyTime now);
  /// Ends the transfer of this client that was without progress for longest.
  void end_idlest(Ipv4Address client, SteadyTime now);
  void end_all(std::string_view outcome, SteadyTime now);

  /// Asks all whose time has come.
  void run_timers(SteadyTime now);
  /// When to call that next; nothing without transfers.
  std::optional<SteadyTime> next_timer() const;

  /// Puts packets into the batch until it is full or nothing is left to send. False when something is left.
  bool fill(SendBatch& batch, SteadyTime now);

 private:
  struct Timer {
    SteadyTime at;
    std::uint64_t key = 0, id = 0;
    bool operator>(const Timer& other) const { return at > other.at; }
  };
  static std::uint64_t key_of(const Endpoint& client) {
    return std::uint64_t{client.address.value()} << 16 | client.port;
  }
  /// Spreads over all bits: clients count their ports upwards.
  struct HashKey {
    std::size_t operator()(std::uint64_t key) const { return (key * 0x9E37'79B9'7F4A'7C15U) >> 20; }
  };

  bool fill_one(Active& transfer, SendBatch& batch, SteadyTime now);
  void end(Active& transfer, std::string_view outcome, SteadyTime now, const std::string& detail = {});
  void report(const Active& transfer, std::string_view outcome, SteadyTime now, const std::string& detail = {});

  Observer& observer_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Active>, HashKey> transfers_;
  std::unordered_map<Ipv4Address, std::size_t, HashAddress> counts_;
  std::deque<std::uint64_t> ready_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
};

}  // namespace piman::netboot::tftp
