// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/pool_use.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/netboot/dhcp/responder_fixture.h"

namespace piman::netboot::dhcp {
namespace {

using std::chrono::seconds;

constexpr std::string_view kDiscover = "350101", kSecondStranger = "02:00:00:00:00:98";

/// A pool of ten addresses near, and one of ten far away.
class PoolUseTest : public ResponderTest {
 protected:
  void SetUp() override {
    config = sample_config();
    config.unknown = UnknownPolicy::kPool;
    config.lease_time = seconds(600);
    config.offer_hold = seconds(60);
    config.decline_quarantine = seconds(3600);
    make(config);
  }
  /// As the service does each few seconds while nobody asks for anything.
  std::uint32_t free_near() {
    responder->expire(now);
    PoolCounts counts(responder->table(), true);
    EXPECT_EQ(counts.read().size(), 2U);
    EXPECT_EQ(counts.read()[1].free, 10U) << "the far pool";
    return counts.read()[0].free;
  }
  static std::string request_of(std::string_view address_hex) {
    return "350103 3204" + std::string(address_hex) + " 36040a000001";
  }
  /// Gives 10.0.0.100 to a stranger.
  void bind_first() {
    send(message(kStranger, request_of("0a000064")));
    ASSERT_EQ(decision.sent, MessageType::kAck);
    ASSERT_EQ(decision.address, ip("10.0.0.100"));
  }

