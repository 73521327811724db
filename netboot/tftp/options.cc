// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/options.h"

#include <algorithm>

namespace piman::netboot::tftp {

Agreement negotiate(const OptionList& asked, std::uint64_t size_bytes, const OptionLimits& limits) {
  Agreement agreed;
  for (const auto& [kind, value] : asked) {
    switch (kind) {
      case OptionKind::kBlockSize:
        agreed.block_bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(value, limits.max_block_bytes));
        agreed.reply.add(kind, agreed.block_bytes);
        break;
      case OptionKind::kTimeout:  // RFC 2349: the same value or none
        agreed.timeout = std::chrono::seconds(value);
        agreed.reply.add(kind, value);
        break;
      case OptionKind::kTransferSize:
        agreed.reply.add(kind, size_bytes);
        break;
      case OptionKind::kWindowSize:  // RFC 7440: the same or a smaller one
        agreed.window_blocks = static_cast<std::uint16_t>(std::min<std::uint64_t>(value, limits.max_window_blocks));
        agreed.reply.add(kind, agreed.window_blocks);
        break;
    }
  }
  return agreed;
}

}  // namespace piman::netboot::tftp
