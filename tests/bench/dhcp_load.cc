// SPDX-License-Identifier: Apache-2.0
// Many DHCP clients behind one relay, in one thread, as light as can be, to measure servers with: where perfdhcp takes
// more CPU than the server, it measures itself. Shares no code with piman's own codec.
//   piman_dhcp_load SERVER RELAY MACS RATE SECONDS
// RELAY is an address of this machine; MACS a file with a hardware address a line, which are used in turn. Begins RATE
// four-way exchanges a second for SECONDS, then waits half a second for the last answers. An answer counts only if its
// xid, its hardware address and its type are what its exchange waits for.
// Prints "discovers N offers N requests N acks N cpu S".
#include <arpa/inet.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Mac = std::array<std::uint8_t, 6>;

constexpr std::size_t kBatch = 64, kHeader = 236, kPacket = 300, kLargest = 1500;
constexpr std::uint8_t kDiscover = 1, kOffer = 2, kRequest = 3, kAck = 5;
constexpr std::uint8_t kCookie[4] = {99, 130, 83, 99};
constexpr auto kTick = std::chrono::microseconds(500);
constexpr auto kLastAnswers = std::chrono::milliseconds(500);

/// RFC 2131 section 2, figure 1.
enum Field : std::size_t {
  kOp = 0,
  kHtype = 1,
  kHlen = 2,
  kHops = 3,
  kXid = 4,
  kYiaddr = 16,
  kGiaddr = 24,
  kChaddr = 28
};

struct Load {
  int socket = -1;
  sockaddr_in server{};
  in_addr relay{};
  std::vector<Mac> macs;
  std::vector<std::uint8_t> waits_for;  ///< by xid: kOffer, kAck, or 0 when it is over
  std::uint64_t discovers = 0, offers = 0, requests = 0, acks = 0;
};

/// Packets on their way out, sent with one call.
struct Outbox {
  std::array<std::array<std::uint8_t, kPacket>, kBatch> packets{};
  std::size_t count = 0;
};

void flush(Load& load, Outbox& outbox) {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> parts{};
  for (std::size_t i = 0; i < outbox.count; ++i) {
    parts[i] = {outbox.packets[i].data(), kPacket};
    messages[i].msg_hdr.msg_name = &load.server;
    messages[i].msg_hdr.msg_namelen = sizeof load.server;
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (std::size_t sent = 0; sent < outbox.count;) {
    const int done = ::sendmmsg(load.socket, messages.data() + sent, static_cast<unsigned>(outbox.count - sent), 0);
    if (done <= 0) break;
    sent += static_cast<std::size_t>(done);
  }
  outbox.count = 0;
}

/// A message of exchange `xid` up to its type; the caller appends further options and the end (255).
std::uint8_t* begin(Load& load, Outbox& outbox, std::uint32_t xid, std::uint8_t type) {
  std::array<std::uint8_t, kPacket>& packet = outbox.packets[outbox.count++];
  packet.fill(0);
  packet[kOp] = packet[kHtype] = packet[kHops] = 1;
  packet[kHlen] = 6;
  const std::uint32_t on_wire = htonl(xid);
  std::memcpy(&packet[kXid], &on_wire, 4);
  std::memcpy(&packet[kGiaddr], &load.relay, 4);
  std::memcpy(&packet[kChaddr], load.macs[xid % load.macs.size()].data(), 6);
  std::memcpy(&packet[kHeader], kCookie, 4);
  std::uint8_t* out = &packet[kHeader + 4];
  *out++ = 53;
  *out++ = 1;
  *out++ = type;
  return out;
}

void discover(Load& load, Outbox& outbox) {
  const auto xid = static_cast<std::uint32_t>(load.discovers++);
  std::uint8_t* out = begin(load, outbox, xid, kDiscover);
  *out = 255;
  load.waits_for.push_back(kOffer);
  if (outbox.count == kBatch) flush(load, outbox);
}

/// The option's value of exactly `length` bytes, or null.
const std::uint8_t* option(const std::uint8_t* packet, std::size_t size, std::uint8_t wanted, std::size_t length) {
  for (std::size_t at = kHeader + 4; at + 1 < size && packet[at] != 255;) {
    if (packet[at] == 0) {
      ++at;
      continue;
    }
    const std::size_t value = at + 2, bytes = packet[at + 1];
    if (value + bytes > size) return nullptr;
    if (packet[at] == wanted) return bytes == length ? packet + value : nullptr;
    at = value + bytes;
  }
  return nullptr;
}

void take(Load& load, Outbox& outbox, const std::uint8_t* packet, std::size_t size) {
  if (size < kHeader + 5 || packet[kOp] != 2 || std::memcmp(packet + kHeader, kCookie, 4) != 0) return;
  std::uint32_t xid = 0;
  std::memcpy(&xid, packet + kXid, 4);
  xid = ntohl(xid);
  if (xid >= load.waits_for.size()) return;
  if (std::memcmp(packet + kChaddr, load.macs[xid % load.macs.size()].data(), 6) != 0) return;
  const std::uint8_t* type = option(packet, size, 53, 1);
  if (!type || *type != load.waits_for[xid]) return;
  if (*type == kAck) {
    load.waits_for[xid] = 0;
    ++load.acks;
    return;
  }
  const std::uint8_t* server = option(packet, size, 54, 4);
  if (!server) return;
  load.waits_for[xid] = kAck;
  ++load.offers;
  ++load.requests;
  std::uint8_t* out = begin(load, outbox, xid, kRequest);
  const auto address = [&out](std::uint8_t code, const std::uint8_t* value) {
    *out++ = code;
    *out++ = 4;
    std::memcpy(out, value, 4);
    out += 4;
  };
  address(50, packet + kYiaddr);
  address(54, server);
  *out = 255;
  if (outbox.count == kBatch) flush(load, outbox);
}

/// Answers until `until`, their requests included.
void listen(Load& load, Outbox& outbox, Clock::time_point until) {
  static std::array<std::array<std::uint8_t, kLargest>, kBatch> buffers;
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> parts{};
  for (std::size_t i = 0; i < kBatch; ++i) {
    parts[i] = {buffers[i].data(), kLargest};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (auto now = Clock::now(); now < until; now = Clock::now()) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - now).count();
    pollfd wanted{load.socket, POLLIN, 0};
    const timespec most{left / 1'000'000'000, left % 1'000'000'000};
    if (::ppoll(&wanted, 1, &most, nullptr) <= 0) continue;
    const int got = ::recvmmsg(load.socket, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < got; ++i) {
      take(load, outbox, buffers[static_cast<std::size_t>(i)].data(), messages[static_cast<std::size_t>(i)].msg_len);
    }
    flush(load, outbox);
  }
}

