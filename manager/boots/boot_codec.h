// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/result.h"
#include "manager/boots/boot.h"

/// A boot as the bytes that are kept of it, in memory and in the store: a third of what the values take. Pure.
namespace piman::manager {

/// At most this many events are read back.
inline constexpr std::size_t kMostStoredEvents = 4096;

/// The hardware address and the beginning are not in it: they are its key.
std::vector<std::uint8_t> encode_boot(const Boot& boot);
/// Errors: not what encode_boot() makes, in this version.
Result<Boot> decode_boot(const MacAddress& mac, WallTime started, std::span<const std::uint8_t> bytes);

}  // namespace piman::manager
