// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/service.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temp_tree.h"

namespace piman::netboot::tftp {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::TempTree;

class Recorder final : public Observer {
 public:
  void on_dhcp(const DhcpEvent&) override {}
  void on_console(const ConsoleLine&) override {}
  void on_transfer(const TransferEvent& event) override { transfers.push_back(event); }
  void on_malformed(std::string_view, std::string_view reason) override { ++malformed[std::string(reason)]; }

  std::string outcomes() const {
    std::string out;
    for (const TransferEvent& event : transfers) out += concat(event.outcome, ' ');
    return out;
  }
  std::vector<TransferEvent> transfers;
  std::map<std::string, int> malformed;
};

/// A client of the rudest kind: it sends what it is told to, and waits for what comes.
class Socket {
 public:
  explicit Socket(asio::io_context& io) : io_(io), fd_(*open_udp({*Ipv4Address::parse("127.0.0.1"), 0, {}})) {}

  void send(std::uint16_t port, const std::string& bytes, std::uint32_t address = INADDR_LOOPBACK) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(address);
    ASSERT_EQ(::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to),
              static_cast<ssize_t>(bytes.size()));
  }
  /// The next packet, or "" when none comes within `patience`.
  std::string receive(std::chrono::milliseconds patience = 5s) {
    const auto end = std::chrono::steady_clock::now() + patience;
    char bytes[2048];
    do {
      io_.run_for(1ms);
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t length =
          ::recvfrom(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
      if (length >= 0) {
        peer = ntohs(from.sin_port);
        peer_address = ntohl(from.sin_addr.s_addr);
        return {bytes, static_cast<std::size_t>(length)};
      }
    } while (std::chrono::steady_clock::now() < end);
    return "";
  }
  void ack(std::uint64_t block) {
    send(peer, {'\0', '\4', static_cast<char>(block >> 8 & 0xFF), static_cast<char>(block & 0xFF)});
  }
  std::uint16_t peer = 0;
  std::uint32_t peer_address = 0;

 private:
  asio::io_context& io_;
  UniqueFd fd_;
};

class TftpService : public testing::Test {
 protected:
  TftpService() {
    settings.address = *Ipv4Address::parse("127.0.0.1");
    settings.port = 0;
  }
  void start() {
    auto found = BootFiles::open(tree.path(), {});
    ASSERT_TRUE(found);
    files.emplace(*std::move(found));
    auto started = Service::start(
        io, settings, *files, [this](Ipv4Address) { return client; }, recorder);
    ASSERT_TRUE(started) << started.error().message;
    service = *std::move(started);
  }
  static std::string request(const std::string& name, const std::string& rest = "") {
    return "\0\1"s + name + "\0octet\0"s + rest;
  }
  /// Reads all of a file in lock-step; what the OACK said stands in `option_ack`.
  std::string get(const std::string& name, std::size_t block_bytes = 512, const std::string& options = "") {
    Socket socket(io);
    socket.send(service->port(), request(name, options));
    std::string content;
    for (std::uint64_t block = 1;; ++block) {
      std::string packet = socket.receive();
      if (packet.size() > 1 && packet[1] == 6) {
        option_ack = packet.substr(2);
        socket.ack(0);
        packet = socket.receive();
      }
      if (packet.size() < 4 || packet[1] != 3)
        return "<" + packet.substr(std::min<std::size_t>(packet.size(), 3)) + ">";
      EXPECT_NE(socket.peer, service->port());
      content += packet.substr(4);
      socket.ack(block);
      if (packet.size() < block_bytes + 4) break;
    }
    settle();
    return content;
  }
  void settle() {
    for (int i = 0; i < 200 && service->transfers() > 0; ++i) io.run_for(10ms);
  }

