// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/responder.h"

#include <gmock/gmock.h>

#include "tests/netboot/dhcp/responder_fixture.h"

namespace piman::netboot::dhcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAreArray;
using Kind = ReplyRoute::Kind;
using Port = ReplyRoute::Port;

constexpr std::string_view kPiOption43 = "0601030a04005058450917000014526173706265727279205069 20426f6f74202020ff";

class Serving : public ResponderTest {
 protected:
  void use_pool() {
    ResponderConfig config = sample_config();
    config.unknown = UnknownPolicy::kPool;
    make(config);
  }
};

TEST_F(Serving, ThePi3bGetsWhatItsRomNeedsBoundAtTheOffer) {
  send(pi3b_discover());
  ASSERT_EQ(decision.sent, MessageType::kOffer);
  EXPECT_EQ(reply.yiaddr, ip("10.0.0.11"));
  EXPECT_EQ(reply.siaddr, ip("10.0.0.1"));
  EXPECT_EQ(reply.options.find_text(option::kVendorClass), "PXEClient");
  EXPECT_THAT(*reply.options.find(option::kVendorSpecific), ElementsAreArray(from_hex(kPiOption43)));
  EXPECT_EQ(as_text(*reply.options.find(option::kTftpServerName)), "10.0.0.1");  // no NUL
  EXPECT_EQ(reply.options.find_address(option::kRouters), ip("10.0.0.254"));     // though it never asks
  EXPECT_EQ(reply.options.find_address(option::kSubnetMask), ip("255.255.255.0"));
  EXPECT_EQ(reply.options.find(option::kClientMachineId)->size(), 17U);
  EXPECT_EQ(decision.route, (ReplyRoute{Kind::kFrame, ip("10.0.0.11"), mac("b8:27:eb:12:34:56"), Port::kClient}));
  EXPECT_EQ(decision.timing.first, milliseconds(100));
  EXPECT_EQ(decision.timing.nudge, milliseconds(600));
  EXPECT_EQ(decision.timing.again, milliseconds(1200));
  ASSERT_TRUE(decision.change);
  EXPECT_EQ(decision.change->kind, LeaseChange::Kind::kPut);
  EXPECT_EQ(decision.change->lease.state, LeaseState::kBound);
  EXPECT_EQ(decision.change->lease.address, ip("10.0.0.11"));
}

TEST_F(Serving, OldPisShareOneXidAndKeepTheirOwnAddresses) {
  EXPECT_EQ(send(pi3b_discover()).address, ip("10.0.0.11"));
  EXPECT_EQ(send(pi3_discover()).address, ip("10.0.0.12"));
  EXPECT_TRUE(decision.change);
  EXPECT_EQ(decision.timing.first, milliseconds(0));
  EXPECT_FALSE(decision.timing.nudge);
  EXPECT_EQ(decision.client.serial, 0xb66c4c16);
}

TEST_F(Serving, Pi4DoesAllFourStepsThoughItsRequestHasNoClass) {
  send(pi4_discover(7));
  ASSERT_EQ(decision.sent, MessageType::kOffer);
  EXPECT_FALSE(decision.change) << "an offer to one that sends a REQUEST is not stored";
  EXPECT_LT(reply.options.size(), 20U);
  send(pi4_request(7, "0a00000d", "0a000001"));
  ASSERT_EQ(decision.sent, MessageType::kAck);
  EXPECT_EQ(reply.yiaddr, ip("10.0.0.13"));
  EXPECT_TRUE(reply.options.has(option::kVendorSpecific));
  EXPECT_EQ(reply.options.find_text(option::kHostname), "four");
  ASSERT_TRUE(decision.change);
  EXPECT_EQ(decision.change->lease.expires, std::chrono::ceil<seconds>(now.wall + std::chrono::hours(12)));
}

