// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/net_types.h"
#include "tests/pisim/dhcp_message.h"

/// Who one virtual Pi is: the numbers that a factory gave it.
namespace piman::pisim {

/// What option 97 holds.
enum class GuidForm : std::uint8_t {
  kConstant44,    ///< sixteen times 0x44: a bug of the 3B's mask ROM
  kSerialTimes4,  ///< the serial number, little endian, four times
  kRPi4,          ///< "RPi4", revision, last four bytes of the MAC, serial; numbers little endian
  kRPi5,
  kRandom,  ///< as a PC has it
};

struct Identity {
  std::string name;  ///< "pi4-0007"
  MacAddress mac;
  std::uint32_t serial = 0;
  std::uint32_t revision = 0;

  /// Eight hexadecimal digits: the folder that a Pi asks for first.
  std::string serial_text() const;
  Guid guid(GuidForm form) const;
};

/// The `index`-th board of a model: the same in every run. `prefix` is the maker's part of the MAC.
Identity make_identity(std::string_view model, const std::array<std::uint8_t, 3>& prefix, std::uint32_t revision,
                       std::uint32_t index);

}  // namespace piman::pisim
