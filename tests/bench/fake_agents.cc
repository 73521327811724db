// SPDX-License-Identifier: Apache-2.0
// A fleet of agents in one process, for the bench of scraping: one listener answers for every loopback address. It
// sends a page made before, plain or compressed as the client asks, and takes what peers write remotely. It counts who
// asked what, and how long the longest pause between two pages of one address was.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/gzip.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace {

using namespace piman;
using Clock = std::chrono::steady_clock;

/// Pages differ, as those of machines at work do: this many turns of the same page, one after another for each address.
constexpr std::size_t kTurns = 16;

struct Answer {
  std::string plain, gzip;
};

std::string with_head(std::string_view type, std::string_view body, std::string_view more = {}) {
  return concat("HTTP/1.1 200 OK\r\nContent-Type: ", type, "\r\n", more, "Content-Length: ", body.size(), "\r\n\r\n",
                body);
}

/// The page with other last digits in every value that has more than five: counters that move, and only up, until the
/// turns begin anew.
std::string turned(std::string page, std::size_t turn) {
  std::size_t line = 0;
  while (line < page.size()) {
    const std::size_t end = std::min(page.find('\n', line), page.size());
    const std::size_t blank = page.rfind(' ', end);
    if (page[line] != '#' && blank != std::string::npos && blank > line && end - blank > 5 &&
        std::string_view(page).substr(blank, end - blank).find('e') == std::string_view::npos && page[end - 1] >= '0' &&
        page[end - 1] <= '9') {
      const bool has_two = page[end - 2] != '.';
      if (has_two) page[end - 2] = static_cast<char>('0' + turn / 10);
      page[end - 1] = static_cast<char>('0' + (has_two ? turn % 10 : turn * 10 / kTurns));
    }
    line = end + 1;
  }
  return page;
}

struct Node {
  Clock::time_point last{};
  std::uint64_t pages = 0;
};

struct Peer {
  UniqueFd fd;
  std::uint32_t address = 0;
  std::string in;
  std::string_view out;       ///< of a prepared answer
  std::string own;            ///< an answer of its own, which `out` may point into
  std::size_t body_left = 0;  ///< of a POST, still to be thrown away
};

class Fleet {
 public:
  Fleet(const std::string& page, bool gzip) {
    GzipCompressor compressor;
    std::string packed;
    for (std::size_t turn = 0; turn < kTurns; ++turn) {
      const std::string body = turned(page, turn);
      const char* const type = "text/plain; version=0.0.4; charset=utf-8";
      Answer answer{with_head(type, body), {}};
      compressor.compress(body, packed);
      answer.gzip = gzip ? with_head(type, packed, "Content-Encoding: gzip\r\n") : answer.plain;
      pages_.push_back(std::move(answer));
    }
    events_ = with_head("application/json",
                        "{\"time\":1700000000,\"cpu_percent\":12.5,\"memory_percent\":40.1,\"disk_percent\":31.2,"
                        "\"num_pids\":123,\"temp\":48.3}\n");
  }