TEST_F(Serving, ARequestWithoutAnyIdIsRememberedByItsTransaction) {
  send(pi4_discover(7));
  Wire bare = message(kFour, "350103 32040a00000d 36040a000001");
  bare[4] = bare[5] = bare[6] = 0;
  bare[7] = 7;
  send(bare);
  EXPECT_EQ(decision.client.model, ClientModel::kPi4);
  EXPECT_TRUE(reply.options.has(option::kVendorSpecific));
  bare[7] = 8;  // another transaction: the system that has booted since
  send(bare);
  EXPECT_NE(decision.client.model, ClientModel::kPi4);
  EXPECT_FALSE(reply.options.has(option::kVendorSpecific));
}

TEST_F(Serving, Option43ComesBeforeOption66) {
  send(pi3_discover());
  std::size_t at43 = 0, at66 = 0;
  for (std::size_t i = 0; i < reply.options.size(); ++i) {
    if (reply.options.at(i).code == option::kVendorSpecific) at43 = i;
    if (reply.options.at(i).code == option::kTftpServerName) at66 = i;
  }
  EXPECT_LT(at43, at66);
}

TEST_F(Serving, APcsRomGetsNoPisReply) {
  use_pool();
  send(bios_discover());
  ASSERT_EQ(decision.sent, MessageType::kOffer);
  EXPECT_FALSE(reply.options.has(option::kVendorSpecific));
  EXPECT_FALSE(reply.options.has(option::kVendorClass));
  EXPECT_EQ(reply.options.find_text(option::kBootFile), "undionly.kpxe");
  EXPECT_EQ(reply.file, "undionly.kpxe");
  EXPECT_EQ(decision.route.kind, Kind::kBroadcast);  // as its flag asks
  EXPECT_FALSE(decision.change);
}

TEST_F(Serving, ThroughARelay) {
  Wire wire = pi5_discover("0a010001");
  wire.pop_back();
  wire = wire + from_hex("5206 0104 deadbeef ff");
  send(wire);
  ASSERT_EQ(decision.sent, MessageType::kOffer);
  EXPECT_EQ(reply.yiaddr, ip("10.1.0.14"));
  EXPECT_EQ(reply.giaddr, ip("10.1.0.1"));
  EXPECT_EQ(reply.options.find_address(option::kRouters), ip("10.1.0.1"));
  EXPECT_EQ(decision.route, (ReplyRoute{Kind::kUnicast, ip("10.1.0.1"), {}, Port::kServer}));
  EXPECT_THAT(*reply.options.find(option::kRelayAgent), ElementsAreArray(from_hex("0104deadbeef")));
  EXPECT_EQ(reply.options.at(reply.options.size() - 1).code, option::kRelayAgent);
}

TEST_F(Serving, TheRelaysLinkSelectionCountsMoreThanItsAddress) {
  Wire wire = pi5_discover("0a000007");
  wire.pop_back();
  send(wire + from_hex("5206 0504 0a010000 ff"));
  EXPECT_EQ(decision.address, ip("10.1.0.14"));
  send(pi5_discover("c0a80001"));
  EXPECT_EQ(decision.drop, Drop::kNoSubnet);
}

TEST_F(Serving, SubnetSelectionIsHonouredAndEchoed) {
  Wire wire = pi5_discover("00000000");
  wire.pop_back();
  send(wire + from_hex("7604 0a010000 ff"));
  EXPECT_EQ(decision.address, ip("10.1.0.14"));
  EXPECT_EQ(reply.options.find_address(option::kSubnetSelection), ip("10.1.0.0"));
}

TEST_F(Serving, ANodeOnTheWrongWireIsTold) {
  send(pi5_discover("00000000"));
  EXPECT_EQ(decision.drop, Drop::kReservationElsewhere);
}

TEST_F(Serving, UnknownClientsByPolicy) {
  EXPECT_EQ(send(linux_discover(kStranger)).drop, Drop::kUnknownPending);
  ResponderConfig config = sample_config();
  config.unknown = UnknownPolicy::kIgnore;
  make(config);
  EXPECT_EQ(send(linux_discover(kStranger)).drop, Drop::kUnknownIgnored);
  use_pool();
  EXPECT_EQ(send(linux_discover(kStranger)).address, ip("10.0.0.100"));
  EXPECT_EQ(decision.sent, MessageType::kOffer);
}

