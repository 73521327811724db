// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/dhcp_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pisim/fake_server.h"

namespace piman::pisim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Ipv4Address kServer(0x0A00'0001);
const Ipv4Address kOther(0x0A00'0002);
const Ipv4Address kGiven(0x0A00'0042);

const Stage& stage_of(const std::vector<Model>& models, std::string_view model, std::string_view stage) {
  for (const Model& m : models) {
    for (const Stage& s : m.stages) {
      if (m.name == model && s.name == stage) return s;
    }
  }
  std::abort();
}

std::vector<std::uint8_t> option_codes(const Bytes& message) {
  std::vector<std::uint8_t> codes;
  for (std::size_t at = 240; at < message.size() && message[at] != 255; at += 2U + message[at + 1]) {
    codes.push_back(message[at]);
  }
  return codes;
}

class DhcpClientTest : public ::testing::Test {
 protected:
  DhcpClient& start(std::string_view model, std::string_view stage) {
    client_.emplace(stage_of(models_, model, stage).dhcp, identity_, seconds(1), 7, findings_);
    client_->start(Time(0));
    sent_ = client_->take_outgoing();
    return *client_;
  }
  ReplyFields offer() const {
    ReplyFields fields;
    fields.xid = ByteReader(ByteView(sent_.back()).subspan(4)).u32();
    fields.mac = identity_.mac;
    fields.yiaddr = kGiven;
    fields.options = {{54, ByteWriter().ip(kServer).take()},
                      {51, ByteWriter().u32(3600).take()},
                      {1, ByteWriter().u32(0xFFFF'FF00).take()},
                      {60, to_bytes("PXEClient")},
                      {43, pxe_menu(kBootTextSpaces)}};
    return fields;
  }
  void receive(const ReplyFields& fields, Ipv4Address source = kServer) {
    client_->receive(make_reply(fields), source, Ipv4Address(kBroadcastAddress), milliseconds(1));
  }

  std::vector<Model> models_ = make_models();
  Identity identity_{"a", MacAddress({0xdc, 0xa6, 0x32, 0xb0, 0x23, 0xc3}), 0xe092'00d8, 0x00d0'3114};
  Findings findings_;
  std::optional<DhcpClient> client_;
  std::vector<Bytes> sent_;
};

TEST_F(DhcpClientTest, MaskRomOf3bByteForByte) {
  start("pi3b", "rom");
  const Bytes& message = sent_.at(0);
  EXPECT_EQ(message.size(), 320U);
  EXPECT_EQ(ByteReader(ByteView(message).subspan(4)).u32(), 0x26f30339U);
  EXPECT_EQ(ByteReader(ByteView(message).subspan(8)).u32(), 0U) << "secs and flags";
  EXPECT_THAT(option_codes(message), ::testing::ElementsAre(53, 55, 93, 94, 97, 60));
  const std::vector<std::uint8_t> list(message.begin() + 245, message.begin() + 257);
  EXPECT_THAT(list, ::testing::ElementsAre(43, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135, 66));
  EXPECT_THAT(std::vector<std::uint8_t>(message.begin() + 268, message.begin() + 285),
              ::testing::ElementsAre(0, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44,
                                     0x44, 0x44, 0x44));
  EXPECT_EQ(as_text(ByteView(message).subspan(287, 32)), "PXEClient:Arch:00000:UNDI:002001");
}

TEST(Identity, GuidsOfPublishedCaptures) {
  const Identity pi4{"", MacAddress({0xdc, 0xa6, 0x32, 0xb0, 0x23, 0xc3}), 0xe092'00d8, 0x00d0'3114};
  EXPECT_THAT(pi4.guid(GuidForm::kRPi4), ::testing::ElementsAre(0, 0x52, 0x50, 0x69, 0x34, 0x14, 0x31, 0xd0, 0x00, 0x32,
                                                                0xb0, 0x23, 0xc3, 0xd8, 0x00, 0x92, 0xe0));
  const Identity pi3{"", MacAddress({0xb8, 0x27, 0xeb, 0x6c, 0x4c, 0x16}), 0xb66c'4c16, 0};
  EXPECT_THAT(pi3.guid(GuidForm::kSerialTimes4),
              ::testing::ElementsAre(0, 0x16, 0x4c, 0x6c, 0xb6, 0x16, 0x4c, 0x6c, 0xb6, 0x16, 0x4c, 0x6c, 0xb6, 0x16,
                                     0x4c, 0x6c, 0xb6));
  EXPECT_EQ(pi3.serial_text(), "b66c4c16");
}

TEST_F(DhcpClientTest, OfferIsTheBindingOfOldModels) {
  DhcpClient& client = start("pi3bplus", "rom");
  receive(offer());
  EXPECT_EQ(client.status(), DhcpClient::Status::kDone);
  EXPECT_EQ(client.lease().address, kGiven);
  EXPECT_EQ(client.lease().tftp_server, kServer);
  EXPECT_TRUE(client.take_outgoing().empty());
  EXPECT_FALSE(findings_.has_fault());
}

TEST_F(DhcpClientTest, OnOldModelsTheLastOf43And66WinsAndSiaddrDoesNotCount) {
  for (const bool text_last : {false, true}) {
    DhcpClient& client = start("pi3bplus", "rom");
    ReplyFields fields = offer();
    fields.siaddr = Ipv4Address(0x0A00'0009);
    const auto at = text_last ? fields.options.end() - 1 : fields.options.end();
    fields.options.insert(at, OptionBytes{66, to_bytes("10.0.0.2")});
    receive(fields);
    EXPECT_EQ(client.lease().tftp_server, text_last ? kServer : kOther);
  }
}

TEST_F(DhcpClientTest, EepromTakesOption66ThenSiaddrThenTheSender) {
  ReplyFields fields;
  start("pi4", "eeprom");
  fields = offer();
  receive(fields, kOther);
  EXPECT_EQ(client_->lease().tftp_server, kOther);
  start("pi4", "eeprom");
  fields = offer();
  fields.siaddr = kServer;
  receive(fields, kOther);
  EXPECT_EQ(client_->lease().tftp_server, kServer);
  start("pi4", "eeprom");
  fields = offer();
  fields.siaddr = kServer;
  fields.options.push_back({66, to_bytes("10.0.0.2")});
  receive(fields, kServer);
  EXPECT_EQ(client_->lease().tftp_server, kOther);
}

TEST_F(DhcpClientTest, EepromNeedsClass60WithIts43) {
  start("pi4", "eeprom");
  ReplyFields fields = offer();
  std::erase_if(fields.options, [](const OptionBytes& option) { return option.first == 60; });
  receive(fields);
  EXPECT_EQ(client_->refused(), 1U);
  EXPECT_TRUE(client_->take_outgoing().empty());
}

TEST_F(DhcpClientTest, EepromCombinesAnOfferWithAProxys) {
  start("pi5", "eeprom");
  ReplyFields proxy = offer();
  proxy.yiaddr = Ipv4Address();
  receive(proxy, kOther);
  EXPECT_TRUE(client_->take_outgoing().empty());
  ReplyFields plain = offer();
  plain.options.resize(3);
  receive(plain, kServer);
  const auto request = client_->take_outgoing();
  ASSERT_EQ(request.size(), 1U);
  EXPECT_EQ(request[0][242], kRequest);
  EXPECT_THAT(option_codes(request[0]), ::testing::ElementsAre(53, 54, 50, 55, 93, 94, 97, 60));
  EXPECT_EQ(client_->lease().tftp_server, kOther);
  EXPECT_EQ(client_->lease().address, kGiven);
}

TEST_F(DhcpClientTest, FaultsOfAReplyAreSeen) {
  const auto fault = [&](Finding finding, const std::function<void(ReplyFields&)>& spoil) {
    findings_ = {};
    start("pi4", "eeprom");
    ReplyFields fields = offer();
    spoil(fields);
    receive(fields);
    EXPECT_EQ(findings_.count(finding), 1U) << name_of(finding);
  };
  fault(Finding::kReplyShort, [](ReplyFields& f) { f.padded_to = 0, f.options.resize(3); });
  fault(Finding::kPadBetweenOptions, [](ReplyFields& f) { f.options.insert(f.options.begin(), {0, {}}); });
  fault(Finding::kOptionTwice, [](ReplyFields& f) { f.options.push_back(f.options[0]); });
  fault(Finding::kNoServerId, [](ReplyFields& f) { f.options.erase(f.options.begin()); });
  fault(Finding::kNoLeaseTime, [](ReplyFields& f) { f.options.erase(f.options.begin() + 1); });
  fault(Finding::kNoSubnetMask, [](ReplyFields& f) { f.options.erase(f.options.begin() + 2); });
  fault(Finding::kOption66NotAnAddress, [](ReplyFields& f) {
    f.options.push_back({66, Bytes{'1', '0', '.', '0', '.', '0', '.', '1', 0}});
  });
  fault(Finding::kOption43Malformed, [](ReplyFields& f) { f.options[4].second = to_bytes(kBootText); });
  fault(Finding::kReplyRelayed, [](ReplyFields& f) { f.hops = 1; });
}

TEST_F(DhcpClientTest, PlainClientMustNotSeePxe) {
  start("pi4", "linux");
  receive(offer());
  EXPECT_EQ(findings_.count(Finding::kPxeForPlainClient), 1U);
}

TEST_F(DhcpClientTest, OldFirmwareDropsRelayedRepliesAndPads) {
  start("pi4-2019", "eeprom");
  ReplyFields fields = offer();
  fields.giaddr = kOther;
  receive(fields);
  fields = offer();
  fields.options.insert(fields.options.begin(), {0, {}});
  receive(fields);
  EXPECT_EQ(client_->refused(), 2U);
  receive(offer());
  EXPECT_EQ(client_->take_outgoing().size(), 1U);
}

TEST_F(DhcpClientTest, RepliesForOthersAreLeftAlone) {
  start("pi3bplus", "rom");
  ReplyFields fields = offer();
  fields.mac = MacAddress({1, 2, 3, 4, 5, 6});  // the same xid: all old Pis share it
  receive(fields);
  EXPECT_EQ(client_->status(), DhcpClient::Status::kWorking);
  EXPECT_FALSE(findings_.has_fault());
}

TEST_F(DhcpClientTest, AckMustBeOfTheSameServerAndAddress) {
  start("pi4", "eeprom");
  receive(offer());
  ReplyFields ack = offer();
  ack.type = kAck;
  ack.yiaddr = Ipv4Address(0x0A00'0043);
  receive(ack);
  EXPECT_EQ(findings_.count(Finding::kAckOfOtherAddress), 1U);
  ack.yiaddr = kGiven;
  ack.options[0].second = ByteWriter().ip(kOther).take();
  receive(ack);
  EXPECT_EQ(findings_.count(Finding::kServerIdChanged), 1U);
  EXPECT_EQ(client_->status(), DhcpClient::Status::kWorking);
}

TEST_F(DhcpClientTest, NakBeginsAnew) {
  start("pi4", "eeprom");
  receive(offer());
  static_cast<void>(client_->take_outgoing());
  ReplyFields nak = offer();
  nak.type = kNakType;
  nak.yiaddr = Ipv4Address();
  receive(nak);
  const auto sent = client_->take_outgoing();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0][242], kDiscover);
}

TEST_F(DhcpClientTest, EepromKeepsItsTimeouts) {
  DhcpClient& client = start("pi4", "eeprom");
  std::size_t discovers = 1;
  Time now{};
  while (client.status() == DhcpClient::Status::kWorking && discovers < 100) {
    now = client.wake_at();
    client.wake(now);
    discovers += client.take_outgoing().size();
  }
  EXPECT_EQ(now, seconds(45));
  EXPECT_EQ(discovers, 12U);  // 0, 4, ... 44 s
}

TEST_F(DhcpClientTest, TakesAnyTruncationAndAnyByte) {
  start("pi4", "eeprom");
  const Bytes good = make_reply(offer());
  for (std::size_t size = 0; size < good.size(); ++size) {
    client_->receive(ByteView(good).first(size), kServer, Ipv4Address(kBroadcastAddress), Time(0));
  }
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    start("pi4", "eeprom");
    Bytes bad = make_reply(offer());
    for (int j = 0; j < 4; ++j) bad[random.next() % bad.size()] = static_cast<std::uint8_t>(random.next());
    client_->receive(bad, kServer, Ipv4Address(kBroadcastAddress), Time(0));
  }
}

}  // namespace
}  // namespace piman::pisim