  bool listen(std::uint16_t port) {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    if (::bind(listener_.get(), reinterpret_cast<const ::sockaddr*>(&where), sizeof where) != 0) return false;
    if (::listen(listener_.get(), 4096) != 0) return false;
    epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
    ::epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener_.get();
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event) == 0;
  }

  void run() {
    std::array<::epoll_event, 256> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const ::epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_.get()) {
          accept_all();
          continue;
        }
        const auto found = peers_.find(event.data.fd);
        if (found == peers_.end()) continue;
        if (!serve(*found->second, event.events)) peers_.erase(found);
      }
    }
  }

 private:
  void accept_all() {
    for (;;) {
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd.valid()) return;
      const int on = 1;
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::sockaddr_in here{};
      ::socklen_t size = sizeof here;
      ::getsockname(fd.get(), reinterpret_cast<::sockaddr*>(&here), &size);
      ::epoll_event event{};
      event.events = EPOLLIN | EPOLLOUT | EPOLLET;
      event.data.fd = fd.get();
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event);
      auto peer = std::make_unique<Peer>();
      peer->address = ntohl(here.sin_addr.s_addr);
      const int number = fd.get();
      peer->fd = std::move(fd);
      peers_[number] = std::move(peer);
    }
  }

  bool flush(Peer& peer) {
    while (!peer.out.empty()) {
      const ::ssize_t sent = ::send(peer.fd.get(), peer.out.data(), peer.out.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN;
      peer.out.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool serve(Peer& peer, std::uint32_t ready) {
    if (!flush(peer)) return false;
    if ((ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return true;
    std::array<char, 65'536> bytes;
    for (;;) {
      const ::ssize_t got = ::recv(peer.fd.get(), bytes.data(), bytes.size(), 0);
      if (got == 0) return false;
      if (got < 0) return errno == EAGAIN;
      std::string_view rest(bytes.data(), static_cast<std::size_t>(got));
      while (!rest.empty()) {
        if (peer.body_left > 0) {
          const std::size_t taken = std::min(peer.body_left, rest.size());
          peer.body_left -= taken;
          rest.remove_prefix(taken);
          if (peer.body_left == 0) answer(peer, "HTTP/1.1 204 No Content\r\n\r\n");
          continue;
        }
        peer.in.append(rest);
        const std::size_t end = peer.in.find("\r\n\r\n");
        if (end == std::string::npos) break;
        rest = rest.substr(rest.size() - std::min(rest.size(), peer.in.size() - end - 4));
        peer.in.resize(end + 4);
        on_request(peer);
        peer.in.clear();
      }
      if (!flush(peer)) return false;
      if (static_cast<std::size_t>(got) < bytes.size()) return true;
    }
  }

  static void answer(Peer& peer, std::string_view prepared) { peer.out = prepared; }

  void on_request(Peer& peer) {
    const std::string_view head(peer.in);
    if (head.starts_with("POST ")) {
      const std::size_t at = to_lower(head).find("content-length: ");
      peer.body_left = at == std::string::npos ? 0 : static_cast<std::size_t>(std::atol(peer.in.c_str() + at + 16));
      ++writes_;
      write_bytes_ += peer.body_left;
      if (peer.body_left == 0) answer(peer, "HTTP/1.1 204 No Content\r\n\r\n");
    } else if (head.starts_with("GET /metrics ")) {
      Node& node = nodes_[peer.address];
      const auto now = Clock::now();
      if (node.pages > 0) longest_ = std::max(longest_, now - node.last);
      node.last = now;
      const Answer& page = pages_[node.pages++ % kTurns];
      ++pages_sent_;
      const bool gzip = to_lower(head).find("gzip") != std::string::npos;
      answer(peer, gzip ? page.gzip : page.plain);
      page_bytes_ += peer.out.size();
    } else if (head.starts_with("GET /events")) {
      ++events_sent_;
      answer(peer, events_);
    } else if (head.starts_with("GET /bench")) {
      const auto seconds = [](Clock::duration time) { return std::chrono::duration<double>(time).count(); };
      const std::string body =
          concat("{\"pages\":", pages_sent_, ",\"events\":", events_sent_, ",\"page_bytes\":", page_bytes_,
                 ",\"writes\":", writes_, ",\"write_bytes\":", write_bytes_, ",\"nodes\":", nodes_.size(),
                 ",\"longest_pause\":", seconds(longest_), "}\n");
      if (head.starts_with("GET /bench/reset")) {
        nodes_.clear();
        longest_ = {};
        pages_sent_ = events_sent_ = page_bytes_ = writes_ = write_bytes_ = 0;
      }
      peer.own = with_head("application/json", body);
      answer(peer, peer.own);
    } else {
      answer(peer, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
  }

  std::vector<Answer> pages_;
  std::string events_;
  UniqueFd listener_, epoll_;
  std::unordered_map<int, std::unique_ptr<Peer>> peers_;
  std::unordered_map<std::uint32_t, Node> nodes_;
  Clock::duration longest_{};
  std::uint64_t pages_sent_ = 0, events_sent_ = 0, page_bytes_ = 0, writes_ = 0, write_bytes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: piman_fake_agents PORT PAGE_FILE gzip|plain\n", stderr);
    return 2;
  }
  ::rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::ifstream file(argv[2], std::ios::binary);
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Fleet fleet(page, std::string_view(argv[3]) == "gzip");
  if (page.empty() || !fleet.listen(static_cast<std::uint16_t>(std::atoi(argv[1])))) {
    std::fputs("piman_fake_agents: no page, or the port is taken\n", stderr);
    return 1;
  }
  fleet.run();
}
