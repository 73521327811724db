// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"
#include "common/unique_fd.h"

/// Whether a host is there although its agent is silent: an ICMP echo, by a ping socket (which needs no rights where
/// net.ipv4.ping_group_range allows it, as in Debian) or a raw one, else a TCP connection to a port that hardly
/// anything listens on, which a host that is there refuses. Errors: none; where nothing can be sent, no host answers.
/// Thread-safety: one thread.
namespace piman::manager {

class HostProbe {
 public:
  enum class Method : std::uint8_t { kPingSocket, kRawSocket, kTcp };
  /// Tells somebody to watch, or to forget, a descriptor that take_answers() reads.
  struct Watch {
    std::function<void(int fd, bool for_reading, bool for_writing)> begin;
    std::function<void(int fd)> end;
  };

  /// Takes the best of the three that this process may use.
  explicit HostProbe(Watch watch);
  ~HostProbe();
  HostProbe(const HostProbe&) = delete;
  HostProbe& operator=(const HostProbe&) = delete;

  Method method() const { return method_; }
  /// Asks; one question at a time to each address.
  void ask(Ipv4Address address);
  /// The addresses that have answered since the last call.
  std::vector<Ipv4Address> take_answers();
  /// Nobody waits for the answer any more.
  void give_up(Ipv4Address address);

 private:
  void ask_by_ping(Ipv4Address address);
  void ask_by_tcp(Ipv4Address address);
  void take_pings(std::vector<Ipv4Address>& out);
  void take_connections(std::vector<Ipv4Address>& out);
  /// A socket that nobody reads from must not be watched: a raw one gets what other programs and hosts send, too.
  void watch_pings(bool wanted);

  const Watch watch_;
  Method method_ = Method::kTcp;
  UniqueFd socket_;
  bool pings_watched_ = false;
  std::uint16_t id_;
  std::uint16_t sequence_ = 0;
  std::unordered_map<std::uint32_t, std::uint16_t> asked_;  ///< by address: the sequence number of its echo
  std::unordered_map<std::uint32_t, UniqueFd> connections_;
};
/// "ping socket", "raw socket", "tcp".
std::string_view to_string(HostProbe::Method method);

}  // namespace piman::manager
