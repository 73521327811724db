// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/pisim/file_loader.h"
#include "tests/pisim/frame.h"
#include "tests/pisim/model.h"

/// One machine from power on to its kernel's address: a network card with its own MAC, and the boot stages of its
/// model. Pure: frames and the time go in, frames come out.
namespace piman::pisim {

struct Subnet {
  Ipv4Address network;
  std::uint32_t mask = 0;

  bool contains(Ipv4Address address) const { return (address.value() & mask) == (network.value() & mask); }
};

/// The same for all machines of a run.
struct PiSettings {
  bool full = true;         ///< every file that the model asks for, not only those that a boot needs
  bool mac_prefix = false;  ///< TFTP_PREFIX=2: "dc-a6-32-01-36-c2/" instead of the serial number
  double time_scale = 1;    ///< for the pauses of the Pi's own: start-up of stages, pause before a restart
  Time rom_receive_timeout = std::chrono::seconds(1);
  std::uint32_t attempts = 0;             ///< after so many, a Pi that begins again by itself is dead; 0: it never is
  std::optional<Time> power_cycle_after;  ///< a dead machine is switched off and on after this
  std::optional<Subnet> subnet;           ///< where addresses must lie
};

class VirtualPi {
 public:
  enum class State : std::uint8_t { kOff, kStarting, kDhcp, kArp, kLoading, kWaiting, kDead, kBooted };

  struct Counts {
    LoadCounts load;
    std::uint64_t frames_in = 0;
    std::uint64_t frames_out = 0;
    std::uint32_t discovers = 0;
    std::uint32_t refused_replies = 0;
    std::uint32_t restarts = 0;
    std::uint32_t power_cycles = 0;
  };

  /// `model`, `settings` and `expected` must outlive it.
  VirtualPi(const Model& model, Identity identity, const PiSettings& settings, const ExpectedFiles& expected,
            std::uint64_t seed);

  void power_on(Time now);
  /// A frame on the wire; the network card drops what is for others. `parsed` is what parse_frame says of it.
  void receive(ByteView frame, const ParsedFrame& parsed, Time now);
  void wake(Time now);
  Time wake_at() const;
  std::vector<Bytes> take_frames() { return std::exchange(frames_, {}); }

  const Identity& identity() const { return identity_; }
  const Model& model() const { return model_; }
  State state() const { return state_; }
  bool booted() const { return state_ == State::kBooted; }
  /// Dead, and nobody will switch it off and on.
  bool finished() const { return booted() || (state_ == State::kDead && !settings_.power_cycle_after); }
  std::string_view stage_name() const { return stage().name; }
  /// Why it is dead or what it does, in words: "config.txt timed out after 3 blocks".
  std::string words() const;
  /// The last failure, which a restart or a power cycle may have mended.
  const std::string& last_failure() const { return last_failure_; }
  /// The address that it uses now.
  std::optional<Ipv4Address> address() const { return address_; }
  Time booted_after() const { return booted_at_ - powered_at_; }
  Time powered_at() const { return powered_at_; }
  const Findings& findings() const { return findings_; }
  Findings& findings() { return findings_; }
  Counts counts() const;

 private:
  const Stage& stage() const { return model_.stages[stage_]; }
  Time scaled(Time pause) const;
  void boot(Time now);
  void enter_stage(Time now);
  void stage_up(Time now);
  void begin_arp(Time now);
  void send_arp_request(Time now);
  void begin_loading(Time now);
  void next_stage(Time now);
  void stage_failed(std::string words, Time now, bool hung = false);
  void on_arp(const ArpPacket& packet, Time now);
  void on_udp(const UdpPacket& packet, Time now);
  void after_dhcp(Time now);
  void after_loading(Time now);
  void send_udp(const UdpPacket& packet);
  void flush_loader();

  const Model& model_;
  const Identity identity_;
  const PiSettings& settings_;
  const ExpectedFiles& expected_;
  Random random_;

  State state_ = State::kOff;
  std::size_t stage_ = 0;
  Time powered_at_{};
  Time booted_at_{};
  Time continue_at_ = kNever;  ///< kStarting, kWaiting, kDead
  std::optional<DhcpClient> dhcp_;
  std::optional<FileLoader> loader_;
  BootMemory memory_;
  std::optional<Ipv4Address> address_;
  std::optional<Ipv4Address> booted_address_;  ///< of an earlier stage of this boot
  Lease lease_;
  Ipv4Address next_hop_;
  std::optional<MacAddress> next_hop_mac_;
  int arp_tries_ = 0;
  Time arp_again_ = kNever;
  std::string last_failure_;
  Counts counts_;
  Findings findings_;
  std::vector<Bytes> frames_;
};

std::string_view name_of(VirtualPi::State state);

}  // namespace piman::pisim
