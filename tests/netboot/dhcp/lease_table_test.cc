// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/lease_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/netboot/dhcp/responder_fixture.h"

namespace piman::netboot::dhcp {
namespace {

using std::chrono::seconds;

const AddressRange kRange{ip("10.0.0.100"), ip("10.0.0.103")};
const MacAddress kOne = mac("02:00:00:00:00:01"), kTwo = mac("02:00:00:00:00:02");
const Now kStart{SteadyTime(std::chrono::hours(1)), WallTime(std::chrono::hours(500'000))};

Now after(std::chrono::milliseconds time) { return {kStart.steady + time, kStart.wall + time}; }

TEST(AddressPool, GivesInOrderAndLastWhatCameBackLast) {
  AddressPool pool(kRange);
  EXPECT_EQ(pool.free_count(), 4U);
  for (const char* address : {"10.0.0.100", "10.0.0.101", "10.0.0.102"}) {
    EXPECT_EQ(pool.next(), ip(address));
    pool.take(ip(address));
    pool.take(ip(address));
  }
  pool.give_back(ip("10.0.0.101"));
  pool.give_back(ip("10.0.0.101"));
  EXPECT_EQ(pool.next(), ip("10.0.0.103"));
  pool.take(ip("10.0.0.103"));
  EXPECT_EQ(pool.next(), ip("10.0.0.101"));
  pool.take(ip("10.0.0.101"));
  EXPECT_FALSE(pool.next());
  EXPECT_EQ(pool.free_count(), 0U);
}

TEST(LeaseTable, AHeldAddressIsNobodyElses) {
  LeaseTable table({kRange});
  table.offer(ip("10.0.0.100"), kOne, kStart.steady + seconds(60), kStart);
  EXPECT_TRUE(table.may_have(ip("10.0.0.100"), kOne));
  EXPECT_FALSE(table.may_have(ip("10.0.0.100"), kTwo));
  EXPECT_FALSE(table.may_have(ip("10.0.0.99"), kOne));
  EXPECT_EQ(table.choose(kTwo, *table.pool_with(kRange.first), ip("10.0.0.100")), ip("10.0.0.101"));
  table.expire(after(seconds(60)));
  EXPECT_TRUE(table.may_have(ip("10.0.0.100"), kTwo));
}

TEST(LeaseTable, AnOfferDoesNotShortenALease) {
  LeaseTable table({kRange});
  table.bind(ip("10.0.0.100"), kOne, seconds(3600), {}, "", kStart);
  table.offer(ip("10.0.0.100"), kOne, kStart.steady + seconds(60), kStart);
  table.expire(after(seconds(3599)));
  EXPECT_FALSE(table.may_have(ip("10.0.0.100"), kTwo));
  table.expire(after(seconds(3600)));
  EXPECT_TRUE(table.may_have(ip("10.0.0.100"), kTwo));
}

TEST(LeaseTable, ALeaseForEverDoesNotEnd) {
  LeaseTable table({kRange});
  const Lease lease = table.bind(ip("10.0.0.100"), kOne, std::nullopt, {}, "", kStart);
  EXPECT_FALSE(lease.expires);
  table.expire(after(std::chrono::hours(1'000'000)));
  EXPECT_FALSE(table.may_have(ip("10.0.0.100"), kTwo));
}

TEST(LeaseTable, StoredLeasesHoldAfterARestartByTheTimeThatIsLeft) {
  LeaseTable before({kRange});
  const Lease bound = before.bind(ip("10.0.0.100"), kOne, seconds(3600), as_bytes("id"), "pi", kStart);
  before.bind(ip("10.0.0.101"), kTwo, seconds(3600), {}, "", kStart);
  const Lease declined = before.decline(ip("10.0.0.101"), seconds(600), kStart);

  // The steady clock begins anew.
  const Now restarted{SteadyTime(seconds(5)), kStart.wall + seconds(100)};
  LeaseTable table({kRange});
  EXPECT_TRUE(table.load({bound, declined}, restarted).empty());
  EXPECT_TRUE(table.may_have(ip("10.0.0.100"), kOne));
  EXPECT_FALSE(table.may_have(ip("10.0.0.100"), kTwo));
  EXPECT_FALSE(table.may_have(ip("10.0.0.101"), kTwo)) << "declined";
  EXPECT_EQ(table.find(ip("10.0.0.100"))->hostname, "pi");
  EXPECT_EQ(table.choose(kOne, *table.pool_with(kRange.first), std::nullopt), ip("10.0.0.100"));
  table.expire({restarted.steady + seconds(501), restarted.wall});
  EXPECT_TRUE(table.may_have(ip("10.0.0.101"), kTwo));
  EXPECT_FALSE(table.may_have(ip("10.0.0.100"), kTwo));
}

TEST(LeaseTable, EndedLeasesOfNoPoolAreErased) {
  LeaseTable table({kRange});
  Lease lease;
  lease.address = ip("10.9.0.1");
  lease.mac = kOne;
  lease.expires = kStart.wall - seconds(1);
  EXPECT_EQ(table.load({lease}, kStart).size(), 1U);
  EXPECT_EQ(table.entries(), 0U);
  lease.address = ip("10.0.0.100");
  EXPECT_TRUE(table.load({lease}, kStart).empty());
  EXPECT_FALSE(table.find(lease.address)->held);
}

TEST(LeaseTable, AWallClockThatJumpsEndsNothing) {
  LeaseTable table({kRange});
  table.bind(ip("10.0.0.100"), kOne, seconds(3600), {}, "", kStart);
  table.expire({kStart.steady + seconds(10), kStart.wall + std::chrono::hours(24 * 365)});
  EXPECT_FALSE(table.may_have(ip("10.0.0.100"), kTwo));
}

TEST(LeaseTable, ReservationsComeAndGo) {
  LeaseTable table({kRange});
  table.set_hosts(std::make_shared<const HostTable>(std::vector<Host>{{kOne, ip("10.0.0.100"), "one", "", ""}}));
  EXPECT_EQ(table.choose(kTwo, *table.pool_with(kRange.first), ip("10.0.0.100")), ip("10.0.0.101"));
  EXPECT_FALSE(table.may_have(ip("10.0.0.100"), kTwo));
  table.set_hosts(std::make_shared<const HostTable>());
  EXPECT_TRUE(table.may_have(ip("10.0.0.100"), kTwo));
  EXPECT_EQ(table.pool_with(kRange.first)->free_count(), 4U);
}

TEST(LeaseTable, OneClientIsRememberedOnceInAPool) {
  LeaseTable table({kRange});
  for (int round = 0; round < 50; ++round) {
    const Ipv4Address address(kRange.first.value() + static_cast<unsigned>(round % 4));
    table.offer(address, kOne, kStart.steady + seconds(60), kStart);
    table.withdraw(address, kOne);
    EXPECT_EQ(table.entries(), 1U);
  }
}

/// Clients at random, the server restarted at random with what it had stored: no two ever have one address.
class Property : public ResponderTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  static constexpr unsigned kClients = 24;  // more than the pool has addresses

  static MacAddress client(unsigned i) {
    return i < 4 ? sample_hosts()->hosts()[i].mac : MacAddress({2, 0, 0, 0, 0, static_cast<std::uint8_t>(i)});
  }
  Wire any_message(unsigned i, std::mt19937& random) {
    const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    const unsigned types[] = {1, 1, 1, 3, 3, 3, 3, 4, 7, 8};
    Wire wire = wire_header(pick(2) == 0 ? kRomXid : pick(5), client(i)) + from_hex("3501");
    wire.push_back(static_cast<std::uint8_t>(types[pick(10)]));
    const Wire address = {10, static_cast<std::uint8_t>(pick(8) == 0), 0,
                          static_cast<std::uint8_t>(pick(2) == 0 ? 100 + pick(11) : 9 + pick(8))};
    if (pick(3) != 0) wire = wire + from_hex("3204") + address;
    if (pick(3) == 0) std::copy(address.begin(), address.end(), wire.begin() + 12);
    if (pick(2) == 0) wire = wire + from_hex(pick(6) == 0 ? "36040a000002" : "36040a000001");
    if (pick(4) == 0) wire = wire + from_hex("3d0401020304");  // the same id on all
    if (pick(4) == 0) wire = wire + from_hex("6111 00 164c6cb6164c6cb6164c6cb6164c6cb6") + from_hex(kUndiClass);
    if (pick(6) == 0) wire[24] = 10, wire[25] = 1, wire[27] = 1;
    return wire + from_hex("ff");
  }
  /// Counting one by one comes to what each pool says.
  void expect_counts_right(int step) {
    const LeaseTable& table = responder->table();
    for (const AddressPool& pool : table.pools()) {
      std::size_t free = 0;
      for (std::uint32_t value = pool.range().first.value(); value <= pool.range().last.value(); ++value) {
        const LeaseTable::Entry* entry = table.find(Ipv4Address(value));
        if (responder->hosts().find(Ipv4Address(value)) == nullptr && (entry == nullptr || !entry->held)) ++free;
      }
      ASSERT_EQ(pool.free_count(), free) << "step " << step << ", " << pool.range().to_string();
    }
  }
};

TEST_P(Property, NeverTwoClientsOnOneAddress) {
  std::mt19937 random(GetParam());
  ResponderConfig config = sample_config();
  config.unknown = UnknownPolicy::kPool;
  config.probe_addresses = GetParam() % 2 == 1;
  config.lease_time = seconds(120);
  config.decline_quarantine = seconds(100);
  make(config);

  struct Holder {
    MacAddress mac;
    SteadyTime until;
  };
  std::map<Ipv4Address, Holder> holders;  // as the clients believe
  std::map<Ipv4Address, SteadyTime> declined;
  std::map<Ipv4Address, Lease> stored;
  unsigned given = 0;
  for (int step = 0; step < 20'000; ++step) {
    const unsigned choice = static_cast<unsigned>(random() % 200);
    if (choice == 2) {  // a new inventory, perhaps with reservations inside of the pool
      std::vector<Host> hosts = sample_hosts()->hosts();
      for (unsigned extra = static_cast<unsigned>(random() % 4); extra > 0; --extra) {
        const Ipv4Address address(ip("10.0.0.100").value() + static_cast<unsigned>(random() % 10));
        hosts.push_back({client(4 + extra), address, "", "", ""});
      }
      responder->set_hosts(std::make_shared<const HostTable>(std::move(hosts)));
    }
    if (choice == 0) {  // killed and started again
      make(config);
      std::vector<Lease> leases;
      for (const auto& [address, lease] : stored) leases.push_back(lease);
      for (const LeaseChange& change : responder->load(leases, now)) stored.erase(change.lease.address);
    } else if (choice == 1) {
      pass(seconds(random() % 130));
    } else if (choice < 40) {
      pass(seconds(random() % 3));
    }
    const unsigned i = static_cast<unsigned>(random() % kClients);
    const Wire wire = any_message(i, random);
    send(wire);
    ASSERT_NO_FATAL_FAILURE(expect_counts_right(step));
    if (decision.change) stored[decision.change->lease.address] = decision.change->lease;
    if (decision.drop == Drop::kReleased || decision.drop == Drop::kDeclined) holders.erase(decision.address);
    if (decision.drop == Drop::kDeclined) {
      const bool reserved = responder->hosts().find(decision.address) != nullptr;
      declined[decision.address] = now.steady + (reserved ? seconds(60) : seconds(100));
    }
    if (decision.probe) {
      if (random() % 4 == 0) {
        const auto change = responder->conflict(*decision.probe, now);
        stored[change->lease.address] = change->lease;
        declined[*decision.probe] = now.steady + seconds(100);
      } else {
        responder->vouch(*decision.probe, client(i));
      }
      continue;
    }
    if (!decision.sent || *decision.sent == MessageType::kNak || reply.yiaddr == Ipv4Address()) continue;
    const Ipv4Address address = reply.yiaddr;
    const auto found = holders.find(address);
    ASSERT_TRUE(found == holders.end() || found->second.mac == client(i) || found->second.until <= now.steady)
        << "step " << step << ": " << address.to_string() << " is " << found->second.mac.to_string() << "'s";
    const auto bad = declined.find(address);
    ASSERT_TRUE(bad == declined.end() || bad->second <= now.steady) << "step " << step;
    const Host* reserved = responder->hosts().find(address);
    ASSERT_TRUE(reserved == nullptr || reserved->mac == client(i));
    ASSERT_NE(address, ip("10.0.0.1"));
    if (decision.change) {
      holders[address] = {client(i), now.steady + config.lease_time};
      ++given;
    }
  }
  EXPECT_GT(given, 500U) << "the test would show nothing";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Property, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace piman::netboot::dhcp
