// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/node.h"

#include <array>

namespace piman::manager {

std::string_view to_string(ScrapeError error) {
  constexpr std::array<std::string_view, kScrapeErrorCount> kNames = {
      "none", "timeout", "refused", "unreachable", "http_status", "too_large", "malformed", "tls", "other"};
  return kNames[static_cast<std::size_t>(error)];
}

Phase phase_after(const ScrapeResult& result) {
  if (result.error == ScrapeError::kNone) return Phase::kUp;
  return result.host_answered ? Phase::kAgentDown : Phase::kDown;
}

}  // namespace piman::manager
