// SPDX-License-Identifier: Apache-2.0
#include "netboot/console_service.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::netboot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class Recorder final : public Observer {
 public:
  void on_dhcp(const DhcpEvent&) override { ADD_FAILURE(); }
  void on_transfer(const TransferEvent&) override { ADD_FAILURE(); }
  void on_console(const ConsoleLine& line) override {
    lines.push_back(concat(line.client.to_string(), ": ", line.text));
  }
  void on_malformed(std::string_view protocol, std::string_view reason) override {
    ++drops[concat(protocol, ' ', reason)];
  }

  std::vector<std::string> lines;
  std::map<std::string, int> drops;
};

/// A bootloader that sends from one of this machine's loopback addresses.
class Sender {
 public:
  explicit Sender(const char* address) : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    ::sockaddr_in self{};
    self.sin_family = AF_INET;
    ::inet_pton(AF_INET, address, &self.sin_addr);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<::sockaddr*>(&self), sizeof self), 0);
  }
  void send(std::uint16_t port, std::string_view bytes) const {
    ::sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<::sockaddr*>(&to), sizeof to),
              static_cast<::ssize_t>(bytes.size()));
  }

 private:
  UniqueFd fd_;
};

class ConsoleServiceTest : public testing::Test {
 protected:
  void start() {
    settings_.address = *Ipv4Address::parse("127.0.0.1");
    settings_.port = 0;
    auto started = ConsoleService::start(io_, settings_, observer_);
    ASSERT_TRUE(started) << started.error().message;
    service_ = std::move(*started);
  }
  /// Runs the loop until `done`, for at most five seconds.
  bool run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(5);
    while (!done() && std::chrono::steady_clock::now() < deadline) io_.run_for(milliseconds(10));
    return done();
  }

  asio::io_context io_;
  Recorder observer_;
  ConsoleSettings settings_;
  std::unique_ptr<ConsoleService> service_;
};

TEST_F(ConsoleServiceTest, LinesComeWithWhoSaidThem) {
  start();
  const Sender one("127.0.0.1"), two("127.0.0.2");
  one.send(service_->port(), "RPi: BOOTLOADER release\r\nBoot mode: NET");
  two.send(service_->port(), "other\n");
  one.send(service_->port(), "WORK (02)\r\n");
  ASSERT_TRUE(run_until([this] { return observer_.lines.size() == 3; }));
  EXPECT_THAT(observer_.lines, ElementsAre("127.0.0.1: RPi: BOOTLOADER release", "127.0.0.2: other",
                                           "127.0.0.1: Boot mode: NETWORK (02)"));
}

TEST_F(ConsoleServiceTest, AnUnfinishedLineComesByTheTimer) {
  settings_.limits.unfinished_line = milliseconds(50);
  start();
  const Sender one("127.0.0.1");
  one.send(service_->port(), "whole\n");
  ASSERT_TRUE(run_until([this] { return observer_.lines.size() == 1; }));
  one.send(service_->port(), "stuck at");  // the timer stands at a minute by now, for forgetting
  ASSERT_TRUE(run_until([this] { return observer_.lines.size() == 2; }));
  EXPECT_EQ(observer_.lines[1], "127.0.0.1: stuck at");
}

TEST_F(ConsoleServiceTest, EmptyAndOversizedDatagrams) {
  start();
  const Sender one("127.0.0.1");
  one.send(service_->port(), "");
  one.send(service_->port(), std::string(60'000, 'x'));
  one.send(service_->port(), "\nstill here\n");
  ASSERT_TRUE(run_until([this] { return !observer_.lines.empty() && observer_.lines.back().ends_with("still here"); }));
  EXPECT_LE(observer_.lines.size(), 11U);
}

TEST_F(ConsoleServiceTest, AFloodIsCountedAndNotPassedOn) {
  settings_.limits.lines_at_once = 10;
  settings_.limits.lines_per_second = 0;
  start();
  const Sender one("127.0.0.1");
  for (int i = 0; i < 100; ++i) one.send(service_->port(), "again\n");
  ASSERT_TRUE(run_until([this] { return observer_.drops["console too_fast"] == 90; }));
  EXPECT_EQ(observer_.lines.size(), 10U);
}

TEST_F(ConsoleServiceTest, GoesWhileTheLoopStillHoldsItsHandlers) {
  start();
  const Sender one("127.0.0.1");
  const std::uint16_t port = service_->port();
  one.send(port, "first\nhalf");
  ASSERT_TRUE(run_until([this] { return observer_.lines.size() == 1; }));  // and so the timer runs
  one.send(port, "more\n");
  service_.reset();
  io_.restart();
  io_.run_for(milliseconds(50));
  EXPECT_THAT(observer_.lines, testing::Not(testing::Contains(HasSubstr("more"))));
}

TEST_F(ConsoleServiceTest, ATakenPortIsAnErrorThatNamesIt) {
  start();
  ConsoleSettings second = settings_;
  second.port = service_->port();
  const auto result = ConsoleService::start(io_, second, observer_);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr(concat("127.0.0.1:", second.port)));
  EXPECT_THAT(result.error().message, HasSubstr("in use"));
}

}  // namespace
}  // namespace piman::netboot