TEST_F(Serving, ThePoolGivesEachItsOwnAndThenNothing) {
  use_pool();
  for (int i = 0; i < 10; ++i) {
    const std::string chaddr = std::string("02:00:00:00:01:0") + static_cast<char>('0' + i);
    EXPECT_EQ(send(linux_discover(chaddr)).address, Ipv4Address(ip("10.0.0.100").value() + static_cast<unsigned>(i)));
  }
  EXPECT_EQ(send(linux_discover(kStranger)).drop, Drop::kPoolEmpty);
  pass(seconds(61));  // nobody took their offer
  EXPECT_EQ(send(linux_discover(kStranger)).sent, MessageType::kOffer);
  EXPECT_EQ(decision.address, ip("10.0.0.100"));
}

TEST_F(Serving, AClientGetsItsOldAddressOrTheOneItWants) {
  use_pool();
  send(message(kStranger, "350101 32040a000069"));
  EXPECT_EQ(decision.address, ip("10.0.0.105"));
  send(message(kStranger, "350103 32040a000069 36040a000001"));
  ASSERT_EQ(decision.sent, MessageType::kAck);
  pass(std::chrono::hours(13));
  send(message("02:00:00:00:00:98", "350101 32040a00000d"));  // a reserved one: not to be had
  EXPECT_EQ(decision.address, ip("10.0.0.100"));
  EXPECT_EQ(send(linux_discover(kStranger)).address, ip("10.0.0.105"));
}

TEST_F(Serving, AnInterfaceThatGotAnotherAddressIsStillThisServer) {
  const Arrival arrival{ip("10.0.0.7"), Ipv4Address(), false};
  // DISCOVER, and the REQUEST that names who offered.
  send(message(kFour, "350101"), arrival);
  EXPECT_EQ(decision.sent, MessageType::kOffer);
  EXPECT_EQ(reply.options.find_address(option::kServerId), ip("10.0.0.7"));
  send(message(kFour, "350103 32040a00000d 36040a000007"), arrival);
  EXPECT_EQ(decision.sent, MessageType::kAck);
  send(message(kFour, "350103 32040a00000d 36040a000008"), arrival);
  EXPECT_EQ(decision.drop, Drop::kOtherServer);
}

TEST_F(Serving, TheClientThatChoseAnotherServerLeavesItsOffer) {
  use_pool();
  send(message(kStranger, "350101"));
  send(message(kStranger, "350103 32040a090909 36040a000002"));
  EXPECT_EQ(decision.drop, Drop::kOtherServer);
  EXPECT_EQ(decision.other_server, ip("10.0.0.2"));
  EXPECT_FALSE(responder->table().find(ip("10.0.0.100"))->held);
}

// RFC 2131 section 4.3.2, table 4 and the text around it.
TEST_F(Serving, SelectingWhatIsNotTheirsIsRefused) {
  send(message(kFour, "350103 32040a00000b 36040a000001"));
  ASSERT_EQ(decision.sent, MessageType::kNak);
  EXPECT_EQ(decision.route.kind, Kind::kBroadcast);
  EXPECT_EQ(reply.yiaddr, Ipv4Address());
  EXPECT_FALSE(decision.change);
  send(message(kFour, "350103 36040a000001"));
  EXPECT_EQ(decision.drop, Drop::kNoAddress);
}

TEST_F(Serving, InitReboot) {
  send(message(kFour, "350103 32040a00000d"));
  EXPECT_EQ(decision.sent, MessageType::kAck);
  send(message(kFour, "350103 32040a000042"));
  EXPECT_EQ(decision.sent, MessageType::kNak);
  EXPECT_EQ(reply.options.find_text(option::kMessage), "not your address");
  send(message(kFour, "350103 3204c0a80105"));
  EXPECT_EQ(decision.sent, MessageType::kNak);
  EXPECT_EQ(reply.options.find_text(option::kMessage), "wrong network");
  send(message(kStranger, "350103 32040a000042"));
  EXPECT_EQ(decision.drop, Drop::kUnknownPending);  // silence: maybe another server's
}