bool read_macs(const char* path, std::vector<Mac>& macs) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::array<unsigned, 6> bytes{};
    if (std::sscanf(line.c_str(), "%x:%x:%x:%x:%x:%x", &bytes[0], &bytes[1], &bytes[2], &bytes[3], &bytes[4],
                    &bytes[5]) != 6) {
      return false;
    }
    Mac& mac = macs.emplace_back();
    std::transform(bytes.begin(), bytes.end(), mac.begin(),
                   [](unsigned byte) { return static_cast<std::uint8_t>(byte); });
  }
  return !macs.empty();
}

bool open_socket(Load& load) {
  load.socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int bytes = 4 << 20;
  ::setsockopt(load.socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  ::setsockopt(load.socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr = load.relay;
  local.sin_port = htons(67);  // where a relay is answered
  return ::bind(load.socket, reinterpret_cast<sockaddr*>(&local), sizeof local) == 0;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  load.server.sin_family = AF_INET;
  load.server.sin_port = htons(67);
  if (argc != 6 || inet_pton(AF_INET, argv[1], &load.server.sin_addr) != 1 ||
      inet_pton(AF_INET, argv[2], &load.relay) != 1 || !read_macs(argv[3], load.macs)) {
    std::fprintf(stderr, "usage: piman_dhcp_load SERVER RELAY MACS RATE SECONDS\n");
    return 2;
  }
  const double rate = std::atof(argv[4]), seconds = std::atof(argv[5]);
  if (!open_socket(load)) {
    std::perror("bind");
    return 1;
  }
  load.waits_for.reserve(static_cast<std::size_t>(rate * seconds) + kBatch);
  Outbox outbox;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (auto now = start; now < end; now = Clock::now()) {
    const auto due = static_cast<std::uint64_t>(std::chrono::duration<double>(now - start).count() * rate);
    while (load.discovers < due) discover(load, outbox);
    flush(load, outbox);
    listen(load, outbox, std::min(end, now + kTick));
  }
  listen(load, outbox, Clock::now() + kLastAnswers);
  std::printf("discovers %llu offers %llu requests %llu acks %llu cpu %.3f\n",
              static_cast<unsigned long long>(load.discovers), static_cast<unsigned long long>(load.offers),
              static_cast<unsigned long long>(load.requests), static_cast<unsigned long long>(load.acks),
              cpu_seconds());
  return 0;
}
