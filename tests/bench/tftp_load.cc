// SPDX-License-Identifier: Apache-2.0
// Many TFTP clients in one thread, as light as can be, to measure servers with. Shares no code with piman's own codec.
//   piman_tftp_load ADDRESS PORT FILE SIZE CLIENTS BLKSIZE WINDOW REPEAT_MS LIMIT_S
// Each client reads FILE once; a client that hears nothing for REPEAT_MS repeats its last packet. Byte i of the
// file must be (i * 7 + i / 4096) & 0xFF, which is checked at the begin and the end of each block.
// Prints "ok N failed N seconds S bytes B repeats R cpu C duplicates D".
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "common/text.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Client {
  int socket = -1;
  std::uint64_t blocks = 0, bytes = 0;
  std::uint32_t block_bytes = 512, window = 1, since_ack = 0;
  bool connected = false, done = false, failed = false;
  std::string last_sent;
  Clock::time_point heard_at;
};

std::string server_host, file;
std::uint16_t server_port = 0;
std::uint64_t file_size = 0, repeats = 0, duplicates = 0;
std::uint32_t block_size = 512, window = 1;

std::uint8_t byte_at(std::uint64_t i) { return static_cast<std::uint8_t>(i * 7 + i / 4096); }

void transmit(Client& client) {
  if (client.connected) {
    ::send(client.socket, client.last_sent.data(), client.last_sent.size(), 0);
    return;
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server_port);
  inet_pton(AF_INET, server_host.c_str(), &to.sin_addr);
  ::sendto(client.socket, client.last_sent.data(), client.last_sent.size(), 0, reinterpret_cast<sockaddr*>(&to),
           sizeof to);
}

void request(Client& client) {
  std::string& out = client.last_sent;
  out = std::string("\0\1", 2) + file + '\0' + "octet" + '\0';
  if (block_size != 512) out += std::string("blksize") + '\0' + std::to_string(block_size) + '\0';
  if (window > 1) out += std::string("windowsize") + '\0' + std::to_string(window) + '\0';
  transmit(client);
}

void acknowledge(Client& client) {
  client.since_ack = 0;
  client.last_sent = {'\0', '\4', static_cast<char>(client.blocks >> 8 & 0xFF),
                      static_cast<char>(client.blocks & 0xFF)};
  transmit(client);
}

/// The number behind an option's name in an OACK; 0 without one.
std::uint32_t option(const std::uint8_t* packet, std::size_t length, const char* name) {
  const std::string text(reinterpret_cast<const char*>(packet) + 2, length - 2);
  const std::size_t at = (std::string(1, '\0') + text).find(std::string(1, '\0') + name + '\0');
  if (at == std::string::npos) return 0;
  const std::size_t value = at + std::strlen(name) + 1;
  return static_cast<std::uint32_t>(piman::parse_u64(text.substr(value, text.find('\0', value) - value)).value_or(0));
}

void take_data(Client& client, const std::uint8_t* packet, std::size_t length) {
  const auto number = static_cast<std::uint16_t>(packet[2] << 8 | packet[3]);
  if (number != static_cast<std::uint16_t>(client.blocks + 1)) {
    ++duplicates;
    // The last block once more: its ACK was lost, it is sent again (RFC 1350). A gap in a window is told at once, but
    // once only (RFC 7440).
    const auto ahead = static_cast<std::uint16_t>(number - static_cast<std::uint16_t>(client.blocks));
    if (ahead == 0 || (ahead < 0x8000 && client.since_ack > 0)) acknowledge(client);
    return;
  }
  const std::size_t count = length - 4;
  const std::uint8_t* data = packet + 4;
  if (count > 0 && (data[0] != byte_at(client.bytes) || data[count - 1] != byte_at(client.bytes + count - 1))) {
    client.failed = client.done = true;
    return;
  }
  ++client.blocks;
  client.bytes += count;
  ++client.since_ack;
  client.done = count < client.block_bytes;
  if (client.done) client.failed = client.bytes != file_size;
  if (client.done || client.since_ack == client.window) acknowledge(client);
}