TEST_F(Serving, InitRebootThroughARelayIsRefusedThroughIt) {
  Wire wire = message(kFour, "350103 3204c0a80105");
  wire[24] = 10;
  wire[27] = 254;
  send(wire);
  ASSERT_EQ(decision.sent, MessageType::kNak);
  EXPECT_EQ(decision.route, (ReplyRoute{Kind::kUnicast, ip("10.0.0.254"), {}, Port::kServer}));
  EXPECT_EQ(reply.flags & kBroadcastFlag, kBroadcastFlag);
}

TEST_F(Serving, WhoIsNotAuthoritativeKeepsSilentAboutStrangers) {
  ResponderConfig config = sample_config();
  config.unknown = UnknownPolicy::kPool;
  config.authoritative = false;
  make(config);
  EXPECT_EQ(send(message(kStranger, "350103 3204c0a80105")).drop, Drop::kNoRecord);
  EXPECT_EQ(send(message(kStranger, "350103 32040a000064")).drop, Drop::kNoRecord);
  use_pool();
  EXPECT_EQ(send(message(kStranger, "350103 3204c0a80105")).sent, MessageType::kNak);
  EXPECT_EQ(send(message(kStranger, "350103 32040a000064")).sent, MessageType::kAck);
}

TEST_F(Serving, RenewingGoesStraightBack) {
  send(message(kFour, "350103", "0a00000d"), {ip("10.0.0.1"), ip("10.0.0.13"), false});
  ASSERT_EQ(decision.sent, MessageType::kAck);
  EXPECT_EQ(decision.route, (ReplyRoute{Kind::kUnicast, ip("10.0.0.13"), {}, Port::kClient}));
  EXPECT_EQ(reply.ciaddr, ip("10.0.0.13"));
  ASSERT_TRUE(decision.change);
  send(message(kFour, "350103", "0a000064"));
  EXPECT_EQ(decision.sent, MessageType::kNak) << "the inventory has another address for it now";
}

TEST_F(Serving, ReleaseFreesAndIsStored) {
  use_pool();
  send(message(kStranger, "350103 32040a000064 36040a000001"));
  ASSERT_EQ(decision.sent, MessageType::kAck);
  send(message("02:00:00:00:00:98", "350107 36040a000001", "0a000064"));
  EXPECT_EQ(decision.drop, Drop::kNotHeld) << "only its holder";
  send(message(kStranger, "350107 36040a000001", "0a000064"));
  EXPECT_EQ(decision.drop, Drop::kReleased);
  ASSERT_TRUE(decision.change);
  EXPECT_EQ(decision.change->lease.state, LeaseState::kReleased);
  EXPECT_TRUE(responder->table().pool_with(ip("10.0.0.100"))->is_free(ip("10.0.0.100")));
}

TEST_F(Serving, ADeclinedAddressIsGivenToNobodyForAWhile) {
  use_pool();
  send(message(kStranger, "350103 32040a000064 36040a000001"));
  send(message(kStranger, "350104 32040a000064 36040a000001"));
  EXPECT_EQ(decision.drop, Drop::kDeclined);
  ASSERT_TRUE(decision.change);
  EXPECT_EQ(decision.change->lease.state, LeaseState::kDeclined);
  EXPECT_EQ(send(message(kStranger, "350101 32040a000064")).address, ip("10.0.0.101"));
  pass(std::chrono::hours(1) + seconds(1));
  EXPECT_EQ(send(message("02:00:00:00:00:97", "350101 32040a000064")).address, ip("10.0.0.100"));
}

TEST_F(Serving, ADeclinedReservationComesBackSoon) {
  send(pi4_discover());
  send(message(kFour, "350104 32040a00000d 36040a000001"));
  EXPECT_EQ(decision.drop, Drop::kDeclined);
  EXPECT_EQ(send(pi4_discover()).drop, Drop::kAddressDeclined);
  pass(seconds(61));
  EXPECT_EQ(send(pi4_discover()).sent, MessageType::kOffer);
}

TEST_F(Serving, InformGetsNoLease) {
  send(message(kFour, "350108", "0a000050"));
  ASSERT_EQ(decision.sent, MessageType::kAck);
  EXPECT_EQ(reply.yiaddr, Ipv4Address());
  EXPECT_FALSE(reply.options.has(option::kLeaseSeconds));
  EXPECT_FALSE(decision.change);
  EXPECT_EQ(decision.route.address, ip("10.0.0.80"));
  EXPECT_EQ(send(message(kFour, "350108")).drop, Drop::kNoAddress);
}

