// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/check.h"
#include "common/event.h"
#include "common/text.h"

/// What decodes also encodes, to something that decodes to the same; an error is short, printable and says something.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman;
  const auto decoded = decode_event({reinterpret_cast<const char*>(data), size});
  if (!decoded) {
    const std::string& message = decoded.error().message;
    PIMAN_CHECK(!message.empty() && message.size() < 500);
    for (const char c : message) PIMAN_CHECK(c >= 0x20 && c < 0x7F);
    return 0;
  }
  const std::string text = encode(*decoded);
  PIMAN_CHECK(text.ends_with('\n') && is_valid_utf8(text));
  const auto again = decode_event(text);
  PIMAN_CHECK(again);
  PIMAN_CHECK(again->time == decoded->time && again->cpu_percent == decoded->cpu_percent);
  PIMAN_CHECK(again->memory_percent == decoded->memory_percent && again->disk_percent == decoded->disk_percent);
  PIMAN_CHECK(again->num_pids == decoded->num_pids && again->temp == decoded->temp);
  PIMAN_CHECK(encode(*again) == text);
  for (const auto& value : {decoded->time, decoded->cpu_percent, decoded->temp}) {
    PIMAN_CHECK(!value || std::isfinite(*value));
  }
  return 0;
}