  TempTree tree{{{"images/default/small", "hello"},
                 {"images/default/even", std::string(1024, 'e')},
                 {"images/default/empty", ""},
                 {"images/default/big", std::string(200'000, 'b')},
                 {"images/default/text", "a\nb\n"},
                 {"nodes/pi7/cmdline.txt.in", "ip={{address}} m=MASTER s={{serial}}"}}};
  Settings settings;
  std::optional<BootClient> client =
      BootClient{.host = {.mac = {}, .address = {}, .name = "pi7", .group = "", .image = ""}};
  asio::io_context io{1};
  Recorder recorder;
  std::optional<BootFiles> files;
  std::unique_ptr<Service> service;
  std::string option_ack;
};

TEST_F(TftpService, ServesFilesOfAllSizes) {
  start();
  EXPECT_EQ(get("small"), "hello");
  EXPECT_EQ(get("even"), std::string(1024, 'e'));
  EXPECT_EQ(get("empty"), "");
  EXPECT_EQ(get("b66c4c16/big"), std::string(200'000, 'b'));
  EXPECT_EQ(recorder.outcomes(), "started complete started complete started complete started complete ");
  const TransferEvent& last = recorder.transfers.back();
  EXPECT_EQ(last.requested, "b66c4c16/big");
  EXPECT_EQ(last.served, "images/default/big");
  EXPECT_EQ(last.size_bytes, 200'000U);
  EXPECT_EQ(last.sent_bytes, 200'000U);
  EXPECT_EQ(last.blocks, 391U);
  EXPECT_EQ(last.retransmits, 0U);
  EXPECT_EQ(last.id, recorder.transfers[6].id);
  EXPECT_GT(last.duration, 0s);
}

TEST_F(TftpService, AgreesAboutOptions) {
  start();
  EXPECT_EQ(get("big", 1468,
                "tsize\0"
                "0\0blksize\0"
                "1468\0"s),
            std::string(200'000, 'b'));
  EXPECT_EQ(option_ack,
            "tsize\0"
            "200000\0blksize\0"
            "1468\0"s);
  // More than fits a frame is answered with what does.
  EXPECT_EQ(get("big", 1468,
                "blksize\0"
                "9000\0"s),
            std::string(200'000, 'b'));
  EXPECT_EQ(option_ack,
            "blksize\0"
            "1468\0"s);
}

TEST_F(TftpService, TemplatesHaveTheirRenderedSize) {
  start();
  EXPECT_EQ(get("b66c4c16/cmdline.txt", 512,
                "tsize\0"
                "0\0"s),
            "ip=127.0.0.1 m=127.0.0.1 s=b66c4c16");
  EXPECT_EQ(option_ack,
            "tsize\0"
            "35\0"s);
}

TEST_F(TftpService, NetasciiIsConverted) {
  start();
  Socket socket(io);
  socket.send(service->port(),
              "\0\1text\0netascii\0tsize\0"
              "0\0"s);
  EXPECT_EQ(socket.receive(),
            "\0\6tsize\0"
            "6\0"s);
  socket.ack(0);
  EXPECT_EQ(socket.receive(), "\0\3\0\1a\r\nb\r\n"s);
}

TEST_F(TftpService, RefusesWithTheRightCode) {
  start();
  const auto answer = [&](const std::string& packet) {
    Socket socket(io);
    socket.send(service->port(), packet);
    const std::string text = socket.receive();
    return text.substr(0, std::min<std::size_t>(text.size(), 4));
  };
  EXPECT_EQ(answer(request("missing")), "\0\5\0\1"s);
  EXPECT_EQ(answer(request("../../etc/passwd")), "\0\5\0\2"s);
  EXPECT_EQ(answer("\0\2small\0octet\0"s), "\0\5\0\2"s);
  EXPECT_EQ(answer("\0\1small\0mail\0"s), "\0\5\0\4"s);
  client.reset();
  EXPECT_EQ(answer(request("small")), "\0\5\0\2"s);
  EXPECT_EQ(recorder.outcomes(), "not_found bad_name write_refused bad_mode unknown_client ");
}

TEST_F(TftpService, StrangersGetTheDefaultImageWhereThatIsThePolicy) {
  settings.unknown_clients = UnknownClients::kDefaultImage;
  client.reset();
  start();
  EXPECT_EQ(get("small"), "hello");
  EXPECT_EQ(get("cmdline.txt"), "<\1no such file\0>"s);
}

TEST_F(TftpService, WhatIsNoRequestIsCountedAndNotAnswered) {
  start();
  Socket socket(io);
  socket.send(service->port(), "x");
  socket.send(service->port(), "\0\4\0\1"s);
  socket.send(service->port(), "\0\3\0\1data"s);
  EXPECT_EQ(socket.receive(50ms), "");
  EXPECT_EQ(recorder.malformed,
            (std::map<std::string, int>{{"too_short", 1}, {"not_a_request", 1}, {"not_for_servers", 1}}));
  EXPECT_EQ(recorder.outcomes(), "");
}

TEST_F(TftpService, AnswersComeFromTheAddressThatWasAsked) {
  settings.address = Ipv4Address();
  start();
  Socket socket(io);
  socket.send(service->port(), request("cmdline.txt"), 0x7F00'0002);
  EXPECT_EQ(socket.receive(), "\0\3\0\1ip=127.0.0.1 m=127.0.0.2 s="s);
  EXPECT_EQ(socket.peer_address, 0x7F00'0002U);
}

TEST_F(TftpService, WhyAFileIsNotServedIsToldTheOperator) {
  tree.put("images/default/config.txt.in", "{{nonsense}}");
  start();
  EXPECT_EQ(get("config.txt"), "<\0it can't be served\0>"s);
  const TransferEvent& event = recorder.transfers.back();
  EXPECT_EQ(event.outcome, "bad_template");
  EXPECT_EQ(event.served, "images/default/config.txt.in");
  EXPECT_EQ(event.detail, "unknown variable \"nonsense\"");
}

TEST_F(TftpService, AFileThatChangesUnderATransferEndsIt) {
  start();
  Socket socket(io);
  socket.send(service->port(), request("big"));
  EXPECT_NE(socket.receive(), "");
  tree.put("images/default/big", std::string(1000, 'c'));
  for (std::uint64_t block = 1; block < 100; ++block) {
    socket.ack(block);
    if (socket.receive().substr(0, 4) == "\0\5\0\0"s) break;
  }
  settle();
  EXPECT_EQ(recorder.outcomes(), "started unreadable ");
}

TEST_F(TftpService, AnEarlyErrorIsAProbe) {
  start();
  Socket socket(io);
  socket.send(service->port(), request("big",
                                       "tsize\0"
                                       "0\0"s));
  EXPECT_EQ(socket.receive().substr(0, 2), "\0\6"s);
  socket.send(socket.peer, "\0\5\0\0Early terminate\0"s);
  settle();
  EXPECT_EQ(recorder.outcomes(), "started probe ");
}

TEST_F(TftpService, ALostBlockIsSentAgainByTheTimer) {
  settings.policy.first_timeout = 50ms;
  start();
  Socket socket(io);
  socket.send(service->port(), request("small"));
  const std::string first = socket.receive();
  EXPECT_EQ(socket.receive(), first);
  socket.ack(1);
  settle();
  EXPECT_EQ(recorder.outcomes(), "started complete ");
  EXPECT_EQ(recorder.transfers.back().retransmits, 1U);
}

TEST_F(TftpService, ASilentClientIsGivenUp) {
  settings.policy = {.first_timeout = 10ms, .longest_timeout = 20ms, .give_up_after = 0s};
  start();
  Socket socket(io);
  socket.send(service->port(), request("small"));
  EXPECT_NE(socket.receive(), "");
  settle();
  EXPECT_EQ(recorder.outcomes(), "started timed_out ");
}

TEST_F(TftpService, FirmwareGetsNoDuplicateForADuplicatesAndProgramsDo) {
  for (const bool is_firmware : {true, false}) {
    client->hangs_on_duplicates = is_firmware;
    start();
    Socket socket(io);
    socket.send(service->port(), request("big"));
    EXPECT_NE(socket.receive(), "");
    socket.ack(1);
    const std::string second = socket.receive();
    EXPECT_EQ(socket.receive(20ms), "");
    socket.ack(1);
    EXPECT_EQ(socket.receive(100ms), is_firmware ? "" : second);
    socket.send(service->port(), request("big"));  // the client has begun anew: so does the transfer
    EXPECT_EQ(socket.receive().substr(0, 4), "\0\3\0\1"s);
  }
}

TEST_F(TftpService, AWindowIsSentWhole) {
  start();
  Socket socket(io);
  socket.send(service->port(), request("big",
                                       "blksize\0"
                                       "1000\0windowsize\0"
                                       "100\0timeout\0"
                                       "9\0"s));  // on a busy machine the window would be sent again before it is read
  EXPECT_EQ(socket.receive(),
            "\0\6blksize\0"
            "1000\0windowsize\0"
            "64\0timeout\0"
            "9\0"s);
  socket.ack(0);
  for (int block = 1; block <= 64; ++block) {
    const std::string packet = socket.receive();
    ASSERT_EQ(packet.size(), 1004U);
    ASSERT_EQ(packet[3], block);
  }
  EXPECT_EQ(socket.receive(20ms), "");
  socket.ack(30);  // the rest was lost
  EXPECT_EQ(socket.receive()[3], 31);
}

TEST_F(TftpService, LimitsAreKept) {
  settings.max_transfers = 5;
  settings.max_transfers_of_a_client = 3;
  settings.requests_per_second = 0;
  settings.requests_at_once = 8;
  start();
  std::vector<std::unique_ptr<Socket>> sockets;
  for (int i = 0; i < 10; ++i) {
    sockets.push_back(std::make_unique<Socket>(io));
    sockets.back()->send(service->port(), request("small"));
    io.run_for(2ms);
  }
  io.run_for(20ms);
  EXPECT_EQ(service->transfers(), 3U);
  EXPECT_EQ(recorder.malformed["rate_limited"], 2);
  std::map<std::string_view, int> outcomes;
  for (const TransferEvent& event : recorder.transfers) ++outcomes[event.outcome];
  EXPECT_EQ(outcomes["started"], 8);
  EXPECT_EQ(outcomes["crowded_out"], 5);
  EXPECT_EQ(sockets.front()->receive().substr(0, 2), "\0\3"s);
}

TEST_F(TftpService, StopsInTheMiddle) {
  start();
  Socket socket(io);
  socket.send(service->port(), request("big"));
  EXPECT_NE(socket.receive(), "");
  service.reset();
  io.run_for(10ms);
  EXPECT_EQ(recorder.outcomes(), "started stopped ");
}

TEST_F(TftpService, APortThatIsTakenIsAnError) {
  start();
  settings.port = service->port();
  const auto second = Service::start(
      io, settings, *files, [](Ipv4Address) { return std::nullopt; }, recorder);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, concat("listening on UDP 127.0.0.1:", settings.port, ": Address already in use"));
}

TEST(RequestRate, ABurstThenARate) {
  RequestRate rate(10, 3);
  SteadyTime now{};
  const Ipv4Address a(1), b(2);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rate.allow(a, now));
  EXPECT_FALSE(rate.allow(a, now));
  EXPECT_TRUE(rate.allow(b, now));
  EXPECT_FALSE(rate.allow(a, now += 99ms));
  EXPECT_TRUE(rate.allow(a, now += 2ms));
  EXPECT_FALSE(rate.allow(a, now));
}

TEST(RequestRate, ForgedAddressesTakeNoMemory) {
  RequestRate rate(10, 3);
  SteadyTime now = SteadyTime{} + 1h;
  int allowed = 0;
  for (std::uint32_t i = 1; i < 100'000; ++i) allowed += rate.allow(Ipv4Address(i), now) ? 1 : 0;
  EXPECT_LE(rate.clients(), RequestRate::kMaxClients + 1);
  EXPECT_EQ(allowed, static_cast<int>(RequestRate::kMaxClients) + 3);
  EXPECT_TRUE(rate.allow(Ipv4Address(1), now));
  EXPECT_TRUE(rate.allow(Ipv4Address(200'000), now += 2s));  // the quiet ones are forgotten
  EXPECT_LE(rate.clients(), 2U);
}

}  // namespace
}  // namespace piman::netboot::tftp
