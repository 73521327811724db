// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "common/text.h"
#include "netboot/tftp/service.h"
#include "tests/support/temp_tree.h"

/// The service on a thread of its own, as it lives in the manager, while one client in lock-step keeps it busy.
namespace piman::netboot::tftp {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr std::size_t kBlockBytes = 512;

class Silent final : public Observer {
 public:
  void on_dhcp(const DhcpEvent&) override {}
  void on_console(const ConsoleLine&) override {}
  void on_transfer(const TransferEvent& event) override {
    if (event.outcome != "started") retransmits += event.retransmits;
  }
  void on_malformed(std::string_view, std::string_view) override {}
  std::atomic<std::uint64_t> retransmits = 0;
};

/// Waits in the kernel for each answer, as firmware and programs do.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{2, 0};
    EXPECT_EQ(::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    peer_.sin_family = AF_INET;
    peer_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer_.sin_port = htons(port);
  }
  void ask_for(const std::string& name) { send("\0\1"s + name + "\0octet\0"s); }
  void ack(std::uint64_t block) {
    send({'\0', '\4', static_cast<char>(block >> 8 & 0xFF), static_cast<char>(block & 0xFF)});
  }
  /// The next packet; "" when none comes.
  std::string receive() {
    char bytes[2048];
    socklen_t size = sizeof peer_;
    const ssize_t length = ::recvfrom(fd_.get(), bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&peer_), &size);
    return length < 0 ? "" : std::string(bytes, static_cast<std::size_t>(length));
  }
  /// Acknowledges block after block, until the file's end or `blocks` of them are there; returns how many bytes came.
  std::size_t read(std::uint64_t blocks = UINT64_MAX) {
    std::size_t bytes = 0;
    for (std::uint64_t block = 1; block <= blocks;) {
      const std::string packet = receive();
      if (packet.size() < 4 || packet[1] != 3) return 0;
      if (static_cast<std::uint8_t>(packet[3]) != (block & 0xFF)) continue;  // once more what we have
      bytes += packet.size() - 4;
      ack(block++);
      if (packet.size() < kBlockBytes + 4) break;
    }
    return bytes;
  }

 private:
  void send(const std::string& bytes) {
    EXPECT_EQ(::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&peer_), sizeof peer_),
              static_cast<ssize_t>(bytes.size()));
  }
  UniqueFd fd_;
  sockaddr_in peer_{};
};

class LoneClient : public testing::Test {
 protected:
  void start() {
    settings_.address = *Ipv4Address::parse("127.0.0.1");
    settings_.port = 0;
    settings_.requests_per_second = settings_.requests_at_once = 1e6;
    auto found = BootFiles::open(tree_.path(), {});
    ASSERT_TRUE(found);
    files_.emplace(*std::move(found));
    const auto find_client = [](Ipv4Address) {
      return std::optional(BootClient{.host = {.mac = {}, .address = {}, .name = "pi7", .group = "", .image = ""}});
    };
    auto started = Service::start(io_, settings_, *files_, find_client, observer_);
    ASSERT_TRUE(started) << started.error().message;
    service_ = *std::move(started);
    port_ = service_->port();
    thread_ = std::jthread([this] { io_.run(); });
  }
  void stop() {
    io_.stop();
    thread_ = {};
  }
  /// Reads the large file again and again, for as long as the result lives.
  std::jthread keep_reading() {
    return std::jthread([this](const std::stop_token& end) {
      while (!end.stop_requested()) {
        Client client(port_);
        client.ask_for("large");
        if (client.read() != kLargeBytes) break;
        ++files_read_;
      }
    });
  }
  void await_a_file() {
    for (int i = 0; i < 1000 && files_read_ == 0; ++i) std::this_thread::sleep_for(10ms);
    ASSERT_GT(files_read_, 0);
  }
  ~LoneClient() override { stop(); }

  static constexpr std::size_t kLargeBytes = 1'000'000;
  test::TempTree tree_{{{"images/default/small", "hello"}, {"images/default/large", std::string(kLargeBytes, 'l')}}};
  Settings settings_;
  asio::io_context io_{1};
  Silent observer_;
  std::optional<BootFiles> files_;
  std::unique_ptr<Service> service_;
  std::uint16_t port_ = 0;
  std::atomic<int> files_read_ = 0;
  std::jthread thread_;
};

TEST_F(LoneClient, GetsTurnsOfItsOwn) {
  start();
  Client client(port_);
  client.ask_for("large");
  EXPECT_EQ(client.read(), kLargeBytes);
  stop();
  EXPECT_GT(service_->lone_turns(), 0U);
  EXPECT_EQ(observer_.retransmits, 0U);
}

TEST_F(LoneClient, GetsNoneWhereTheThreadServesOtherWires) {
  settings_.waits_for_lone_client = false;
  start();
  Client client(port_);
  client.ask_for("large");
  EXPECT_EQ(client.read(), kLargeBytes);
  stop();
  EXPECT_EQ(service_->lone_turns(), 0U);
}

TEST_F(LoneClient, KeepsNobodyElseWaiting) {
  start();
  const std::jthread first = keep_reading();
  await_a_file();
  for (int i = 0; i < 20; ++i) {
    Client second(port_);
    second.ask_for("small");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(second.read(), 5U);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);  // milliseconds, but for what else the machine does
  }
  // Timers and other work of the thread, too.
  std::atomic<bool> is_done = false;
  asio::steady_timer timer(io_, 20ms);
  timer.async_wait([&](const error_code&) { is_done = true; });
  for (int i = 0; i < 1000 && !is_done; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(is_done);
  stop();
  EXPECT_GT(service_->lone_turns(), 0U);
}

TEST_F(LoneClient, DoesNotHoldUpAStop) {
  start();
  std::jthread client = keep_reading();
  await_a_file();
  const auto begin = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  service_.reset();
  client.request_stop();
}

TEST_F(LoneClient, ThatFallsSilentIsSentTheBlockAgain) {
  settings_.policy.first_timeout = 300ms;
  start();
  Client client(port_);
  client.ask_for("large");
  EXPECT_EQ(client.read(500), 500 * kBlockBytes);
  const std::string next = client.receive();
  EXPECT_EQ(client.receive(), next);  // nothing was said: the timer's
  // The service waits for what it must, not for this client: others are served at once.
  Client second(port_);
  second.ask_for("small");
  EXPECT_EQ(second.read(), 5U);
  client.ack(501);
  EXPECT_NE(client.receive(), "");
  stop();
  EXPECT_GT(service_->lone_turns(), 0U);
}

}  // namespace
}  // namespace piman::netboot::tftp
