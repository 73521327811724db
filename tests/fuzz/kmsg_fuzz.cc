// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "common/check.h"
#include "node-agent/kernel_log.h"

// Any bytes as what /dev/kmsg gives, in reads of any length and with EPIPE where a byte is 1: only the kernel's own
// messages come out, each once and in their order.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::agent;
  if (size < 1) return 0;
  const std::size_t most = 1 + data[0] % 64U;
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto read = [&](int, void* buffer, std::size_t room) -> ::ssize_t {
    if (!rest.empty() && rest.front() == '\x01') {
      rest.remove_prefix(1);
      errno = EPIPE;
      return -1;
    }
    const std::size_t length = std::min({most, room, rest.size(), rest.find('\x01', 1)});
    std::memcpy(buffer, rest.data(), length);
    rest.remove_prefix(length);
    return static_cast<::ssize_t>(length);
  };
  KernelLog log("/dev/null", read);
  std::uint64_t next = 0;
  const auto take = [&](const KernelMessage& message) {
    PIMAN_CHECK(message.sequence >= next && message.facility == 0);
    next = message.sequence + 1;
    static_cast<void>(classify_kernel_message(message.text));
    static_cast<void>(tells_of_unclean_shutdown(message.text));
  };
  while (log.drain(take) == KernelLog::State::kMore) {
  }
  return 0;
}
