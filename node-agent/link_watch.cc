// SPDX-License-Identifier: Apache-2.0
#include "node-agent/link_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/unique_fd.h"

namespace piman::agent {
namespace {

/// Room for a few announcements; when more come between two scrapes the kernel says so (ENOBUFS), which is as good.
constexpr int kQueueBytes = 16 * 1024;
/// What is left after that is told at the next call.
constexpr int kMostAnnouncements = 64;

class KernelLinkWatch final : public LinkWatch {
 public:
  explicit KernelLinkWatch(UniqueFd socket) : socket_(std::move(socket)) {}

  bool may_have_changed() override {
    bool has_changed = std::exchange(is_new_, false) || !socket_.valid();
    for (int i = 0; i < kMostAnnouncements && socket_.valid(); ++i) {
      // What they say doesn't matter, so that they may be cut off.
      std::array<char, 64> start;
      const ::ssize_t bytes = ::recv(socket_.get(), start.data(), start.size(), MSG_DONTWAIT | MSG_TRUNC);
      if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      has_changed = true;
      if (bytes <= 0 && errno != ENOBUFS && errno != EINTR) socket_.reset();  // it can't be believed any more
    }
    return has_changed;
  }

 private:
  UniqueFd socket_;
  bool is_new_ = true;
};

}  // namespace

std::unique_ptr<LinkWatch> make_kernel_link_watch(const HostPaths& paths) {
  // A tree that is mounted elsewhere may be another namespace's, of which nothing would be heard.
  if (paths.sysfs != HostPaths().sysfs || paths.procfs != HostPaths().procfs) return nullptr;
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket.valid()) return nullptr;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kQueueBytes, sizeof kQueueBytes);
  ::sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  own.nl_groups = RTMGRP_LINK;
  if (::bind(socket.get(), reinterpret_cast<::sockaddr*>(&own), sizeof own) != 0) return nullptr;
  return std::make_unique<KernelLinkWatch>(std::move(socket));
}

}  // namespace piman::agent
