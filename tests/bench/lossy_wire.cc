// SPDX-License-Identifier: Apache-2.0
// A wire between two network namespaces that delays and loses: these kernels have no netem.
//   piman_lossy_wire NETNS_A NETNS_B DELAY_US LOSS_PER_MILLION SEED
// Makes a tap "wire0" in both (they need addresses from the caller), prints "ready", and carries frames until SIGTERM.
// Delay and loss are those of one way; which frames are lost follows from the seed alone. ARP is never lost: it is not
// what is measured, and its time-out of a second would be.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/text.h"

namespace {

using Clock = std::chrono::steady_clock;

int open_tap(const std::string& netns) {
  const int space = ::open(piman::concat("/var/run/netns/", netns).c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0 || ::setns(space, CLONE_NEWNET) != 0) return -1;
  ::close(space);
  const int fd = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::strncpy(request.ifr_name, "wire0", IFNAMSIZ - 1);
  if (fd < 0 || ::ioctl(fd, TUNSETIFF, &request) != 0) return -1;
  const int control = ::socket(AF_INET, SOCK_DGRAM, 0);
  ifreq queue{};
  std::strncpy(queue.ifr_name, "wire0", IFNAMSIZ - 1);
  queue.ifr_qlen = 5000;
  ::ioctl(control, SIOCSIFTXQLEN, &queue);
  ifreq up{};
  std::strncpy(up.ifr_name, "wire0", IFNAMSIZ - 1);
  up.ifr_flags = IFF_UP | IFF_RUNNING;
  ::ioctl(control, SIOCSIFFLAGS, &up);
  ::close(control);
  return fd;
}

struct Frame {
  Clock::time_point due;
  int to;
  std::vector<std::uint8_t> bytes;
};

bool is_arp(const std::uint8_t* frame, std::size_t length) {
  return length >= 14 && frame[12] == 0x08 && frame[13] == 0x06;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 6) {
    std::fputs("NETNS_A NETNS_B DELAY_US LOSS_PER_MILLION SEED\n", stderr);
    return 2;
  }
  const auto number = [&](int i) { return piman::parse_u64(arguments[i]).value_or(0); };
  const int ends[2] = {open_tap(arguments[1]), open_tap(arguments[2])};
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (ends[0] < 0 || ends[1] < 0 || timer < 0) {
    std::perror("making the wire");
    return 1;
  }
  const auto delay = std::chrono::microseconds(number(3));
  const std::uint64_t loss = number(4);
  std::mt19937_64 random(number(5));
  std::puts("ready");
  std::fflush(stdout);

  std::deque<Frame> frames;  // the delay is the same for all: first in, first out
  pollfd waits[3] = {{ends[0], POLLIN, 0}, {ends[1], POLLIN, 0}, {timer, POLLIN, 0}};
  std::vector<std::uint8_t> buffer(2048);
  while (::poll(waits, 3, -1) >= 0) {
    std::uint64_t expirations = 0;
    if ((waits[2].revents & POLLIN) != 0) (void)!::read(timer, &expirations, sizeof expirations);
    for (int side = 0; side < 2; ++side) {
      if ((waits[side].revents & POLLIN) == 0) continue;
      for (int i = 0; i < 256; ++i) {
        const ssize_t length = ::read(ends[side], buffer.data(), buffer.size());
        if (length <= 0) break;
        if (!is_arp(buffer.data(), static_cast<std::size_t>(length)) && random() % 1'000'000 < loss) continue;
        frames.push_back({Clock::now() + delay, ends[1 - side], {buffer.begin(), buffer.begin() + length}});
      }
    }
    const auto now = Clock::now();
    while (!frames.empty() && frames.front().due <= now) {
      (void)!::write(frames.front().to, frames.front().bytes.data(), frames.front().bytes.size());
      frames.pop_front();
    }
    itimerspec next{};
    if (!frames.empty()) {
      const auto left = std::max<std::int64_t>(1, (frames.front().due - now) / std::chrono::nanoseconds(1));
      next.it_value = {left / 1'000'000'000, left % 1'000'000'000};
    }
    ::timerfd_settime(timer, 0, &next, nullptr);
  }
  return 0;
}
