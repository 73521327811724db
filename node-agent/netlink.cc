// SPDX-License-Identifier: Apache-2.0
#include "node-agent/netlink.h"

#include <linux/magic.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/statfs.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "common/clock.h"
#include "common/text.h"
#include "common/unique_fd.h"
#include "node-agent/netlink_codec.h"

namespace piman::agent {
namespace {

/// The kernel answers as it is asked, so that this ends only what is stuck; below ScrapeLimits::per_collector.
constexpr std::chrono::milliseconds kMostTime{800};
/// While routes or stations come and go.
constexpr int kMostAttempts = 4;
/// The kernel makes datagrams of at most 32 KiB, unless one message alone needs more.
constexpr std::size_t kDatagramBytes = 64 * 1024;

class KernelNetlink final : public NetlinkSource {
 public:
  Result<NetlinkReply> ask(const NetlinkQuestion& question) override {
    const SteadyTime deadline = std::chrono::steady_clock::now() + kMostTime;
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
      auto reply = ask_once(question, deadline);
      if (!reply) return fail(reply.error().message);
      if (*reply) return std::move(**reply);
    }
    return fail(concat("netlink's tables changed each of ", kMostAttempts, " times that they were read"));
  }

 private:
  using State = NetlinkAnswer::State;

  /// Nothing when the answer was interrupted. A socket for each attempt: what is left of a broken one dies with it.
  Result<std::optional<NetlinkReply>> ask_once(const NetlinkQuestion& question, SteadyTime deadline) {
    const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, question.protocol));
    if (!socket.valid()) return fail(concat("no netlink socket: ", words_of_errno(errno)));
    ::sockaddr_nl own{};
    own.nl_family = AF_NETLINK;
    ::socklen_t own_bytes = sizeof own;
    auto* const own_address = reinterpret_cast<::sockaddr*>(&own);
    if (::bind(socket.get(), own_address, sizeof own) != 0 ||
        ::getsockname(socket.get(), own_address, &own_bytes) != 0) {
      return fail(concat("no port for a netlink socket: ", words_of_errno(errno)));
    }
    const std::uint16_t flags = NLM_F_REQUEST | (question.all ? NLM_F_DUMP : NLM_F_ACK);
    const auto message = encode_netlink_message(question.type, flags, ++sequence_, question.body);
    ::sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (::sendto(socket.get(), message.data(), message.size(), 0, reinterpret_cast<::sockaddr*>(&kernel),
                 sizeof kernel) != static_cast<::ssize_t>(message.size())) {
      return fail(concat("can't ask over netlink: ", words_of_errno(errno)));
    }
    NetlinkAnswer answer(sequence_, own.nl_pid);
    State state = State::kMore;
    while (state == State::kMore) {
      const auto datagram = receive(socket.get(), deadline);
      if (!datagram) return fail(datagram.error().message);
      const auto added = answer.add(*datagram);
      if (!added) return fail(added.error().message);
      state = *added;
    }
    if (state == State::kInterrupted) return std::optional<NetlinkReply>();
    return std::optional(NetlinkReply{answer.refusal(), answer.take_messages()});
  }

  /// The next datagram of the kernel's; empty where it is somebody else's. Valid until the next call.
  Result<NetlinkBytes> receive(int socket, SteadyTime deadline) {
    using std::chrono::milliseconds;
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    ::pollfd ready{socket, POLLIN, 0};
    const int polled = left.count() > 0 ? ::poll(&ready, 1, static_cast<int>(left.count())) : 0;
    if (polled < 0 && errno != EINTR) return fail(concat("waiting for netlink: ", words_of_errno(errno)));
    if (polled == 0) return fail(concat("netlink gave no whole answer in ", kMostTime.count(), " ms"));
    buffer_.resize(kDatagramBytes);
    ::sockaddr_nl sender{};
    ::iovec room{buffer_.data(), buffer_.size()};
    ::msghdr head{};
    head.msg_name = &sender;
    head.msg_namelen = sizeof sender;
    head.msg_iov = &room;
    head.msg_iovlen = 1;
    const ::ssize_t bytes = ::recvmsg(socket, &head, 0);
    if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) return NetlinkBytes();
    if (bytes < 0) return fail(concat("reading from netlink: ", words_of_errno(errno)));
    if ((head.msg_flags & MSG_TRUNC) != 0) return fail(concat("netlink sent more than ", kDatagramBytes, " bytes"));
    const bool from_kernel = head.msg_namelen == sizeof sender && sender.nl_pid == 0;
    return from_kernel ? NetlinkBytes(buffer_).first(static_cast<std::size_t>(bytes)) : NetlinkBytes();
  }

  std::uint32_t sequence_ = 0;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace

Result<std::vector<std::uint8_t>> messages_of(Result<NetlinkReply> reply, std::string_view what) {
  if (!reply) return fail_with(std::string(what), reply.error());
  if (reply->refusal != 0) return fail(concat(what, ": the kernel refuses to tell: ", words_of_errno(reply->refusal)));
  return std::move(reply->messages);
}

std::unique_ptr<NetlinkSource> make_kernel_netlink(const HostPaths& paths) {
  struct ::statfs file_system {};
  if (::statfs(paths.procfs.c_str(), &file_system) != 0) return nullptr;
  if (static_cast<std::uint64_t>(file_system.f_type) != PROC_SUPER_MAGIC) return nullptr;
  return std::make_unique<KernelNetlink>();
}

}  // namespace piman::agent
