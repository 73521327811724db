// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net_types.h"
#include "common/result.h"

/// What can switch the power of a port: a PoE switch by SNMP, an operator's script, a request to a web hook.
namespace piman::power {

/// What the switch sees at a port. RFC 3621, pethPsePortDetectionStatus; the numbers are those of the MIB.
enum class Detection : std::uint8_t {
  kUnknown = 0,  ///< this kind of switch does not say
  kDisabled = 1,
  kSearching = 2,
  kDelivering = 3,
  kFault = 4,
  kTest = 5,
  kOtherFault = 6,
};
std::string_view to_word(Detection detection);

/// One port, as far as the switch says.
struct PortState {
  std::optional<bool> admin_on;  ///< what was asked of the port
  Detection detection = Detection::kUnknown;
  std::optional<double> delivered_watts;
};

/// Where a switch saw a hardware address.
struct LearnedAddress {
  MacAddress mac;
  std::uint32_t bridge_port = 0;
  std::optional<std::uint32_t> if_index;

  bool operator==(const LearnedAddress&) const = default;
};

/// A port of a switch, and the node that hangs there.
struct PortRef {
  std::string node;  ///< for scripts and web hooks; SNMP needs only the port
  std::uint32_t port = 0;
};

/// Errors say which switch, what was asked of it and what it answered; never a community or a key.
/// Every call blocks, for a time that is bounded by the switch's settings. Thread-safety: implementations are safe to
/// call from several threads.
class PowerSwitch {
 public:
  virtual ~PowerSwitch() = default;
  /// Asks for it and no more: that it was done, read() tells.
  virtual Result<void> set(const PortRef& port, bool on) = 0;
  /// An empty PortState where nothing can be read.
  virtual Result<PortState> read(const PortRef& port) = 0;
  /// The switch's table of hardware addresses, by address. Errors: a switch that keeps none.
  virtual Result<std::vector<LearnedAddress>> learn() = 0;
  /// From any thread: what blocks ends within 1.5 s, and what is asked later fails. For the end of the program.
  virtual void stop() {}
};

}  // namespace piman::power
