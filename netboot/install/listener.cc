// SPDX-License-Identifier: Apache-2.0
#include "netboot/install/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/text.h"

namespace piman::netboot::install {
namespace {

constexpr int kBacklog = 1024;  // a whole fleet at once after a power cut

void set(int socket, int level, int option, int value) { ::setsockopt(socket, level, option, &value, sizeof value); }

}  // namespace

Result<UniqueFd> listen_tcp(Ipv4Address address, std::uint16_t port, const std::string& interface) {
  const auto failed = [&](std::string_view what) {
    return fail(concat(what, " TCP ", address.to_string(), ':', port, interface.empty() ? "" : " on ", interface, ": ",
                       std::strerror(errno)));  // NOLINT(concurrency-mt-unsafe)
  };
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return failed("making a socket for");
  set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (!interface.empty() && ::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                                         static_cast<socklen_t>(interface.size())) != 0) {
    return failed("binding to the interface for");
  }
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(address.value());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return failed("listening on");
  }
  return fd;
}

std::uint16_t bound_port(int socket) {
  sockaddr_in where{};
  socklen_t size = sizeof where;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&where), &size) != 0) return 0;
  return ntohs(where.sin_port);
}

std::optional<Accepted> accept_tcp(int listener, bool& is_out_of_files) {
  is_out_of_files = false;
  for (int attempt = 0; attempt < 16; ++attempt) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    UniqueFd fd(::accept4(listener, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      is_out_of_files = errno != EAGAIN;
      return std::nullopt;
    }
    sockaddr_in to{};
    size = sizeof to;
    if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&to), &size) != 0) continue;  // gone again already
    return Accepted{std::move(fd), Ipv4Address(ntohl(from.sin_addr.s_addr)), Ipv4Address(ntohl(to.sin_addr.s_addr))};
  }
  return std::nullopt;
}

void watch_peer(int socket) {
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
}

Result<std::string> random_token() {
  std::array<std::uint8_t, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), GRND_NONBLOCK) != static_cast<ssize_t>(bytes.size())) {
    return fail("no random bytes for a token");
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 15U]);
  }
  return out;
}

}  // namespace piman::netboot::install
