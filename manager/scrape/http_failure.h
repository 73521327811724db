// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "manager/fleet/node.h"

/// What a failed transfer means for the operator: its class and its words. Pure.
namespace piman::manager {

/// The class of what the kernel said of a connection; nothing when it said nothing that has a class of its own.
std::optional<ScrapeError> error_of_errno(int os_error);
/// Whether such an errno is the host's own answer (a reset), and not that of a router or of this machine.
bool is_answer_of_host(int os_error);

struct HttpFailure {
  ScrapeError error = ScrapeError::kOther;
  bool host_answered = false;
  int os_error = 0;
  std::chrono::milliseconds timeout{0};
  std::size_t most_bytes = 0;      ///< the limit that kTooLarge broke
  bool in_headers = false;         ///< the headers broke it, not the body
  std::string library_words = {};  ///< for what has no words of its own
};
/// "no answer within 5s", "more than 16777216 bytes", "connection refused", ...
std::string describe(const HttpFailure& failure);

}  // namespace piman::manager
