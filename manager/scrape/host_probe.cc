// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/host_probe.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "manager/scrape/http_failure.h"

namespace piman::manager {
namespace {

constexpr std::uint16_t kUnusedPort = 9;  // discard
constexpr std::size_t kEchoBytes = 16;
/// A flood of answers must not hold the thread; the rest is taken at the next call.
constexpr int kMostAnswers = 1024;

/// RFC 1071, over an even number of bytes.
std::uint16_t checksum(std::span<const unsigned char> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i] << 8U | bytes[i + 1]);
  while (sum > 0xFFFF) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum & 0xFFFFU);
}

void put(std::span<unsigned char> bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<unsigned char>(value >> 8U);
  bytes[at + 1] = static_cast<unsigned char>(value & 0xFFU);
}
std::uint16_t get(std::span<const unsigned char> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

::sockaddr_in socket_address(Ipv4Address address, std::uint16_t port) {
  ::sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(address.value());
  return out;
}

UniqueFd open_socket(int type, int protocol) {
  return UniqueFd(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

}  // namespace

std::string_view to_string(HostProbe::Method method) {
  constexpr std::array<std::string_view, 3> kNames = {"ping socket", "raw socket", "tcp"};
  return kNames[static_cast<std::size_t>(method)];
}

HostProbe::HostProbe(Watch watch) : watch_(std::move(watch)), id_(static_cast<std::uint16_t>(::getpid())) {
  socket_ = open_socket(SOCK_DGRAM, IPPROTO_ICMP);
  method_ = Method::kPingSocket;
  if (!socket_.valid()) {
    socket_ = open_socket(SOCK_RAW, IPPROTO_ICMP);
    method_ = Method::kRawSocket;
  }
  if (!socket_.valid()) method_ = Method::kTcp;
}

HostProbe::~HostProbe() {
  watch_pings(false);
  for (const auto& [address, fd] : connections_) watch_.end(fd.get());
}

void HostProbe::watch_pings(bool wanted) {
  if (wanted == pings_watched_) return;
  pings_watched_ = wanted;
  if (wanted) {
    watch_.begin(socket_.get(), true, false);
  } else {
    watch_.end(socket_.get());
  }
}

void HostProbe::ask(Ipv4Address address) {
  if (method_ == Method::kTcp) {
    ask_by_tcp(address);
  } else {
    ask_by_ping(address);
  }
}

/// RFC 792: type, code, checksum, identifier (which the kernel fills in for a ping socket), sequence number.
void HostProbe::ask_by_ping(Ipv4Address address) {
  std::array<unsigned char, kEchoBytes> echo{};
  echo[0] = ICMP_ECHO;
  put(echo, 4, id_);
  put(echo, 6, ++sequence_);
  put(echo, 2, checksum(echo));
  const ::sockaddr_in to = socket_address(address, 0);
  asked_[address.value()] = sequence_;
  watch_pings(true);
  // What can't be sent has no answer.
  (void)::sendto(socket_.get(), echo.data(), echo.size(), 0, reinterpret_cast<const ::sockaddr*>(&to), sizeof to);
}

void HostProbe::ask_by_tcp(Ipv4Address address) {
  give_up(address);
  UniqueFd fd = open_socket(SOCK_STREAM, 0);
  if (!fd.valid()) return;
  const ::sockaddr_in to = socket_address(address, kUnusedPort);
  (void)!::connect(fd.get(), reinterpret_cast<const ::sockaddr*>(&to), sizeof to);
  watch_.begin(fd.get(), false, true);
  connections_[address.value()] = std::move(fd);
}

void HostProbe::give_up(Ipv4Address address) {
  asked_.erase(address.value());
  if (asked_.empty()) watch_pings(false);
  const auto found = connections_.find(address.value());
  if (found == connections_.end()) return;
  watch_.end(found->second.get());
  connections_.erase(found);
}

std::vector<Ipv4Address> HostProbe::take_answers() {
  std::vector<Ipv4Address> out;
  if (pings_watched_) {
    take_pings(out);
    if (asked_.empty()) watch_pings(false);
  }
  take_connections(out);
  return out;
}

void HostProbe::take_pings(std::vector<Ipv4Address>& out) {
  std::array<unsigned char, 256> bytes;
  for (int i = 0; i < kMostAnswers; ++i) {
    ::sockaddr_in from{};
    ::socklen_t size = sizeof from;
    const ::ssize_t got =
        ::recvfrom(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<::sockaddr*>(&from), &size);
    if (got < 0) return;
    std::span<const unsigned char> answer(bytes.data(), static_cast<std::size_t>(got));
    if (method_ == Method::kRawSocket) {  // which gets the IP header, too, and what others have asked for
      const std::size_t header = answer.empty() ? 0 : (answer[0] & 0x0FU) * std::size_t{4};
      if (answer.size() < header + 8) continue;
      answer = answer.subspan(header);
      if (get(answer, 4) != id_) continue;
    }
    if (answer.size() < 8 || answer[0] != ICMP_ECHOREPLY) continue;
    const auto asked = asked_.find(ntohl(from.sin_addr.s_addr));
    if (asked == asked_.end() || asked->second != get(answer, 6)) continue;
    out.emplace_back(asked->first);
    asked_.erase(asked);
  }
}

void HostProbe::take_connections(std::vector<Ipv4Address>& out) {
  for (auto one = connections_.begin(); one != connections_.end();) {
    ::pollfd ready{one->second.get(), POLLOUT, 0};
    if (::poll(&ready, 1, 0) <= 0) {
      ++one;
      continue;
    }
    int error = 0;
    ::socklen_t size = sizeof error;
    ::getsockopt(one->second.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0 || is_answer_of_host(error)) out.emplace_back(one->first);
    watch_.end(one->second.get());
    one = connections_.erase(one);
  }
}

}  // namespace piman::manager
