// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "tests/pisim/link.h"
#include "tests/pisim/relay.h"
#include "tests/pisim/virtual_pi.h"
#include "tests/pisim/wire.h"

/// Many virtual Pis on one wire. Knows who holds which address, and lets the wire be as bad as it is told to be.
namespace piman::pisim {

struct SimulationSettings {
  LinkConditions conditions;  ///< of each direction
  std::uint64_t seed = 1;
  Time start_spread{};          ///< power-on times are spread over this
  Time node_timeout{};          ///< from power-on; who is not done then has failed
  bool shared_segment = false;  ///< the Pis hear each other's broadcasts, as on a hub
  std::optional<RelaySettings> relay;
};

class Simulation {
 public:
  /// `wire` and all that the Pis point at must outlive it.
  Simulation(const SimulationSettings& settings, Wire& wire, std::vector<std::unique_ptr<VirtualPi>> pis);

  /// Until every Pi is done or out of time, or `stopped` says so. `tick` is called about five times a second.
  void run(const std::function<bool()>& stopped, const std::function<void(Time)>& tick);

  const std::vector<std::unique_ptr<VirtualPi>>& pis() const { return pis_; }
  bool timed_out(std::size_t index) const { return timed_out_[index]; }
  /// How long the run took.
  Time elapsed() const { return elapsed_; }

 private:
  static constexpr std::size_t kToWire = ~std::size_t{0};
  struct Delayed {
    Time at;
    std::uint64_t order;
    std::size_t receiver;  ///< a Pi, or kToWire
    Bytes frame;
    bool operator>(const Delayed& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  struct Wake {
    Time at;
    std::size_t index;
    bool operator>(const Wake& other) const { return at > other.at; }
  };

  void power_on_due(Time now);
  void wake_due(Time now);
  void deliver_due(Time now);
  void receive_some(Time now);
  void to_pis(ByteView frame, bool checksums_filled, std::size_t except, Time now);
  void to_pi(std::size_t index, ByteView frame, const ParsedFrame& parsed, Time now);
  void after_event(std::size_t index, Time now);
  void from_pi(std::size_t index, Bytes frame, Time now);
  void to_wire(Bytes frame);
  void relay_output(Relay::Output& output, Time now);
  void note_address(std::size_t index);
  bool done(std::size_t index) const { return timed_out_[index] || pis_[index]->finished(); }
  bool all_done(Time now);
  Time next_event() const;

  SimulationSettings settings_;
  Wire& wire_;
  std::vector<std::unique_ptr<VirtualPi>> pis_;
  std::optional<Relay> relay_;
  Link inbound_;
  Link outbound_;
  std::unordered_map<std::uint64_t, std::size_t> by_mac_;
  std::vector<Time> power_on_at_;  ///< kNever once it is on
  std::vector<Time> scheduled_;    ///< the earliest entry of `wakes_`
  std::vector<bool> timed_out_;
  std::vector<std::optional<Ipv4Address>> known_address_;
  std::map<std::uint32_t, std::size_t> holders_;  ///< by address
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;
  std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>> delayed_;
  std::uint64_t order_ = 0;
  Time elapsed_{};
};

}  // namespace piman::pisim
