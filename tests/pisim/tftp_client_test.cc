// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/tftp_client.h"

#include <gtest/gtest.h>

#include <optional>

namespace piman::pisim {
namespace {

using std::chrono::seconds;

class Collected : public FileSink {
 public:
  void take(ByteView block) override { content += as_text(block); }
  std::string content;
};

class TftpClientTest : public ::testing::Test {
 protected:
  TftpClientTest() {
    traits_.tsize = true;
    traits_.blksize = 1024;
    traits_.request_resend = seconds(2);
    traits_.file_timeout = seconds(30);
  }
  TftpClient& start(bool probe = false) {
    client_.emplace(traits_, "a/b.txt", probe, port_, sink_, findings_);
    client_->start(Time(0));
    return *client_;
  }
  /// The text of all that was sent since, one datagram after the other.
  std::string sent() {
    std::string text;
    for (const auto& datagram : client_->take_outgoing()) text += as_text(datagram.payload);
    return text;
  }
  void data(std::uint16_t block, std::size_t size, std::uint16_t from = 3000) {
    client_->receive(ByteWriter().u16(3).u16(block).text(std::string(size, 'x')).take(), from, seconds(1));
  }
  void oack(std::string_view options) { client_->receive(ByteWriter().u16(6).text(options).take(), 3000, seconds(1)); }
  static std::string ack(std::uint16_t block) { return std::string(as_text(ByteWriter().u16(4).u16(block).take())); }

