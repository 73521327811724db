// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/clock.h"

namespace piman::manager {

/// "raspios@1  [=======>    ]  45 %  120 MB/s  12s left", without a line end. Pure.
std::string render_byte_progress(std::string_view what, std::uint64_t done, std::uint64_t total, double seconds);

/// Shows that on standard error while it goes on, in one place, and only on a terminal.
class ByteProgressLine {
 public:
  ByteProgressLine(std::string what, const Clock& clock);
  ~ByteProgressLine();  ///< takes it away
  ByteProgressLine(const ByteProgressLine&) = delete;
  ByteProgressLine& operator=(const ByteProgressLine&) = delete;

  void show(std::uint64_t done, std::uint64_t total);

 private:
  const std::string what_;
  const Clock& clock_;
  const SteadyTime begun_;
  const bool is_terminal_;
  SteadyTime shown_{};
};

}  // namespace piman::manager