TEST_F(Serving, TheClientIdComesBackAndIsStored) {
  send(message(kFour, "350103 32040a00000d 3d0701dca632b023c3 0c04 70690a31"));
  EXPECT_EQ(reply.options.find(option::kClientId)->size(), 7U);
  EXPECT_EQ(decision.change->lease.client_id.size(), 7U);
  EXPECT_EQ(decision.change->lease.hostname, "pi?1");  // made printable
}

TEST_F(Serving, AReservationHeldByAnotherClientWaitsForItsEnd) {
  use_pool();
  send(message(kStranger, "350103 32040a000064 36040a000001"));
  responder->set_hosts(
      std::make_shared<const HostTable>(std::vector<Host>{{mac(kFour), ip("10.0.0.100"), "four", "", ""}}));
  EXPECT_EQ(send(pi4_discover()).drop, Drop::kAddressInUse);
  send(message(kStranger, "350103", "0a000064"));
  EXPECT_EQ(decision.sent, MessageType::kNak);
  pass(std::chrono::hours(12) + seconds(1));
  EXPECT_EQ(send(pi4_discover()).address, ip("10.0.0.100"));
}

TEST_F(Serving, TwoNodesWithOneAddress) {
  responder->set_hosts(std::make_shared<const HostTable>(std::vector<Host>{
      {mac("b8:27:eb:6c:4c:16"), ip("10.0.0.12"), "one", "", ""}, {mac(kFour), ip("10.0.0.12"), "two", "", ""}}));
  EXPECT_EQ(send(pi4_discover()).drop, Drop::kReservationConflict);
  EXPECT_EQ(send(pi3_discover()).sent, MessageType::kOffer);
}

TEST_F(Serving, WhatIsNoClientsMessage) {
  Wire wire = pi4_discover();
  wire[0] = 2;
  EXPECT_EQ(send(wire).drop, Drop::kNotRequest);
  EXPECT_EQ(send(message(kFour, "")).drop, Drop::kNoMessageType);
  EXPECT_EQ(send(message(kFour, "350102")).drop, Drop::kUnexpectedType);
  EXPECT_EQ(send(message("01:00:5e:00:00:01", "350101")).drop, Drop::kBadClientAddress);
  EXPECT_EQ(send(message("00:00:00:00:00:00", "350101")).drop, Drop::kBadClientAddress);
  wire = pi4_discover();
  wire[3] = 17;
  EXPECT_EQ(send(wire).drop, Drop::kTooManyHops);
}

TEST_F(Serving, ANewAddressOfThePoolIsAskedForOnTheWire) {
  ResponderConfig config = sample_config();
  config.unknown = UnknownPolicy::kPool;
  config.probe_addresses = true;
  make(config);
  EXPECT_EQ(send(pi4_discover()).sent, MessageType::kOffer) << "not the reserved ones";
  send(message(kStranger, "350101"));
  EXPECT_EQ(decision.drop, Drop::kProbing);
  ASSERT_EQ(decision.probe, ip("10.0.0.100"));
  EXPECT_EQ(send(message("02:00:00:00:00:98", "350101")).probe, ip("10.0.0.101")) << "it is held meanwhile";

  const auto change = responder->conflict(ip("10.0.0.100"), now);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->lease.state, LeaseState::kDeclined);
  EXPECT_EQ(send(message(kStranger, "350101")).probe, ip("10.0.0.102"));
  responder->vouch(ip("10.0.0.102"), mac(kStranger));
  EXPECT_EQ(send(message(kStranger, "350101")).sent, MessageType::kOffer);
  EXPECT_EQ(decision.address, ip("10.0.0.102"));
  EXPECT_EQ(send(message(kStranger, "350103 32040a000066 36040a000001")).sent, MessageType::kAck);
  pass(std::chrono::hours(20));
  EXPECT_FALSE(send(message(kStranger, "350101")).probe) << "it had the address before";
  // An old Pi that is not in the inventory: nothing is bound before the wire was asked.
  send(pi3b_discover("b8:27:eb:aa:aa:aa"));
  EXPECT_TRUE(decision.probe);
  EXPECT_FALSE(decision.change);
  responder->vouch(*decision.probe, mac("b8:27:eb:aa:aa:aa"));
  send(pi3b_discover("b8:27:eb:aa:aa:aa"));
  EXPECT_TRUE(decision.change);
}

