// SPDX-License-Identifier: Apache-2.0
#include "node-agent/netlink.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <chrono>

#include "node-agent/link_names.h"
#include "tests/node-agent/scripted_netlink.h"

namespace piman::agent {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(KernelNetlink, TellsThisMachinesDevices) {
  const auto netlink = make_kernel_netlink(HostPaths{});
  ASSERT_TRUE(netlink);
  const auto names = read_link_names(*netlink);
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_THAT(*names, Contains(Pair(1U, "lo")));
}

TEST(KernelNetlink, PassesARefusalOn) {
  const auto netlink = make_kernel_netlink(HostPaths{});
  ASSERT_TRUE(netlink);
  ::genlmsghdr head{};
  head.cmd = CTRL_CMD_GETFAMILY;
  head.version = 1;
  const test_netlink::Bytes name = {'n', 'o', 'n', 'e', 0};
  NetlinkBody body(head);
  body.add(CTRL_ATTR_FAMILY_NAME, name);
  const auto reply = netlink->ask({NETLINK_GENERIC, GENL_ID_CTRL, false, body.take()});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->refusal, ENOENT);
  EXPECT_EQ(messages_of(reply, "none").error().message, "none: the kernel refuses to tell: No such file or directory");
}

TEST(KernelNetlink, OneAnswerIsWhole) {
  const auto netlink = make_kernel_netlink(HostPaths{});
  ASSERT_TRUE(netlink);
  ::ifinfomsg head{};
  head.ifi_index = 1;
  const auto messages = messages_of(netlink->ask({NETLINK_ROUTE, RTM_GETLINK, false, NetlinkBody(head).take()}), "lo");
  ASSERT_TRUE(messages) << messages.error().message;
  EXPECT_EQ(parse_link_names(*messages).value(), (LinkNames{{1, "lo"}}));
}

// The kernel passes over what is below NLMSG_MIN_TYPE, without a word.
TEST(KernelNetlink, DoesNotWaitForEverForAnAnswer) {
  const auto netlink = make_kernel_netlink(HostPaths{});
  ASSERT_TRUE(netlink);
  const auto begin = std::chrono::steady_clock::now();
  const auto reply = netlink->ask({NETLINK_ROUTE, NLMSG_NOOP, true, {}});
  const auto waited = std::chrono::steady_clock::now() - begin;
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().message, HasSubstr("no whole answer"));
  EXPECT_GE(waited, std::chrono::milliseconds(500));
  EXPECT_LE(waited, std::chrono::milliseconds(2500));  // of the 3000 that a collector has
}

TEST(KernelNetlink, ThereIsNoneForTheTreeOfAnotherMachine) {
  const test::TempTree tree({{"proc/net/dev", ""}});
  EXPECT_FALSE(make_kernel_netlink(tree.host_paths()));
  HostPaths nowhere;
  nowhere.procfs = tree.path() + "/none";
  EXPECT_FALSE(make_kernel_netlink(nowhere));
}

TEST(LinkNames, OfACapture) {
  const auto names = parse_link_names(test_netlink::captured("links"));
  ASSERT_TRUE(names) << names.error().message;
  std::vector<std::string> texts;
  for (const auto& [number, name] : *names) texts.push_back(name);
  EXPECT_THAT(texts, testing::UnorderedElementsAre("lo", "v0", "v1"));
  EXPECT_EQ(names->at(1), "lo");
}

TEST(LinkNames, OfACaptureThatIsCut) {
  test_netlink::expect_whole_messages_only(test_netlink::captured("links"), 3,
                                           [](NetlinkBytes bytes) { return parse_link_names(bytes); });
}

}  // namespace
}  // namespace piman::agent
