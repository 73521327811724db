// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"

/// What is asked of systemd over D-Bus. The seam between the collector and the bus.
namespace piman::agent {

struct SystemdUnit {
  std::string name, load_state, active_state;
  std::string path;  ///< its object on the bus
};

/// Thread-safety: none, but the thread may change between calls.
class SystemdBus {
 public:
  virtual ~SystemdBus() = default;
  /// Connects if need be. Errors: there is no bus, or no library to speak to it.
  virtual Result<bool> connect() = 0;
  /// False once a call has failed because of the bus, not of what it asked for; connect() mends that.
  virtual bool is_connected() const = 0;
  /// All units that systemd has loaded.
  virtual Result<std::vector<SystemdUnit>> list_units() = 0;
  /// A property of the manager itself.
  virtual Result<std::string> manager_text(const char* property) = 0;
  virtual std::optional<std::uint64_t> manager_u64(const char* property) = 0;
  /// Properties of a unit; nothing when this unit, or this version of systemd, does not have it. `kind` is "Unit",
  /// "Service", "Socket", ...
  virtual std::optional<std::string> unit_text(const SystemdUnit& unit, const char* kind, const char* property) = 0;
  virtual std::optional<std::uint32_t> unit_u32(const SystemdUnit& unit, const char* kind, const char* property) = 0;
  virtual std::optional<std::uint64_t> unit_u64(const SystemdUnit& unit, const char* kind, const char* property) = 0;
};

/// By the sd-bus functions of libsystemd, which is opened at the first connect(): an agent that does not watch units
/// neither needs nor loads it. Any user may read these properties.
std::unique_ptr<SystemdBus> make_sd_bus();

}  // namespace piman::agent
