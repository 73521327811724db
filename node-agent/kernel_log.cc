// SPDX-License-Identifier: Apache-2.0
#include "node-agent/kernel_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/text.h"

namespace piman::agent {
namespace {

/// The kernel refuses to hand a record to a smaller buffer.
constexpr std::size_t kRecordBytes = 8192;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "mmc0: Card stuck in wrong state!", "mmcblk0: error -110 sending status command": from host or block driver.
bool is_mmc_error(std::string_view text) {
  if (contains(text, "I/O error") && contains(text, " mmcblk")) return true;
  std::string_view rest = text;
  const std::string_view device = next_until(rest, ':');
  if (!device.starts_with("mmc") || !is_digit(device.back())) return false;
  // The register dump after a timeout has a line of its own called "Timeout".
  if (rest.starts_with(" sdhci: ")) return false;
  constexpr std::array<std::string_view, 7> kTroubles = {"rror",     "imeout",        "imed out",      "failed",
                                                         "stuck in", "removed while", "never released"};
  return std::any_of(kTroubles.begin(), kTroubles.end(),
                     [&](std::string_view trouble) { return contains(rest, trouble); });
}

}  // namespace

std::optional<KernelMessage> parse_kernel_message(std::string_view line) {
  const std::size_t header_end = line.find(';');
  if (header_end == std::string_view::npos) return std::nullopt;
  std::string_view header = line.substr(0, header_end);
  const auto priority = parse_number<std::uint32_t>(next_until(header, ','));
  const auto sequence = parse_u64(next_until(header, ','));
  const auto microseconds = parse_u64(next_until(header, ','));
  if (!priority || !sequence || !microseconds) return std::nullopt;
  KernelMessage message;
  message.level = *priority & 7;
  message.facility = *priority >> 3;
  message.sequence = *sequence;
  message.microseconds = *microseconds;
  message.text = line.substr(header_end + 1);
  return message;
}

std::string_view to_string(KernelMessageKind kind) {
  switch (kind) {
    case KernelMessageKind::kExt4Error:
      return "ext4_error";
    case KernelMessageKind::kMmcError:
      return "mmc_error";
    case KernelMessageKind::kOomKill:
      return "oom_kill";
    case KernelMessageKind::kThermal:
      return "thermal";
    case KernelMessageKind::kUnderVoltage:
      return "under_voltage";
    case KernelMessageKind::kUsbReset:
      return "usb_reset";
  }
  return "";
}

std::optional<KernelMessageKind> classify_kernel_message(std::string_view text) {
  // "hwmon hwmon1: Undervoltage detected!" since Linux 6.1, "Under-voltage detected! (0x00050005)" before.
  if (contains(text, "ndervoltage detected!") || contains(text, "nder-voltage detected!")) {
    return KernelMessageKind::kUnderVoltage;
  }
  // Not "EXT4-fs (sda2): error count since last fsck: 3", which repeats every day what was told before.
  if (text.starts_with("EXT4-fs error")) return KernelMessageKind::kExt4Error;
  if (text.starts_with("Out of memory: Kill") || text.starts_with("Memory cgroup out of memory: Kill")) {
    return KernelMessageKind::kOomKill;
  }
  if (text.starts_with("usb ") && contains(text, ": reset ") && contains(text, " USB device")) {
    return KernelMessageKind::kUsbReset;
  }
  if (contains(text, "critical temperature reached") || contains(text, "temperature above threshold")) {
    return KernelMessageKind::kThermal;
  }
  if (is_mmc_error(text)) return KernelMessageKind::kMmcError;
  return std::nullopt;
}

bool tells_of_unclean_shutdown(std::string_view text) {
  return (text.starts_with("EXT4-fs (") && contains(text, "): recovery complete")) ||
         (text.starts_with("FAT-fs (") && contains(text, "Volume was not properly unmounted")) ||
         (text.starts_with("XFS (") && contains(text, "): Ending recovery")) ||
         (text.starts_with("BTRFS info") && contains(text, "start tree-log replay"));
}

KernelLog::KernelLog(std::string path, Read read) : path_(std::move(path)), read_(std::move(read)) {
  if (!read_) read_ = [](int fd, void* buffer, std::size_t size) { return ::read(fd, buffer, size); };
}

KernelLog::State KernelLog::drain(const std::function<void(const KernelMessage&)>& take) {
  if (!fd_.valid()) fd_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd_.valid()) return State::kUnreadable;
  std::array<char, kRecordBytes> buffer;
  for (std::size_t reads = 0; reads < kMostMessages; ++reads) {
    const ::ssize_t got = read_(fd_.get(), buffer.data(), buffer.size());
    if (got > 0) {
      take_lines(std::string_view(buffer.data(), static_cast<std::size_t>(got)), take);
    } else if (got == 0 || errno == EAGAIN) {
      return State::kAtEnd;
    } else if (errno != EINTR && errno != EPIPE) {
      // EPIPE: the ring was faster than we; the next read gives the oldest that is left. All else: try anew next time.
      fd_.reset();
      return State::kUnreadable;
    }
  }
  return State::kMore;
}

UniqueFd KernelLog::readiness() const { return UniqueFd(fd_.valid() ? ::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0) : -1); }

void KernelLog::take_lines(std::string_view bytes, const std::function<void(const KernelMessage&)>& take) {
  // The device gives one record a read, which ends in a line end; lines that begin with a blank are its properties.
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      // Something that is no record and has no end must not grow for ever.
      if (partial_.size() < kRecordBytes) partial_.append(bytes);
      return;
    }
    partial_.append(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(partial_, {});
    const auto message = parse_kernel_message(line);
    if (line.starts_with(' ') || !message) continue;
    if (message->sequence < next_sequence_) continue;  // seen before the device was opened anew
    if (message->sequence > next_sequence_) lost_ += message->sequence - next_sequence_;
    next_sequence_ = message->sequence + 1;
    if (message->facility == 0) take(*message);
  }
}

}  // namespace piman::agent
