// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"

/// One boot of one machine as a timeline, in plain values. A boot begins with the first DISCOVER and spans every
/// program that asks under the same hardware address: ROM, bootcode.bin, bootloader, iPXE or U-Boot, and the system's
/// own DHCP.
namespace piman::manager {

/// One of the programs that ask in one boot, in the order in which they run.
enum class BootStage : std::uint8_t {
  kFirmware,  ///< ROM, bootcode.bin, EEPROM bootloader, a PC's firmware
  kLoader,    ///< U-Boot, iPXE
  kSystem,    ///< Linux, or what says nothing of itself
};
/// Of a word of netboot's client model; netboot/observer.h.
BootStage stage_of(std::string_view model);

/// DHCP messages of one kind, and what was done. Repetitions are counted, not listed.
struct DhcpStep {
  std::string received, sent, drop_reason, model;
  Ipv4Address address, other_server;
  bool relayed = false;
  std::uint32_t count = 1;
  std::int64_t last_ms = 0;  ///< when the last of them came, since the boot began

  bool operator==(const DhcpStep&) const = default;
};

/// A file that was asked for.
struct FileStep {
  std::uint64_t id = 0;  ///< of its transfer; 0 once that has ended
  std::string protocol, requested, served, outcome;
  std::uint64_t size_bytes = 0, sent_bytes = 0, blocks = 0, retransmits = 0;
  std::int64_t duration_ms = 0;

  bool is_running() const { return outcome == "started"; }
  bool is_complete() const { return outcome == "complete"; }
  /// Complete, or looked at only, or known to the client already (HTTP).
  bool is_there() const { return is_complete() || outcome == "probe" || outcome == "not_modified"; }
  /// Nothing when it took no measurable time.
  std::optional<double> bytes_per_second() const;
  bool operator==(const FileStep&) const = default;
};

/// A line from the bootloader's NETCONSOLE.
struct ConsoleStep {
  std::string text;
  bool operator==(const ConsoleStep&) const = default;
};

struct BootEvent {
  std::int64_t at_ms = 0;  ///< since the boot began
  std::variant<DhcpStep, FileStep, ConsoleStep> step;

  bool operator==(const BootEvent&) const = default;
};

/// How a boot stands or ended. The text is the JSON value, the metric label and the word on the page.
enum class BootState : std::uint8_t {
  kRunning,
  kBooted,       ///< files were loaded, and then the system asked for its address
  kLoaded,       ///< a kernel was loaded, and nothing was heard since
  kStuck,        ///< it fell silent before it had a kernel
  kRestarted,    ///< it began anew before it was through
  kAddressOnly,  ///< a system asked for an address and nothing else: it boots from elsewhere
};
inline constexpr std::size_t kBootStateCount = 6;
std::string_view to_string(BootState state);

struct Boot {
  MacAddress mac;
  WallTime started;  ///< whole milliseconds
  BootState state = BootState::kRunning;
  std::int64_t last_ms = 0;               ///< the last sign of life, since it began
  std::optional<std::int64_t> booted_ms;  ///< when the system had its address, since it began
  std::string model;                      ///< of the first program that said what it is
  std::optional<std::uint32_t> serial, revision;
  Ipv4Address address;  ///< the last that was offered or bound
  std::vector<BootEvent> events;
  std::uint64_t dropped = 0;  ///< events beyond the limit

  bool operator==(const Boot&) const = default;
};

/// Whether this is the name of what firmware starts last: a kernel, or an image that has one.
bool is_kernel_name(std::string_view file);
/// The last part of a requested name: "b66c4c16/start.elf" -> "start.elf".
std::string_view base_name(std::string_view file);

/// Where a boot that isn't through stands, for people: "kernel8.img, block 120 of 900 (timed_out)",
/// "DISCOVER, 5 without an answer (unknown_host)"; empty when it is through.
std::string stuck_at(const Boot& boot);

/// The numbers of a boot's files together.
struct BootTotals {
  std::uint64_t files = 0, missing = 0, sent_bytes = 0, blocks = 0, retransmits = 0;
};
BootTotals totals_of(const Boot& boot);

}  // namespace piman::manager