  TftpTraits traits_;
  std::uint16_t port_ = 49152;
  Collected sink_;
  Findings findings_;
  std::optional<TftpClient> client_;
};

using namespace std::string_view_literals;

TEST_F(TftpClientTest, AsksAsTheBootloaderDoes) {
  start();
  EXPECT_EQ(sent(),
            "\0\1a/b.txt\0octet\0tsize\0"
            "0\0blksize\0"
            "1024\0"sv);
  EXPECT_EQ(client_->port(), 49152);
  traits_.tsize = false;
  traits_.blksize = 0;
  start();
  EXPECT_EQ(sent(), "\0\1a/b.txt\0octet\0"sv);
  EXPECT_EQ(client_->port(), 49153);
}

TEST_F(TftpClientTest, ReadsAFileInBlocks) {
  start();
  sent();
  oack(
      "tsize\0"
      "1030\0blksize\0"
      "1024\0"sv);
  EXPECT_EQ(sent(), ack(0));
  data(1, 1024);
  EXPECT_EQ(sent(), ack(1));
  data(2, 6);
  EXPECT_EQ(sent(), ack(2));
  EXPECT_EQ(client_->status(), TftpClient::Status::kComplete);
  EXPECT_EQ(sink_.content.size(), 1030U);
  EXPECT_FALSE(findings_.has_fault());
}

TEST_F(TftpClientTest, AServerWithoutOptionsIsFine) {
  start();
  data(1, 512);
  data(2, 0);
  EXPECT_EQ(client_->status(), TftpClient::Status::kComplete);
  EXPECT_FALSE(findings_.has_fault());
}

TEST_F(TftpClientTest, FaultsOfAnOackAreSeen) {
  start();
  oack(
      "tsize\0"
      "5\0blksize\0"
      "1468\0windowsize\0"
      "4\0"sv);
  EXPECT_EQ(findings_.count(Finding::kBlksizeTooLarge), 1U);
  EXPECT_EQ(findings_.count(Finding::kOptionNotAsked), 1U);
  data(1, 4);
  EXPECT_EQ(findings_.count(Finding::kTsizeWrong), 1U);
}

TEST_F(TftpClientTest, AStrangersPacketIsAnsweredByErrorFive) {
  start();
  oack(
      "tsize\0"
      "3\0"sv);
  sent();
  data(1, 3, 3001);
  EXPECT_EQ(sent().substr(0, 4), "\0\5\0\5"sv);
  EXPECT_EQ(findings_.count(Finding::kForeignTid), 1U);
  EXPECT_EQ(client_->status(), TftpClient::Status::kWorking);
  data(1, 3);
  EXPECT_EQ(client_->status(), TftpClient::Status::kComplete);
}

TEST_F(TftpClientTest, ACopyIsAcknowledgedAgainAndABlockTooEarlyIsAFault) {
  start();
  data(1, 512);
  sent();
  data(1, 512);
  EXPECT_EQ(sent(), ack(1));
  EXPECT_EQ(findings_.count(Finding::kDuplicateData), 1U);
  EXPECT_FALSE(findings_.has_fault());
  data(3, 512);
  EXPECT_EQ(sent(), "");
  EXPECT_EQ(findings_.count(Finding::kBeyondWindow), 1U);
  data(2, 513);
  EXPECT_EQ(findings_.count(Finding::kBlockTooLong), 1U);
}

TEST_F(TftpClientTest, OldFirmwareHangsOnACopy) {
  traits_.hangs_on_duplicate = true;
  start();
  data(1, 512);
  sent();
  data(1, 512);
  EXPECT_EQ(sent(), ack(2));
  EXPECT_EQ(client_->status(), TftpClient::Status::kHung);
  EXPECT_EQ(client_->wake_at(), kNever);
}

TEST_F(TftpClientTest, BlockNumbersGoOnAtZero) {
  for (const bool wraps : {true, false}) {
    traits_.wraps = wraps;
    start();
    for (std::uint32_t block = 1; block <= 65'536; ++block) data(static_cast<std::uint16_t>(block & 0xFFFF), 512);
    EXPECT_EQ(client_->status(), wraps ? TftpClient::Status::kWorking : TftpClient::Status::kHung);
    if (!wraps) continue;
    data(1, 100);
    EXPECT_EQ(client_->status(), TftpClient::Status::kComplete);
    EXPECT_EQ(client_->size_bytes(), 65'536U * 512 + 100);
  }
  EXPECT_FALSE(findings_.has_fault());
}

TEST_F(TftpClientTest, AProbeEndsAtTheFirstAnswer) {
  start(true);
  sent();
  oack(
      "tsize\0"
      "9\0"sv);
  EXPECT_EQ(sent(), "\0\5\0\0Early terminate\0"sv);
  EXPECT_EQ(client_->status(), TftpClient::Status::kPresent);
}

TEST_F(TftpClientTest, MissingIsErrorOne) {
  start();
  client_->receive(ByteWriter().u16(5).u16(1).u8(0).take(), 3000, seconds(1));
  EXPECT_EQ(client_->status(), TftpClient::Status::kMissing);
  EXPECT_FALSE(findings_.has_fault());
  start();
  client_->receive(ByteWriter().u16(5).u16(2).u8(0).take(), 3000, seconds(1));
  EXPECT_EQ(findings_.count(Finding::kErrorNotOne), 1U);
}

TEST_F(TftpClientTest, AsksAgainAndGivesUp) {
  traits_.request_tries = 3;
  traits_.new_port_on_resend = true;
  start();
  const std::uint16_t first = client_->port();
  int requests = 1;
  Time now{};
  while (client_->status() == TftpClient::Status::kWorking && requests < 50) {
    client_->take_outgoing();
    now = client_->wake_at();
    client_->wake(now);
    requests += static_cast<int>(client_->take_outgoing().size());
  }
  EXPECT_EQ(requests, 3);
  EXPECT_EQ(client_->port(), first + 2);
  EXPECT_EQ(now, seconds(30));
  EXPECT_EQ(client_->status(), TftpClient::Status::kTimeout);
}

TEST_F(TftpClientTest, SilenceCountsFromTheLastPacket) {
  traits_.file_timeout = Time(0);
  traits_.silence_timeout = seconds(20);
  start();
  data(1, 512);
  EXPECT_EQ(client_->wake_at(), seconds(21));
}

TEST_F(TftpClientTest, TakesAnyBytes) {
  Random random(5);
  for (int i = 0; i < 20'000; ++i) {
    start(i % 4 == 0);
    for (int packet = 0; packet < 4; ++packet) {
      ByteWriter out;
      out.u16(static_cast<std::uint16_t>(random.next() % 8));
      for (std::uint64_t n = random.next() % 20; n > 0; --n) out.u8(static_cast<std::uint8_t>(random.next() % 4));
      client_->receive(out.take(), 3000, Time(packet));
    }
  }
}

}  // namespace
}  // namespace piman::pisim
