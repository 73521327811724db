// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/text.h"
#include "common/unique_fd.h"

/// A TCP client without manners: says any bytes to a server and shows what comes back. Never throws, never blocks
/// longer than it is told to.
namespace piman::test {

using std::chrono::milliseconds;

/// What came back from an HTTP server, taken apart no further than a test needs.
struct HttpReply {
  int status = 0;  ///< 0: no whole reply came
  std::string head;
  std::string body;

  /// The value of a header, empty when absent.
  std::string_view header(std::string_view name) const {
    std::string_view rest = head;
    next_line(rest);
    while (!rest.empty()) {
      std::string_view line = next_line(rest);
      if (equals_ignoring_case(next_until(line, ':'), name)) return trim(line);
    }
    return {};
  }
};

class TcpClient {
 public:
  TcpClient(const std::string& host, std::uint16_t port) {
    ::addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST;
    ::addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), concat(port).c_str(), &hints, &found) != 0) return;
    UniqueFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd.valid() && ::connect(fd.get(), found->ai_addr, found->ai_addrlen) == 0) fd_ = std::move(fd);
    ::freeaddrinfo(found);
    const int on = 1;
    if (fd_.valid()) ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  explicit TcpClient(std::uint16_t port) : TcpClient("127.0.0.1", port) {}

  bool connected() const { return fd_.valid(); }
  /// Whether the server has ended the connection, as far as receive() has seen.
  bool closed() const { return closed_; }
  /// Bytes that came and were not taken yet.
  const std::string& pending() const { return received_; }

  /// False when the server has stopped listening to us.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ::ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  /// Ends the connection with a reset instead of a farewell.
  void reset() {
    const ::linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }

  /// Everything until the server closes; less when that takes longer than `timeout` (then closed() is false).
  std::string receive_until_close(milliseconds timeout = milliseconds(5000)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (receive_some(deadline)) {
    }
    return std::exchange(received_, {});
  }

  /// What comes until `text` has come, with it; empty when it does not come in time or the server closes before.
  std::string receive_until(std::string_view text, milliseconds timeout = milliseconds(5000)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::size_t found;
    while ((found = received_.find(text)) == std::string::npos) {
      if (!receive_some(deadline)) return {};
    }
    std::string out = received_.substr(0, found + text.size());
    received_.erase(0, out.size());
    return out;
  }

  /// The next reply. `has_body` is false for an answer to HEAD, which names a length and sends nothing.
  HttpReply receive_reply(milliseconds timeout = milliseconds(5000), bool has_body = true) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::size_t head_end;
    while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive_some(deadline)) return {};
    }
    HttpReply reply;
    reply.head = received_.substr(0, head_end + 2);
    received_.erase(0, head_end + 4);
    const auto length = parse_number<std::size_t>(reply.header("Content-Length"));
    if (has_body) {
      while (!length || received_.size() < *length) {
        if (!receive_some(deadline)) break;
      }
      if (length && received_.size() < *length) return {};
      reply.body = received_.substr(0, length.value_or(received_.size()));
      received_.erase(0, reply.body.size());
    }
    std::string_view line = reply.head;
    next_field(line);
    reply.status = parse_number<int>(next_field(line)).value_or(0);
    return reply;
  }

 private:
  bool receive_some(std::chrono::steady_clock::time_point deadline) {
    if (closed_ || !fd_.valid()) return false;
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    ::pollfd waiting{fd_.get(), POLLIN, 0};
    if (left < 0 || ::poll(&waiting, 1, static_cast<int>(left)) <= 0) return false;
    char bytes[16384];
    const ::ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (got <= 0) {
      closed_ = true;
      return false;
    }
    received_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  UniqueFd fd_;
  bool closed_ = false;
  std::string received_;
};

/// One request on a connection of its own.
inline HttpReply http_get(std::uint16_t port, std::string_view path, std::string_view more_headers = {}) {
  TcpClient client(port);
  if (!client.connected()) return {};
  client.send(concat("GET ", path, " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n", more_headers, "\r\n"));
  return client.receive_reply();
}

}  // namespace piman::test
