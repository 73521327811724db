// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"
#include "manager/boots/boot.h"
#include "manager/fleet/phase.h"
#include "manager/store/records.h"
#include "netboot/hosts.h"
#include "netboot/observer.h"

/// Folds what netboot reports into boots, a few for each machine. Pure: the time is an argument.
namespace piman::manager {

/// One moment by both clocks: durations by the one that never jumps, dates by the other.
struct Moment {
  SteadyTime steady;
  WallTime wall;
};

struct BootLogLimits {
  std::size_t boots_per_host = 8;     ///< that came to an end
  std::size_t events_per_boot = 256;  ///< further ones are counted
  std::size_t hosts = 4096;           ///< the one that was silent longest makes room
  std::size_t bytes = 8UL << 20U;     ///< of all boots that came to an end
  /// Silence after which a boot has come to an end: longer than a bootloader's time-outs and a kernel's start.
  std::chrono::seconds idle{180};
  std::chrono::seconds longest_transfer{3660};  ///< one of which no end was heard by then has none
  std::chrono::seconds store_running{30};       ///< how often a boot that goes on is given out to be stored
};

/// What came to an end, for metrics and the journal.
struct EndedBoot {
  MacAddress mac;
  WallTime started;
  BootState state;
  std::string model;
  std::chrono::milliseconds duration{0};  ///< until the system had its address, or else the last sign of life
  std::string stuck_at;
};
/// The same as a fact of the machine's phase; nothing for an end that says nothing of it.
std::optional<BootFact> fact_of(const EndedBoot& boot);

/// A boot that goes on, with what is to be remembered of it only so long.
struct OpenBoot {
  Boot boot;
  SteadyTime began, last;
  SteadyTime stored;
  bool is_dirty = false;
  BootStage furthest = BootStage::kFirmware;
  bool has_file = false;    ///< beyond the ones that a ROM loads
  bool has_kernel = false;  ///< whole
  std::size_t transfers = 0;
};

class BootLog {
 public:
  explicit BootLog(const BootLogLimits& limits = {});

  /// A system that asks for an address without having booted here counts only when it is one of `hosts`.
  void take(const netboot::DhcpEvent& event, const netboot::HostTable& hosts, const Moment& now);
  /// Whose transfer it is follows from the client's address: as DHCP gave it, else as `hosts` reserves it. Returns
  /// whether anybody's.
  bool take(const netboot::TransferEvent& event, const netboot::HostTable& hosts, const Moment& now);
  bool take(const netboot::ConsoleLine& line, const netboot::HostTable& hosts, const Moment& now);

  struct Output {
    std::vector<BootRecord> records;  ///< to be stored, in place of older ones of the same key
    std::vector<EndedBoot> ended;
  };
  /// Ends what was silent for long. Call it every few seconds.
  Output tick(const Moment& now);
  /// Everything that was not given out yet; before the end of the program.
  Output flush();
  /// What an earlier run stored, oldest first. Boots that it left running have come to an end.
  void restore(std::vector<BootRecord> records);

  /// How far the boot has come that goes on; nothing when there is none, or when a running system only asked for its
  /// address.
  std::optional<BootFact> progress_of(const MacAddress& mac) const;
  /// The machine of which something was taken in last.
  const std::optional<MacAddress>& last_machine() const { return last_machine_; }
  /// Newest first.
  std::vector<Boot> boots_of(const MacAddress& mac) const;
  /// Who was last given this address.
  std::optional<MacAddress> find(Ipv4Address address) const;
  /// Boots under way whose system has not asked for its address yet.
  std::size_t running() const;
  std::vector<MacAddress> hosts() const;

 private:
  struct Host {
    std::optional<OpenBoot> open;
    std::deque<BootRecord> ended;  ///< oldest first
    SteadyTime last;
  };

  Host& host_of(const MacAddress& mac, const Moment& now);
  OpenBoot& begin(const MacAddress& mac, Host& host, const Moment& now);
  static bool joins(const OpenBoot& open, const netboot::DhcpEvent& event, BootStage stage);
  void add(OpenBoot& open, BootEvent event, const Moment& now) const;
  static void touch(OpenBoot& open, const Moment& now);
  void end(const MacAddress& mac, Host& host, BootState state);
  static BootState state_after_silence(const OpenBoot& open);
  void keep(Host& host, BootRecord record);
  std::optional<MacAddress> whose(Ipv4Address address, const netboot::HostTable& hosts) const;
  void learn(Ipv4Address address, const MacAddress& mac);

  const BootLogLimits limits_;
  std::map<MacAddress, Host> hosts_;
  std::unordered_map<Ipv4Address, MacAddress, netboot::HashAddress> by_address_;
  std::deque<std::pair<MacAddress, std::int64_t>> kept_;  ///< the ended boots of all hosts, oldest first
  std::size_t kept_bytes_ = 0;
  Output output_;
  std::optional<MacAddress> last_machine_;
};

}  // namespace piman::manager