class Proxying : public ResponderTest {
 protected:
  void SetUp() override {
    ResponderConfig config = sample_config();
    config.mode = Mode::kProxy;
    make(config);
  }
};

TEST_F(Proxying, PisLearnWhereToBootAndNothingElse) {
  send(pi4_discover());
  ASSERT_EQ(decision.sent, MessageType::kOffer);
  EXPECT_EQ(reply.yiaddr, Ipv4Address());
  EXPECT_EQ(reply.siaddr, ip("10.0.0.1"));
  std::vector<std::uint8_t> codes;
  for (std::size_t i = 0; i < reply.options.size(); ++i) codes.push_back(reply.options.at(i).code);
  EXPECT_THAT(codes, ElementsAreArray({53, 54, 60, 97, 43}));
  EXPECT_EQ(decision.route.kind, Kind::kBroadcast);
  EXPECT_FALSE(decision.change);
  EXPECT_EQ(send(pi4_request(7, "0a00000d", "0a000001")).drop, Drop::kUnexpectedType);
  EXPECT_EQ(send(message(kFour, "350101")).drop, Drop::kNoBootFile);
  EXPECT_EQ(send(bios_discover()).drop, Drop::kUnknownPending);
}

TEST_F(Proxying, Port4011AnswersItsSource) {
  ResponderConfig config = sample_config();
  config.mode = Mode::kProxy;
  config.unknown = UnknownPolicy::kPool;
  make(config);
  Wire wire = bios_discover();
  wire[242] = 3;  // REQUEST
  send(wire, {ip("10.0.0.1"), ip("10.0.0.77"), true});
  ASSERT_EQ(decision.sent, MessageType::kAck);
  EXPECT_EQ(decision.route, (ReplyRoute{Kind::kUnicast, ip("10.0.0.77"), {}, Port::kSource}));
  EXPECT_EQ(reply.options.find_text(option::kBootFile), "undionly.kpxe");
  EXPECT_EQ(reply.options.find_text(option::kVendorClass), "PXEClient");
}

TEST(CheckConfig, NamesTheFirstProblem) {
  EXPECT_TRUE(check(sample_config()));
  const auto problem = [](auto change) {
    ResponderConfig config = sample_config();
    change(config);
    const auto result = check(config);
    return result ? std::string("none") : result.error().message;
  };
  EXPECT_EQ(problem([](ResponderConfig& c) { c.subnets[0].pool->last = ip("10.0.1.5"); }),
            "pool 10.0.0.100-10.0.1.5 is not inside of subnet 10.0.0.0/24");
  EXPECT_EQ(problem([](ResponderConfig& c) { c.subnets[0].pool->last = ip("10.0.0.5"); }),
            "pool 10.0.0.100-10.0.0.5 ends before it begins");
  EXPECT_EQ(problem([](ResponderConfig& c) { c.subnets[1].prefix_length = 8; }),
            "subnet 10.1.0.0/8 overlaps subnet 10.0.0.0/24");
  EXPECT_EQ(problem([](ResponderConfig& c) { c.lease_time = seconds(10); }),
            "lease time of 10 s is not between 60 and 2^32 - 2");
  EXPECT_EQ(problem([](ResponderConfig& c) { c.subnets.clear(); }), "no subnet to serve");
}

TEST(Drops, EachHasItsWord) {
  EXPECT_EQ(to_text(Drop::kNone), "");
  EXPECT_EQ(to_text(Drop::kUnknownPending), "unknown_pending");
  EXPECT_EQ(to_text(Drop::kBusy), "busy");
}

}  // namespace
}  // namespace piman::netboot::dhcp
