// SPDX-License-Identifier: Apache-2.0
// Many installs at once, each from an address of its own below 127.1.0.0/16: in the seed's protocol, or with "http" in
// piman's own, by ranges of 4 MiB. Each image is verified by its SHA-256. Says how far the slowest was when the first
// one had its image, and how far the rate of any was from the median, from its order to its last byte.
//   piman_install_load IMAGE HELLO_PORT IMAGE_PORT CLIENTS [http]
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/images/sha256.h"

namespace {

using namespace piman;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kFirstAddress = 0x7F010001U;
constexpr std::size_t kRange = 4UL << 20U;  // as piman's installer asks

struct Client {
  std::uint32_t address = 0;
  UniqueFd hello, image;
  std::string heard, url, head;
  std::size_t received = 0;
  bool is_told = false, in_head = false, is_whole = false;
  Clock::time_point told_at{}, whole_at{};
  manager::Sha256Sum sum;
};

UniqueFd connect_from(std::uint32_t address, std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(address);
  sockaddr_in to = at;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
      ::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    fd.reset();
  }
  return fd;
}

bool say(const UniqueFd& fd, std::string_view words) {
  return ::send(fd.get(), words.data(), words.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(words.size());
}

class Load {
 public:
  Load(std::size_t size, std::string sha256, std::uint16_t hello_port, std::uint16_t image_port, bool by_http)
      : size_(size),
        sha256_(std::move(sha256)),
        hello_port_(hello_port),
        image_port_(image_port),
        by_http_(by_http),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

  bool run(std::uint32_t count) {
    const auto began = Clock::now();
    for (std::uint32_t i = 0; i < count; ++i) {
      Client& client = *clients_.emplace_back(std::make_unique<Client>());
      client.address = kFirstAddress + i;
      client.hello = connect_from(client.address, hello_port_);
      if (!client.hello.valid()) return false;
      if (!say(client.hello, by_http_
                                 ? "Hello World\nCAPABILITIES 1 http sha256\nDISK path=/dev/vda size_bytes=8000000000\n"
                                   "IS_UNINSTALLED\n"
                                 : "Hello World\nCHECKING IF INSTALLED\nIS_UNINSTALLED\n")) {
        return false;
      }
      watch(client.hello, i * 2UL);
    }
    std::vector<epoll_event> events(2UL * count);
    while (done_ < count) {
      const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 60'000);
      if (ready <= 0) {
        std::fprintf(stderr, "nothing came for a minute; %zu of %u were done\n", done_, count);
        return false;
      }
      for (int e = 0; e < ready; ++e) {
        const std::uint64_t what = events[static_cast<std::size_t>(e)].data.u64;
        Client& client = *clients_[what / 2];
        if (!(what % 2 == 0 ? on_hello(client, what + 1) : on_image(client, what))) return false;
      }
    }
    report(std::chrono::duration<double>(Clock::now() - began).count());
    return wrong_ == 0;
  }

 private:
  void watch(const UniqueFd& fd, std::uint64_t what) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = what;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event);
  }

  bool on_hello(Client& client, std::uint64_t image) {
    if (!client.hello.valid()) return true;
    const ssize_t got = ::recv(client.hello.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) {
      client.hello.reset();
      ++done_;
      if (!client.is_whole) ++wrong_;
      return true;
    }
    client.heard.append(buffer_.data(), static_cast<std::size_t>(got));
    if (client.is_told) return true;
    if (by_http_) {
      const std::size_t url = client.heard.find("\nurl http://127.0.0.1:");
      if (url == std::string::npos || client.heard.find("\nEOM\n", url) == std::string::npos) return true;
      if (client.heard.find(concat("\nsha256 ", sha256_, '\n')) == std::string::npos) ++wrong_;
      client.url = client.heard.substr(url + 5, client.heard.find('\n', url + 1) - url - 5);
    } else if (client.heard.find("\nformat\nEOM\n") == std::string::npos) {
      return true;
    }
    client.is_told = true;
    client.told_at = Clock::now();
    return ask(client, image);
  }

  /// For the image, or its next range.
  bool ask(Client& client, std::uint64_t what) {
    std::uint16_t port = image_port_;
    if (by_http_) {
      const std::size_t colon = client.url.find(':', 7), slash = client.url.find('/', 7);
      port = parse_number<std::uint16_t>(client.url.substr(colon + 1, slash - colon - 1)).value_or(0);
    }
    client.image = connect_from(client.address, port);
    if (!client.image.valid()) return false;
    if (by_http_) {
      client.in_head = true;
      client.head.clear();
      const std::size_t last = std::min(size_, client.received + kRange) - 1;
      if (!say(client.image, concat("GET ", client.url.substr(client.url.find('/', 7)),
                                    " HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=", client.received, '-', last,
                                    "\r\nConnection: close\r\n\r\n"))) {
        return false;
      }
    }
    watch(client.image, what);
    return true;
  }

  bool on_image(Client& client, std::uint64_t what) {
    if (!client.image.valid()) return true;
    // From each a little in turn, as equal machines would take it: a receive buffer that the kernel let grow gets no
    // more.
    const ssize_t got = ::recv(client.image.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return true;
    if (got > 0) {
      take(client, {buffer_.data(), static_cast<std::size_t>(got)});
      return true;
    }
    client.image.reset();
    if (got == 0 && by_http_ && !client.in_head && client.received < size_) {
      return say(client.hello,
                 concat("PROGRESS download ", client.received * 100 / size_, ' ', client.received, '\n')) &&
             ask(client, what);
    }
    const std::string sum = client.sum.finish();
    client.is_whole = got == 0 && client.received == size_ && sum == sha256_;
    client.whole_at = Clock::now();
    if (slowest_ < 0) {
      std::size_t least = size_;
      for (const auto& other : clients_) least = std::min(least, other->received);
      slowest_ = static_cast<double>(least) / static_cast<double>(size_);
    }
    if (!say(client.hello,
             by_http_ ? concat("VERIFIED ", sum, "\nIS_FORMATTED\n") : "FINISHED_MOUNTING\nIS_FORMATTED\n"))
      ++wrong_;
    return true;
  }

  void take(Client& client, std::string_view bytes) {
    if (client.in_head) {
      client.head.append(bytes);
      const std::size_t end = client.head.find("\r\n\r\n");
      if (end == std::string::npos) return;
      client.in_head = false;
      if (!client.head.starts_with("HTTP/1.1 206 ")) {
        ++wrong_;
        client.received = size_ + 1;  // it asks no more
      }
      const std::string body = client.head.substr(end + 4);
      client.received += body.size();
      client.sum.add(body);
      return;
    }
    client.received += bytes.size();
    client.sum.add(bytes);
  }

  void report(double seconds) const {
    std::vector<double> rates;
    for (const auto& client : clients_) {
      rates.push_back(static_cast<double>(size_) /
                      std::chrono::duration<double>(client->whole_at - client->told_at).count());
    }
    std::sort(rates.begin(), rates.end());
    const double median = rates[rates.size() / 2];
    const double spread = std::max(rates.back() / median - 1, 1 - rates.front() / median);
    std::printf("clients=%zu wrong=%zu seconds=%.2f mb_per_second=%.0f slowest=%.3f spread=%.3f\n", clients_.size(),
                wrong_, seconds, static_cast<double>(size_ * clients_.size()) / 1e6 / seconds, slowest_, spread);
  }

  const std::size_t size_;
  const std::string sha256_;
  const std::uint16_t hello_port_, image_port_;
  const bool by_http_;
  const UniqueFd epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<char> buffer_ = std::vector<char>(32UL * 1024);
  std::size_t done_ = 0, wrong_ = 0;
  double slowest_ = -1;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 5 && !(count == 6 && std::string_view(arguments[5]) == "http")) return 2;
  const UniqueFd file(::open(arguments[1], O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return 2;
  manager::Sha256Sum sum;
  std::size_t size = 0;
  std::vector<char> buffer(1UL << 20U);
  for (ssize_t got = 0; (got = ::read(file.get(), buffer.data(), buffer.size())) > 0;) {
    sum.add({buffer.data(), static_cast<std::size_t>(got)});
    size += static_cast<std::size_t>(got);
  }
  const auto clients = parse_number<std::uint32_t>(arguments[4]).value_or(0);
  if (size == 0 || clients == 0) return 2;
  Load load(size, sum.finish(), parse_number<std::uint16_t>(arguments[2]).value_or(0),
            parse_number<std::uint16_t>(arguments[3]).value_or(0), count == 6);
  if (load.run(clients)) return 0;
  std::fprintf(stderr, "not all installs went well\n");
  return 1;
}
