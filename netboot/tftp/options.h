// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "netboot/tftp/packet.h"

/// What is agreed with a client: only what it asked for, and never more than piman allows (RFC 2347). Pure.
namespace piman::netboot::tftp {

struct OptionLimits {
  /// 1468 and its headers fill an Ethernet frame: larger blocks would be sent in fragments, which firmware can't join.
  std::uint32_t max_block_bytes = 1468;
  std::uint16_t max_window_blocks = 64;
};

struct Agreement {
  std::uint32_t block_bytes = kDefaultBlockBytes;
  std::uint16_t window_blocks = 1;
  std::chrono::seconds timeout{0};  ///< asked for by the client; 0: piman's own
  OptionList reply;                 ///< what the OACK says; empty: there is none
};

/// `size_bytes` is what tsize answers: the bytes that this very transfer will carry.
Agreement negotiate(const OptionList& asked, std::uint64_t size_bytes, const OptionLimits& limits);

}  // namespace piman::netboot::tftp
