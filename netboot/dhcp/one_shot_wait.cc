// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/one_shot_wait.h"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/text.h"

namespace piman::netboot::dhcp {

Result<void> OneShotWait::open(int socket) {
  socket_ = socket;
  const int inner = ::epoll_create1(EPOLL_CLOEXEC);
  if (inner < 0) return fail(concat("epoll: ", std::strerror(errno)));
  waiter_.assign(inner);
  ::epoll_event event{};  // of interest is nothing yet
  event.events = EPOLLONESHOT;
  if (::epoll_ctl(inner, EPOLL_CTL_ADD, socket, &event) != 0) return fail(concat("epoll: ", std::strerror(errno)));
  return {};
}

void OneShotWait::wait(std::function<void()> then) {
  ::epoll_event event{};
  event.events = EPOLLIN | EPOLLONESHOT;
  (void)::epoll_ctl(waiter_.native_handle(), EPOLL_CTL_MOD, socket_, &event);  // can only fail by a bug
  waiter_.async_wait(asio::posix::stream_descriptor::wait_read, [this, then = std::move(then)](error_code error) {
    if (error) return;
    ::epoll_event ready{};
    (void)::epoll_wait(waiter_.native_handle(), &ready, 1, 0);  // takes the event, which disarms it
    then();
  });
}

}  // namespace piman::netboot::dhcp
