// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/fd_poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::uint64_t kWakeTag = ~std::uint64_t{0};
constexpr std::chrono::milliseconds kLongestWait{60'000};

}  // namespace

Result<void> FdPoller::open() {
  epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeTag;
  if (!epoll_.valid() || !wake_.valid() || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) {
    return fail(concat("preparing to wait for connections: ", std::generic_category().message(errno)));
  }
  return {};
}

void FdPoller::watch(int fd, std::uint32_t owner, bool for_reading, bool for_writing) {
  epoll_event event{};
  if (for_reading) event.events |= EPOLLIN;
  if (for_writing) event.events |= EPOLLOUT;
  event.data.u64 = (static_cast<std::uint64_t>(owner) << 32U) | static_cast<std::uint32_t>(fd);
  // A descriptor that can't be watched (the kernel's limit) gets no event, and its transfer times out.
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0 && errno == EEXIST) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  }
}

void FdPoller::forget(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

std::span<const FdPoller::Ready> FdPoller::wait(std::chrono::milliseconds most) {
  std::array<epoll_event, 64> events;
  most = std::clamp(most, std::chrono::milliseconds(0), kLongestWait);
  const int count =
      ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), static_cast<int>(most.count()));
  ready_.clear();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kWakeTag) {
      std::uint64_t times = 0;
      [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &times, sizeof times);
      continue;
    }
    ready_.push_back(Ready{
        static_cast<int>(event.data.u64 & 0x7FFF'FFFFU), static_cast<std::uint32_t>(event.data.u64 >> 32U),
        (event.events & (EPOLLIN | EPOLLHUP)) != 0, (event.events & EPOLLOUT) != 0, (event.events & EPOLLERR) != 0});
  }
  return ready_;
}

void FdPoller::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);  // full means: woken already
}

}  // namespace piman::manager
