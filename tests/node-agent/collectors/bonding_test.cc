// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/bonding.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

const std::initializer_list<TempTree::Entry> kBonds = {
    {"sys/class/net/bonding_masters", "bond0 bond1\n"},
    {"sys/class/net/bond0/bonding/slaves", "eth0 eth1\n"},
    {"sys/class/net/bond0/lower_eth0/bonding_slave/mii_status", "up\n"},
    {"sys/class/net/bond0/slave_eth1/bonding_slave/mii_status", "down\n"},
    {"sys/class/net/bond1/bonding/slaves", "\n"}};

TEST(Bonding, CountsLinks) {
  TempTree tree(kBonds);
  EXPECT_EQ(CollectorHarness("bonding", tree.path()).page(),
            "node_bonding_active{master=\"bond0\"} 1\n"
            "node_bonding_active{master=\"bond1\"} 0\n"
            "node_bonding_slaves{master=\"bond0\"} 2\n"
            "node_bonding_slaves{master=\"bond1\"} 0\n");
}

TEST(Bonding, AbsentWithoutTheModule) {
  TempTree tree({{"sys/class/net/", ""}});
  EXPECT_EQ(CollectorHarness("bonding", tree.path()).page(), "absent\n");
}

TEST(Bonding, ABondThatCannotBeReadIsAnError) {
  TempTree tree(kBonds);
  tree.remove("sys/class/net/bond0/lower_eth0");
  EXPECT_THAT(CollectorHarness("bonding", tree.path()).page(),
              testing::HasSubstr("slave_eth0/bonding_slave/mii_status: No such file"));
  tree.remove("sys/class/net/bonding_masters");
  tree.put("sys/class/net/bonding_masters/", "");
  EXPECT_THAT(CollectorHarness("bonding", tree.path()).page(), testing::HasSubstr("bonding_masters: Is a directory"));
}

TEST(Bonding, SurvivesTruncation) {
  expect_survives_truncation("bonding", "sys/class/net/bonding_masters", "bond0 bond1\n");
}

}  // namespace
}  // namespace piman::agent
