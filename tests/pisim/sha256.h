// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tests/pisim/bytes.h"

/// SHA-256 (FIPS 180-4) of what arrives in pieces.
namespace piman::pisim {

class Sha256 {
 public:
  using Digest = std::array<std::uint8_t, 32>;

  void add(ByteView bytes);
  /// Ends the message. Call once.
  Digest finish();

 private:
  void compress(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> buffer_{};
  std::size_t buffered_ = 0;
  std::uint64_t length_bytes_ = 0;
};

}  // namespace piman::pisim
