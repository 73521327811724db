// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

/// The text of boot.sig, as Raspberry Pi's tools write it and its bootloaders read it:
///     087d95cc...1c55          SHA-256 of boot.img
///     ts: 1652640519           when it was signed, seconds since 1970
///     rsa2048: d97c85...6a78   RSA PKCS#1 v1.5 signature of that digest; absent from an unsigned one
/// Pure. Source: rpi-eeprom-digest of the rpi-eeprom package.
namespace piman::manager {

inline constexpr std::size_t kRsaBytes = 256;            ///< 2048 bits, the only size that bootloaders take
inline constexpr std::size_t kMostSignatureText = 4096;  ///< a boot.sig has about 600 bytes

using Sha256 = std::array<std::uint8_t, 32>;

struct BootSignature {
  Sha256 sha256{};
  std::int64_t signed_at = 0;     ///< seconds since 1970
  std::vector<std::uint8_t> rsa;  ///< kRsaBytes of them; empty: not signed
};

/// Lower-case hexadecimal.
std::string hex_of(const std::uint8_t* bytes, std::size_t count);

std::string format_boot_signature(const BootSignature& signature);

/// Lines of other kinds are skipped, as bootloaders do. Errors: no digest, a signature of another length, a line twice.
Result<BootSignature> parse_boot_signature(std::string_view text);

}  // namespace piman::manager
