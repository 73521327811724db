// SPDX-License-Identifier: Apache-2.0
#include "manager/byte_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "common/text.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

constexpr std::chrono::milliseconds kBetween{100};
constexpr std::size_t kBarWidth = 30;

}  // namespace

std::string render_byte_progress(std::string_view what, std::uint64_t done, std::uint64_t total, double seconds) {
  const double part = total == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto full = static_cast<std::size_t>(part * static_cast<double>(kBarWidth));
  std::string bar(full, '=');
  if (full < kBarWidth) bar += '>';
  bar.resize(kBarWidth, ' ');
  const std::string percent = concat(static_cast<unsigned>(part * 100));
  std::string line =
      concat(what, "  [", bar, "] ", std::string(3 - std::min<std::size_t>(3, percent.size()), ' '), percent, " %");
  if (seconds < 0.2 || done == 0) return line;  // too early to say how fast
  const double rate = static_cast<double>(done) / seconds;
  line += concat("  ", short_bytes(rate), "/s");
  if (done < total) line += concat("  ", short_duration(static_cast<double>(total - done) / rate), " left");
  return line;
}

ByteProgressLine::ByteProgressLine(std::string what, const Clock& clock)
    : what_(std::move(what)), clock_(clock), begun_(clock.steady()), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

ByteProgressLine::~ByteProgressLine() {
  if (is_terminal_) std::fputs("\r\x1b[K", stderr);
}

void ByteProgressLine::show(std::uint64_t done, std::uint64_t total) {
  const SteadyTime now = clock_.steady();
  if (!is_terminal_ || (now - shown_ < kBetween && done < total)) return;
  shown_ = now;
  std::fputs(concat("\r\x1b[K", render_byte_progress(what_, done, total, to_seconds(now - begun_))).c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace piman::manager
