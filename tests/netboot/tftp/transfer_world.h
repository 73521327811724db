// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "netboot/tftp/transfer.h"

/// A Transfer and a client with a wire between them, in simulated time: what becomes of every single packet is said
/// beforehand.
namespace piman::netboot::tftp::test {

using namespace std::chrono_literals;

enum class Fate { kArrive, kDrop, kDuplicate, kLate };
/// The number of a packet, both directions counted together, to what becomes of it.
using Fates = std::function<Fate(std::size_t number)>;

/// A client as RFC 1350 and 7440 describe it: it acknowledges the end of each window, the last block, and again what it
/// has at every block that it does not expect, and when nothing came for `patience`.
struct Client {
  std::chrono::milliseconds patience{200};
  std::uint32_t block_bytes = 512;
  std::uint32_t window = 1;

  bool opened = false;
  std::uint64_t blocks = 0;
  std::uint32_t since_ack = 0;
  std::string received;
  bool done = false;
  std::size_t duplicates = 0;

  /// The ACK to send, if any.
  std::optional<std::uint16_t> on_packet(const std::string& packet) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(packet[i]); };
    if (byte(1) == 6) {
      duplicates += opened ? 1 : 0;
      opened = true;
      return blocks == 0 ? std::optional<std::uint16_t>(0) : std::nullopt;
    }
    const auto number = static_cast<std::uint16_t>(byte(2) << 8 | byte(3));
    const auto behind = static_cast<std::uint16_t>(static_cast<std::uint16_t>(blocks) - number);
    if (behind != 0xFFFF || done) {
      duplicates += behind < 0x8000 ? 1 : 0;
      return ack();
    }
    opened = true;
    ++blocks;
    ++since_ack;
    received.append(packet, 4, std::string::npos);
    done = packet.size() - 4 < block_bytes;
    return done || since_ack == window ? std::optional(ack()) : std::nullopt;
  }
  std::uint16_t ack() {
    since_ack = 0;
    return static_cast<std::uint16_t>(blocks);
  }
};

class World {
 public:
  World(Transfer started, BlockSource& from, Client to, Fates what_happens)
      : transfer(std::move(started)), source(from), client(std::move(to)), fates(std::move(what_happens)) {}

  Transfer transfer;
  BlockSource& source;
  Client client;
  Fates fates;
  std::chrono::microseconds latency{1000};

  SteadyTime now{};
  std::size_t packets = 0, data_packets = 0;
  bool sorry = false;  ///< the source failed

  /// Runs until the transfer ends, and then what is still on the wire. False when it takes more than `most` events.
  bool run(std::size_t most = 100'000) {
    wake_at_ = now;
    take(transfer.begin(now));
    client_wakes_at_ = now + client.patience;
    for (std::size_t i = 0; i < most; ++i) {
      const bool ended = transfer.status() != Status::kRunning || sorry;
      if (ended && wire_.empty()) return true;
      SteadyTime next = wire_.empty() ? SteadyTime::max() : wire_.begin()->first;
      if (!ended) next = std::min({next, wake_at_, client_wakes_at_});
      now = next;
      if (!wire_.empty() && wire_.begin()->first == now) {
        const auto [to_client, bytes] = std::move(wire_.begin()->second);
        wire_.erase(wire_.begin());
        deliver(to_client, bytes);
      } else if (wake_at_ == now) {
        take(transfer.on_timer(now));
      } else {
        client_wakes_at_ = now + client.patience;
        if (client.opened && !client.done) send_ack(client.ack());
      }
    }
    return false;
  }

 private:
  void deliver(bool to_client, const std::string& bytes) {
    if (to_client) {
      client_wakes_at_ = now + client.patience;
      if (const auto ack = client.on_packet(bytes)) send_ack(*ack);
      return;
    }
    take(transfer.on_ack(
        static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[2]) << 8 | static_cast<std::uint8_t>(bytes[3])),
        now));
  }
  void take(const Step& step) {
    wake_at_ = step.wake_at;
    if (step.status != Status::kRunning) return;
    std::vector<std::uint8_t> out(transfer.max_packet_bytes());
    for (std::uint64_t block = step.first_block; block < step.first_block + step.blocks; ++block) {
      const auto length = transfer.encode(block, source, out);
      if (!length) {
        sorry = true;
        return;
      }
      if (block > 0) ++data_packets;
      put(true, std::string(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*length)));
    }
  }
  void send_ack(std::uint16_t block) {
    put(false, {'\0', '\4', static_cast<char>(block >> 8), static_cast<char>(block & 0xFF)});
  }
  void put(bool to_client, const std::string& bytes) {
    const Fate fate = fates(packets++);
    if (fate == Fate::kDrop) return;
    const auto arrival = now + latency * (fate == Fate::kLate ? 5 : 1) + std::chrono::nanoseconds(packets);
    wire_.emplace(arrival, std::pair(to_client, bytes));
    if (fate == Fate::kDuplicate) wire_.emplace(arrival + latency * 3 / 2, std::pair(to_client, bytes));
  }

  std::multimap<SteadyTime, std::pair<bool, std::string>> wire_;
  SteadyTime wake_at_, client_wakes_at_;
};

}  // namespace piman::netboot::tftp::test
