// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace piman::agent {

/// What a Raspberry Pi's revision code says of the board.
struct BoardRevision {
  std::string_view type;           ///< "4B", "Zero 2 W"; empty for a board newer than this table
  std::string_view processor;      ///< "BCM2711"; empty when unknown
  std::string_view manufacturer;   ///< "Sony UK"; empty when unknown
  std::string revision;            ///< of the board's layout: "1.4"
  std::uint64_t memory_bytes = 0;  ///< 0 when the code does not tell
  bool new_style = false;
};

/// Takes a revision code apart: a bit field since the Raspberry Pi 2, a number out of a list before. The bits that tell
/// of overvoltage and of OTP access are ignored. Nothing for an old-style code that was never given out.
/// Source: raspberrypi.com, "Raspberry Pi revision codes".
std::optional<BoardRevision> decode_revision(std::uint32_t code);

}  // namespace piman::agent
