// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "common/text.h"
#include "common/unique_fd.h"

/// Agents that misbehave: a TCP server that does to each connection what the test says.
namespace piman::test {

using std::chrono::milliseconds;

/// One connection of a RawServer, seen from the server.
class RawPeer {
 public:
  RawPeer(int fd, std::stop_token stop) : fd_(fd), stop_(std::move(stop)) {}

  /// Reads a request's head. False when the client is gone or the test is over.
  bool read_request() {
    while (received_.find("\r\n\r\n") == std::string::npos) {
      ::pollfd waiting{fd_, POLLIN, 0};
      if (stop_.stop_requested()) return false;
      if (::poll(&waiting, 1, 20) == 0) continue;
      char bytes[4096];
      const ::ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
      if (got <= 0) return false;
      received_.append(bytes, static_cast<std::size_t>(got));
    }
    last_request_ = received_.substr(0, received_.find("\r\n\r\n") + 4);
    received_.erase(0, last_request_.size());
    return true;
  }
  const std::string& request() const { return last_request_; }

  /// False when the client has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty() && !stop_.stop_requested()) {
      const ::ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return !stop_.stop_requested();
  }
  bool send_ok(std::string_view body, std::string_view content_type = "text/plain") {
    return send(concat("HTTP/1.1 200 OK\r\nContent-Type: ", content_type, "\r\nContent-Length: ", body.size(),
                       "\r\n\r\n", body));
  }
  /// Waits until the test is over.
  void hang() const {
    while (!stop_.stop_requested()) std::this_thread::sleep_for(milliseconds(5));
  }
  bool sleep(milliseconds time) const {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!stop_.stop_requested() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    return !stop_.stop_requested();
  }
  /// Ends the connection with a reset instead of a farewell.
  void reset() const {
    const ::linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  int fd_;
  std::stop_token stop_;
  std::string received_;
  std::string last_request_;
};

inline ::sockaddr_in socket_address(const std::string& address, std::uint16_t port) {
  ::sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET, address.c_str(), &out.sin_addr), 1);
  return out;
}

/// A bound and listening socket; port 0: a free one.
inline UniqueFd listen_on(const std::string& address, std::uint16_t port, int backlog) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const ::sockaddr_in where = socket_address(address, port);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const ::sockaddr*>(&where), sizeof where), 0) << address << ':' << port;
  EXPECT_EQ(::listen(fd.get(), backlog), 0);
  return fd;
}
inline std::uint16_t port_of(const UniqueFd& fd) {
  ::sockaddr_in where{};
  ::socklen_t size = sizeof where;
  ::getsockname(fd.get(), reinterpret_cast<::sockaddr*>(&where), &size);
  return ntohs(where.sin_port);
}

class RawServer {
 public:
  using Behaviour = std::function<void(RawPeer&)>;

  RawServer(const std::string& address, std::uint16_t port, Behaviour behaviour)
      : listener_(listen_on(address, port, 64)), port_(port_of(listener_)), behaviour_(std::move(behaviour)) {
    acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
  }
  explicit RawServer(Behaviour behaviour) : RawServer("127.0.0.1", 0, std::move(behaviour)) {}
  ~RawServer() { acceptor_ = {}; }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void accept_all(const std::stop_token& stop) {
    std::list<std::jthread> peers;
    while (!stop.stop_requested()) {
      ::pollfd waiting{listener_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 20) == 0) continue;
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++connections_;
      peers.emplace_back([this, fd](const std::stop_token& peer_stop) {
        const UniqueFd owner(fd);
        RawPeer peer(fd, peer_stop);
        behaviour_(peer);
      });
    }
    for (std::jthread& peer : peers) peer.request_stop();
  }

  UniqueFd listener_;
  std::uint16_t port_;
  Behaviour behaviour_;
  std::atomic<int> connections_ = 0;
  std::jthread acceptor_;
};

/// A host that is there for the kernel's route but answers nothing at all: its queue of connections is full, so that
/// further SYNs are dropped.
class SilentHost {
 public:
  SilentHost(const std::string& address, std::uint16_t port)
      : listener_(listen_on(address, port, 0)), port_(port_of(listener_)) {
    for (UniqueFd& filler : fillers_) {
      filler = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      const ::sockaddr_in where = socket_address(address, port_);
      (void)!::connect(filler.get(), reinterpret_cast<const ::sockaddr*>(&where), sizeof where);
    }
    std::this_thread::sleep_for(milliseconds(50));
  }
  std::uint16_t port() const { return port_; }

 private:
  UniqueFd listener_;
  std::uint16_t port_;
  UniqueFd fillers_[4];
};

}  // namespace piman::test