void take(Client& client, const std::uint8_t* packet, std::size_t length, const sockaddr_in& from) {
  if (client.done || length < 4) return;
  if (!client.connected) {
    client.connected = true;
    ::connect(client.socket, reinterpret_cast<const sockaddr*>(&from), sizeof from);
  }
  client.heard_at = Clock::now();
  if (packet[1] == 3) return take_data(client, packet, length);
  if (packet[1] == 6) {
    if (client.blocks > 0) return;
    if (const auto value = option(packet, length, "blksize")) client.block_bytes = value;
    if (const auto value = option(packet, length, "windowsize")) client.window = value;
    return acknowledge(client);
  }
  std::fprintf(stderr, "error from the server: %s\n", std::string(packet + 4, packet + length).c_str());
  client.failed = client.done = true;
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 10) {
    std::fputs("ADDRESS PORT FILE SIZE CLIENTS BLKSIZE WINDOW REPEAT_MS LIMIT_S\n", stderr);
    return 2;
  }
  const auto number = [&](int i) { return piman::parse_u64(arguments[i]).value_or(0); };
  server_host = arguments[1];
  server_port = static_cast<std::uint16_t>(number(2));
  file = arguments[3];
  file_size = number(4);
  std::vector<Client> clients(number(5));
  block_size = static_cast<std::uint32_t>(number(6));
  window = static_cast<std::uint32_t>(number(7));
  const auto patience = std::chrono::milliseconds(number(8));
  const auto begin = Clock::now();
  const auto limit = begin + std::chrono::seconds(number(9));

  const int poll = epoll_create1(0);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    Client& client = clients[i];
    client.socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    const int bytes = 1 << 20;
    ::setsockopt(client.socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, client.socket, &event);
    client.heard_at = begin;
    request(client);
  }
  std::vector<epoll_event> events(256);
  std::vector<std::uint8_t> packet(66'000);
  const auto tick = std::max<std::chrono::milliseconds>(patience / 10, std::chrono::milliseconds(5));
  auto looked_at = begin;
  std::size_t left = clients.size();
  while (left > 0) {
    const int count =
        ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), static_cast<int>(tick.count()));
    for (int i = 0; i < count; ++i) {
      Client& client = clients[events[static_cast<std::size_t>(i)].data.u64];
      // All that a window brought, but only one packet where no more can be there.
      for (std::uint32_t n = 0; n < std::max(1U, client.window); ++n) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t length = client.connected ? ::recv(client.socket, packet.data(), packet.size(), 0)
                                                : ::recvfrom(client.socket, packet.data(), packet.size(), 0,
                                                             reinterpret_cast<sockaddr*>(&from), &size);
        if (length < 0) break;
        const bool was_done = client.done;
        take(client, packet.data(), static_cast<std::size_t>(length), from);
        if (client.done && !was_done) --left;
      }
    }
    const auto now = Clock::now();
    if (now - looked_at < tick) continue;
    looked_at = now;
    if (now > limit) break;
    for (Client& client : clients) {
      if (client.done || now - client.heard_at < patience) continue;
      client.heard_at = now;
      ++repeats;
      // What came of a window so far is acknowledged; else the last packet is repeated.
      if (client.since_ack > 0)
        acknowledge(client);
      else
        transmit(client);
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::uint64_t bytes = 0, ok = 0;
  for (const Client& client : clients) {
    bytes += client.bytes;
    ok += client.done && !client.failed ? 1 : 0;
  }
  std::printf("ok %llu failed %llu seconds %.4f bytes %llu repeats %llu cpu %.3f duplicates %llu\n",
              static_cast<unsigned long long>(ok), static_cast<unsigned long long>(clients.size() - ok), seconds,
              static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(repeats), cpu_seconds(),
              static_cast<unsigned long long>(duplicates));
  return ok == clients.size() ? 0 : 1;
}
