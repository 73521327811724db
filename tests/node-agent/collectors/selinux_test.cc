// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/selinux.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Selinux, EnforcingAndConfiguredPermissive) {
  TempTree tree({{"sys/fs/selinux/enforce", "1"},
                 {"proc/self/attr/current", std::string("system_u:system_r:init_t:s0\0", 28)},
                 {"root/etc/selinux/config", "# SELINUX=enforcing\n SELINUX = permissive\nSELINUXTYPE=targeted\n"}});
  EXPECT_EQ(CollectorHarness("selinux", tree.path()).page(),
            "node_selinux_config_mode 0\nnode_selinux_current_mode 1\nnode_selinux_enabled 1\n");
}

TEST(Selinux, WithoutItOneSampleSaysSo) {
  TempTree tree({{"proc/self/attr/current", "unconfined\n"}});
  EXPECT_EQ(CollectorHarness("selinux", tree.path()).page(), "node_selinux_enabled 0\n");
}

TEST(Selinux, WithoutAPolicyItIsNotOn) {
  TempTree tree({{"sys/fs/selinux/enforce", "0"}, {"proc/self/attr/current", "kernel"}});
  EXPECT_EQ(CollectorHarness("selinux", tree.path()).page(), "node_selinux_enabled 0\n");
}

TEST(Selinux, WhatCannotBeReadIsNotKnown) {
  TempTree tree(
      {{"sys/fs/selinux/enforce", "what"}, {"proc/self/attr/current", "user_t"}, {"root/etc/selinux/config/", ""}});
  EXPECT_EQ(CollectorHarness("selinux", tree.path()).page(),
            "node_selinux_config_mode -1\nnode_selinux_current_mode -1\nnode_selinux_enabled 1\n");
}

TEST(Selinux, ConfigModes) {
  EXPECT_EQ(parse_selinux_config_mode("SELINUX=enforcing"), 1);
  EXPECT_EQ(parse_selinux_config_mode("SELINUX=disabled\n"), -1);
  EXPECT_EQ(parse_selinux_config_mode("SELINUXTYPE=x\n"), -1);
  EXPECT_EQ(parse_selinux_config_mode(""), -1);
}

TEST(Selinux, SurvivesTruncation) { expect_survives_truncation("selinux", "sys/fs/selinux/enforce", "1\n"); }

}  // namespace
}  // namespace piman::agent
