// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

#include "common/clock.h"
#include "common/result.h"
#include "netboot/asio.h"
#include "netboot/dhcp/interface.h"
#include "netboot/hosts.h"

/// Asks one wire whether an address is in use. Source: RFC 5227 section 2.1.1, RFC 2131 section 4.4.1.
namespace piman::netboot::dhcp {

/// Thread-safety: none; lives on the thread of its io_context, or that has stopped.
class ArpProber {
 public:
  /// `in_use`: somebody other than the client that it is meant for uses it.
  using Answer = std::function<void(Ipv4Address address, bool in_use)>;

  /// `wait`: how long nobody has to answer; two questions go out, at its beginning and in its middle.
  static Result<std::unique_ptr<ArpProber>> open(asio::io_context& io, const Interface& interface,
                                                 std::chrono::milliseconds wait, Answer answer);

  /// At most this many addresses are asked about at a time.
  static constexpr std::size_t kMost = 4096;

  /// False when too many are being asked about. An address that is being asked about already is not asked for again.
  bool probe(Ipv4Address address, const MacAddress& client, SteadyTime now);

 private:
  ArpProber(asio::io_context& io, const Interface& interface, std::chrono::milliseconds wait, Answer answer, int fd);
  struct Step {
    SteadyTime at;
    Ipv4Address address;
    bool last;
  };
  void send(Ipv4Address address);
  void await_reply();
  void on_readable();
  void arm_timer();
  void on_timer();
  void answer(Ipv4Address address, bool in_use);

  Interface interface_;
  std::chrono::milliseconds wait_;
  Answer answer_;
  asio::posix::stream_descriptor socket_;
  asio::steady_timer timer_;
  bool timer_armed_ = false;
  std::unordered_map<Ipv4Address, MacAddress, HashAddress> asked_;  // and for whom
  std::deque<Step> repeats_, ends_;  // each in order of time, since every wait is as long as the others
};

}  // namespace piman::netboot::dhcp
