// SPDX-License-Identifier: Apache-2.0
// Many installs at once in the seed's protocol, each from an address of its own below 127.1.0.0/16. Every byte of every
// image is compared with the file's. Says how far the slowest was when the first one had its image.
//   piman_install_load IMAGE HELLO_PORT IMAGE_PORT CLIENTS
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "common/text.h"
#include "common/unique_fd.h"

namespace {

using namespace piman;

struct Client {
  UniqueFd hello, image;
  std::string heard;
  std::size_t received = 0;
  bool asked = false, is_whole = false, is_done = false;
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

void watch(int epoll, int fd, std::uint64_t what) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = what;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) return 2;
  const UniqueFd file(::open(arguments[1], O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return 2;
  const auto size = static_cast<std::size_t>(status.st_size);
  const auto* expected = static_cast<const char*>(::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0));
  if (expected == MAP_FAILED) return 2;
  const auto hello_port = parse_number<std::uint16_t>(arguments[2]).value_or(0);
  const auto image_port = parse_number<std::uint16_t>(arguments[3]).value_or(0);
  const auto clients_wanted = parse_number<std::uint32_t>(arguments[4]).value_or(0);
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  std::vector<Client> clients(clients_wanted);
  const auto began = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < clients_wanted; ++i) {
    clients[i].hello = connect_from(0x7F010001U + i, hello_port);
    if (!clients[i].hello.valid()) return 1;
    constexpr std::string_view kHello = "Hello World\nCHECKING IF INSTALLED\nIS_UNINSTALLED\n";
    if (::send(clients[i].hello.get(), kHello.data(), kHello.size(), 0) < 0) return 1;
    watch(epoll.get(), clients[i].hello.get(), i * 2);
  }
  // From each a little in turn, as equal machines would take it: a receive buffer that the kernel let grow gets no
  // more.
  std::vector<char> buffer(32 * 1024);
  std::vector<epoll_event> events(2 * clients_wanted);
  std::size_t done = 0, wrong = 0;
  double slowest = -1;
  while (done < clients_wanted) {
    const int ready = ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), 60'000);
    if (ready <= 0) {
      std::fprintf(stderr, "nothing came for a minute; %zu of %u were done\n", done, clients_wanted);
      return 1;
    }
    for (int e = 0; e < ready; ++e) {
      const std::uint64_t what = events[static_cast<std::size_t>(e)].data.u64;
      Client& client = clients[what / 2];
      UniqueFd& fd = what % 2 == 0 ? client.hello : client.image;
      if (!fd.valid()) continue;
      const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      if (what % 2 == 0) {
        if (got <= 0) {
          fd.reset();
          ++done;
          if (!client.is_whole) ++wrong;
          continue;
        }
        client.heard.append(buffer.data(), static_cast<std::size_t>(got));
        if (client.asked || client.heard.find("\nformat\nEOM\n") == std::string::npos) continue;
        client.asked = true;
        client.image = connect_from(0x7F010001U + static_cast<std::uint32_t>(what / 2), image_port);
        if (!client.image.valid()) return 1;
        watch(epoll.get(), client.image.get(), what + 1);
        continue;
      }
      if (got > 0) {
        const auto bytes = static_cast<std::size_t>(got);
        if (client.received + bytes > size || std::memcmp(expected + client.received, buffer.data(), bytes) != 0) {
          ++wrong;
        }
        client.received += bytes;
        continue;
      }
      fd.reset();
      client.is_whole = got == 0 && client.received == size;
      if (slowest < 0) {
        std::size_t least = size;
        for (const Client& other : clients) least = std::min(least, other.received);
        slowest = static_cast<double>(least) / static_cast<double>(size);
      }
      constexpr std::string_view kDone = "FINISHED_MOUNTING\nIS_FORMATTED\n";
      if (::send(client.hello.get(), kDone.data(), kDone.size(), MSG_NOSIGNAL) < 0) ++wrong;
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf("clients=%u wrong=%zu seconds=%.2f mb_per_second=%.0f slowest=%.3f\n", clients_wanted, wrong, seconds,
              static_cast<double>(size) * clients_wanted / 1e6 / seconds, slowest);
  return wrong == 0 ? 0 : 1;
}
