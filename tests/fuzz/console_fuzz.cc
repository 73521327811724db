// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/check.h"
#include "netboot/console.h"

namespace {

using namespace piman;
using namespace piman::netboot;

constexpr ConsoleLimits kLimits{.line_bytes = 20, .clients = 4, .lines_per_second = 5, .lines_at_once = 10};

void check_line(const ConsoleLine& line) {
  PIMAN_CHECK(!line.text.empty() && line.text.size() <= kLimits.line_bytes);
  for (const char c : line.text) PIMAN_CHECK(c >= ' ' && c <= '~');
}

}  // namespace

/// A sequence of datagrams: client, time since the last one, length, bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ConsoleLines lines(kLimits);
  const SteadyTime begin{std::chrono::seconds(1000)};
  SteadyTime now = begin;
  while (size >= 3) {
    const Ipv4Address client(data[0] % 8U);
    now += std::chrono::milliseconds(data[1] * 16);
    const std::size_t length = std::min<std::size_t>(data[2], size - 3);
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 3, length);
    const ConsoleOutput out = lines.feed(client, bytes, now);
    PIMAN_CHECK(static_cast<double>(out.lines.size()) <= kLimits.lines_at_once);
    for (const ConsoleLine& line : out.lines) {
      PIMAN_CHECK(line.client == client);
      check_line(line);
    }
    data += 3 + length;
    size -= 3 + length;
    PIMAN_CHECK(lines.clients() <= kLimits.clients);
    const auto due = lines.next_flush();
    PIMAN_CHECK(due && *due >= begin + kLimits.unfinished_line);
    if (*due <= now) {
      for (const ConsoleLine& line : lines.flush(now)) check_line(line);
      const auto next = lines.next_flush();
      PIMAN_CHECK(!next || *next > now);  // or the timer would never rest
    }
  }
  lines.flush(now + std::chrono::hours(1));
  PIMAN_CHECK(lines.clients() == 0);
  return 0;
}