  ResponderConfig config;
};

TEST_F(PoolUseTest, AFreshPoolIsFree) {
  const PoolCounts counts(responder->table(), true);
  const auto uses = counts.read();
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[0].range.to_string(), "10.0.0.100-10.0.0.109");
  EXPECT_EQ(uses[0].range.size(), 10U);
  EXPECT_EQ(uses[0].free, 10U);
  EXPECT_EQ(uses[1].range.to_string(), "10.1.0.100-10.1.0.109");
}

TEST_F(PoolUseTest, NothingIsCountedWhereNobodyGetsAnAddressOfThem) {
  PoolCounts counts(responder->table(), false);
  EXPECT_TRUE(counts.empty());
  counts.publish(responder->table());
  EXPECT_TRUE(counts.read().empty());
}

TEST_F(PoolUseTest, AnOfferCountsUntilItEnds) {
  send(message(kStranger, kDiscover));
  ASSERT_EQ(decision.sent, MessageType::kOffer);
  EXPECT_EQ(free_near(), 9U);
  send(message(kStranger, kDiscover));
  EXPECT_EQ(free_near(), 9U) << "the same client asks again";
  send(message(kSecondStranger, kDiscover));
  EXPECT_EQ(free_near(), 8U);
  pass(seconds(59));
  EXPECT_EQ(free_near(), 8U);
  pass(seconds(1));
  EXPECT_EQ(free_near(), 10U) << "without any message";
}

TEST_F(PoolUseTest, AnOfferThatWasNotTakenIsFreeAtOnce) {
  send(message(kStranger, kDiscover));
  EXPECT_EQ(free_near(), 9U);
  send(message(kStranger, "350103 32040a000063 36040a000002"));  // of another server
  ASSERT_EQ(decision.drop, Drop::kOtherServer);
  EXPECT_EQ(free_near(), 10U);
}

TEST_F(PoolUseTest, ALeaseCountsUntilItEnds) {
  send(message(kStranger, kDiscover));
  bind_first();
  EXPECT_EQ(free_near(), 9U) << "offer and lease are one address";
  pass(seconds(500));
  bind_first();
  pass(seconds(500));
  EXPECT_EQ(free_near(), 9U) << "it was renewed";
  pass(seconds(99));
  EXPECT_EQ(free_near(), 9U);
  pass(seconds(1));
  EXPECT_EQ(free_near(), 10U);
}

TEST_F(PoolUseTest, AnAddressThatWasGivenBackIsFree) {
  bind_first();
  send(message(kStranger, "350107 36040a000001", "0a000064"));
  ASSERT_EQ(decision.drop, Drop::kReleased);
  EXPECT_EQ(free_near(), 10U);
  send(message(kStranger, "350107 36040a000001", "0a000064"));
  EXPECT_EQ(free_near(), 10U) << "given back twice";
}

TEST_F(PoolUseTest, ADeclinedAddressIsInQuarantine) {
  bind_first();
  send(message(kStranger, "350104 32040a000064 36040a000001"));
  ASSERT_EQ(decision.drop, Drop::kDeclined);
  EXPECT_EQ(free_near(), 9U);
  pass(seconds(600));
  EXPECT_EQ(free_near(), 9U) << "longer than the lease would have been";
  pass(seconds(3000));
  EXPECT_EQ(free_near(), 10U);
}

TEST_F(PoolUseTest, AnAddressThatAProbeFoundInUseIsInQuarantine) {
  config.probe_addresses = true;
  make(config);
  send(message(kStranger, kDiscover));
  ASSERT_EQ(decision.probe, ip("10.0.0.100"));
  EXPECT_EQ(free_near(), 9U) << "held while the wire is asked";
  responder->conflict(*decision.probe, now);
  EXPECT_EQ(free_near(), 9U);
  send(message(kStranger, kDiscover));
  responder->vouch(*decision.probe, mac(kStranger));
  EXPECT_EQ(free_near(), 8U);
  pass(seconds(3600));
  EXPECT_EQ(free_near(), 10U);
}

TEST_F(PoolUseTest, ReservationsInsideOfThePoolCount) {
  const auto reserve = [&](std::vector<Host> hosts) {
    responder->set_hosts(std::make_shared<const HostTable>(std::move(hosts)));
  };
  reserve(
      {{mac(kFour), ip("10.0.0.100"), "four", "", ""}, {mac("02:00:00:00:00:05"), ip("10.0.0.50"), "five", "", ""}});
  EXPECT_EQ(free_near(), 9U) << "one is outside";
  send(message(kFour, kDiscover));
  ASSERT_EQ(decision.address, ip("10.0.0.100"));
  EXPECT_EQ(free_near(), 9U) << "its own node has it";
  send(message(kStranger, kDiscover));
  ASSERT_EQ(decision.address, ip("10.0.0.101"));
  EXPECT_EQ(free_near(), 8U);

  // A new inventory reserves what a stranger is offered, and another one; what ends meanwhile is not free.
  reserve(
      {{mac(kFour), ip("10.0.0.101"), "four", "", ""}, {mac("02:00:00:00:00:05"), ip("10.0.0.109"), "five", "", ""}});
  EXPECT_EQ(free_near(), 7U) << "100 is still the offer of four; 101 and 109 are reserved";
  pass(seconds(60));
  EXPECT_EQ(free_near(), 8U);
  reserve({});
  EXPECT_EQ(free_near(), 10U);
}

TEST_F(PoolUseTest, WhatIsTheServersOrARoutersIsNotFree) {
  config.subnets[0].router = ip("10.0.0.109");
  config.subnets[0].pool = AddressRange{ip("10.0.0.100"), ip("10.0.0.109")};
  Responder own(config, {ip("10.0.0.100"), ip("10.0.0.1")});
  EXPECT_EQ(PoolCounts(own.table(), true).read()[0].free, 8U);
  own.set_hosts(sample_hosts());
  EXPECT_EQ(PoolCounts(own.table(), true).read()[0].free, 8U) << "nor after a new inventory";
}

TEST_F(PoolUseTest, StoredLeasesCountInAnotherPoolToo) {
  bind_first();
  const Lease bound = decision.change->lease;
  send(message(kSecondStranger, request_of("0a000066")));
  send(message(kSecondStranger, "350104 32040a000066 36040a000001"));
  const Lease declined = decision.change->lease;
  // Started anew with a pool that begins one address later: of its nine the declined one is not free.
  config.subnets[0].pool = AddressRange{ip("10.0.0.101"), ip("10.0.0.109")};
  make(config);
  responder->load({bound, declined}, now);
  EXPECT_EQ(free_near(), 8U);
  pass(seconds(3600));
  EXPECT_EQ(free_near(), 9U) << "the lease outside ended, too, and is no address of the pool";
}

TEST_F(PoolUseTest, CountsToTheLastAddress) {
  for (std::uint8_t i = 0; i < 10; ++i) {
    EXPECT_EQ(free_near(), 10U - i);
    send(message(MacAddress({2, 0, 0, 0, 1, i}).to_string(), kDiscover));
    ASSERT_EQ(decision.sent, MessageType::kOffer);
  }
  EXPECT_EQ(free_near(), 0U);
  send(message(kStranger, kDiscover));
  EXPECT_EQ(decision.drop, Drop::kPoolEmpty);
  EXPECT_EQ(free_near(), 0U);
}

TEST(PoolCounts, ReadBesideTheThreadThatPublishes) {
  const AddressRange range{ip("10.0.0.0"), ip("10.0.255.255")};
  LeaseTable table({range});
  PoolCounts counts(table, true);
  const Now now{SteadyTime(std::chrono::hours(1)), WallTime(std::chrono::hours(500'000))};
  std::uint32_t last = range.size();
  {
    const std::jthread publisher([&] {
      for (std::uint32_t i = 0; i < 2000; ++i) {
        const MacAddress client({2, 0, 0, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
        table.offer(Ipv4Address(range.first.value() + i), client, now.steady + seconds(60), now);
        counts.publish(table);
      }
    });
    for (int i = 0; i < 2000; ++i) {
      const std::uint32_t seen = counts.read()[0].free;
      EXPECT_LE(seen, last) << "older than what was read before";
      last = seen;
    }
  }
  EXPECT_EQ(counts.read()[0].free, range.size() - 2000);
}

}  // namespace
}  // namespace piman::netboot::dhcp
