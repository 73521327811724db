// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/unique_fd.h"

/// The kernel's messages, from /dev/kmsg: who may read it needs no root unless kernel.dmesg_restrict is set.
/// Source: Documentation/ABI/testing/dev-kmsg of the kernel.
namespace piman::agent {

/// One message: "6,339,5140900,-;NET: Registered protocol family 10".
struct KernelMessage {
  unsigned facility = 0;  ///< 0 is the kernel; programs may add messages too, but never as the kernel
  unsigned level = 0;     ///< 0 emergency to 7 debug
  std::uint64_t sequence = 0;
  std::uint64_t microseconds = 0;  ///< since boot
  std::string_view text;           ///< up to the line end, with \xNN for bytes that can't be printed
};
/// Takes the header of a record apart. Nothing when it is none, or a line that continues one. Pure.
std::optional<KernelMessage> parse_kernel_message(std::string_view line);

/// Messages that the owner of a Raspberry Pi wants to know of.
enum class KernelMessageKind : std::uint8_t { kExt4Error, kMmcError, kOomKill, kThermal, kUnderVoltage, kUsbReset };
inline constexpr std::size_t kKernelMessageKinds = 6;
/// "under_voltage": the metric label.
std::string_view to_string(KernelMessageKind kind);
/// By its words, which differ from kernel to kernel. Nothing for the many others. Pure.
std::optional<KernelMessageKind> classify_kernel_message(std::string_view text);
/// Whether the kernel says that a file system was in use when the machine went down. Pure.
bool tells_of_unclean_shutdown(std::string_view text);

/// Reads on from where it stopped; the first time from the oldest message that the kernel still has.
/// Thread-safety: none.
class KernelLog {
 public:
  enum class State : std::uint8_t {
    kUnreadable,  ///< no such file, or not for us
    kMore,        ///< there is more than was read at once
    kAtEnd,       ///< all that the kernel has was read
  };
  using Read = std::function<::ssize_t(int fd, void* buffer, std::size_t size)>;

  /// `read` stands for read(2) in tests.
  explicit KernelLog(std::string path, Read read = {});

  /// Passes at most kMostMessages new messages of the kernel itself to `take`.
  State drain(const std::function<void(const KernelMessage&)>& take);
  /// A descriptor for poll(2), readable while there is more to drain; none while the log is not open. It may outlive
  /// the log, and tells nothing any more once the log was opened anew: take a new one after each drain.
  UniqueFd readiness() const;
  /// Messages that were overwritten before they could be read, those from before the first read among them.
  std::uint64_t lost() const { return lost_; }

  static constexpr std::size_t kMostMessages = 1024;

 private:
  void take_lines(std::string_view bytes, const std::function<void(const KernelMessage&)>& take);

  std::string path_;
  Read read_;
  UniqueFd fd_;
  std::string partial_;  ///< the beginning of a line whose end was not read yet
  std::uint64_t next_sequence_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace piman::agent
