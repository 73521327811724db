// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// SHA-256 for tokens and passwords of the web configuration: the agent checks them without OpenSSL, which it loads for
/// TLS only. Large files are for OpenSSL's, which is faster. Pure. Source: FIPS 180-4.
namespace piman {

using Sha256Digest = std::array<std::uint8_t, 32>;

Sha256Digest sha256(std::string_view bytes);
/// 64 hexadecimal digits in either case; nothing on anything else.
std::optional<Sha256Digest> parse_sha256(std::string_view text);
std::string to_hex(const Sha256Digest& digest);

/// Takes as long wherever the first difference is: how long it took must not tell how much of a secret was right.
bool equal_in_constant_time(const Sha256Digest& a, const Sha256Digest& b);

}  // namespace piman
