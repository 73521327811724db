// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/qdisc.h"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "tests/node-agent/scripted_netlink.h"

namespace piman::agent {
namespace {

using test_netlink::Bytes;
using test_netlink::captured;
using test_netlink::samples_of;
using test_netlink::ScriptedNetlink;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string page_of(const ScriptedNetlink& answers, const std::string& exclude = "", const std::string& include = "") {
  CollectorContext context;
  context.options["qdisk.device-exclude"] = exclude;
  context.options["qdisk.device-include"] = include;
  const auto collector = make_qdisc_collector_from(context, answers.make());
  return collector ? samples_of(**collector) : collector.error().message;
}

ScriptedNetlink as_captured() {
  return ScriptedNetlink().say(RTM_GETLINK, captured("links")).say(RTM_GETQDISC, captured("queues"));
}

Bytes queue_message(const Bytes& attributes) {
  ::tcmsg head{};
  head.tcm_ifindex = 1;
  head.tcm_parent = TC_H_ROOT;
  Bytes body = NetlinkBody(head).take();
  body.insert(body.end(), attributes.begin(), attributes.end());
  return encode_netlink_message(RTM_NEWQDISC, 0, 1, body);
}

template <class Struct>
Bytes bytes_of(const Struct& value) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&value);
  return {bytes, bytes + sizeof value};
}

TEST(Qdisc, PageOfACapture) {
  EXPECT_EQ(page_of(as_captured()), R"(node_qdisc_backlog{device="lo",kind="noqueue"} 0
node_qdisc_backlog{device="v0",kind="tbf"} 0
node_qdisc_backlog{device="v1",kind="noqueue"} 0
node_qdisc_bytes_total{device="lo",kind="noqueue"} 0
node_qdisc_bytes_total{device="v0",kind="tbf"} 642
node_qdisc_bytes_total{device="v1",kind="noqueue"} 0
node_qdisc_current_queue_length{device="lo",kind="noqueue"} 0
node_qdisc_current_queue_length{device="v0",kind="tbf"} 0
node_qdisc_current_queue_length{device="v1",kind="noqueue"} 0
node_qdisc_drops_total{device="lo",kind="noqueue"} 0
node_qdisc_drops_total{device="v0",kind="tbf"} 0
node_qdisc_drops_total{device="v1",kind="noqueue"} 0
node_qdisc_overlimits_total{device="lo",kind="noqueue"} 0
node_qdisc_overlimits_total{device="v0",kind="tbf"} 0
node_qdisc_overlimits_total{device="v1",kind="noqueue"} 0
node_qdisc_packets_total{device="lo",kind="noqueue"} 0
node_qdisc_packets_total{device="v0",kind="tbf"} 9
node_qdisc_packets_total{device="v1",kind="noqueue"} 0
node_qdisc_requeues_total{device="lo",kind="noqueue"} 0
node_qdisc_requeues_total{device="v0",kind="tbf"} 0
node_qdisc_requeues_total{device="v1",kind="noqueue"} 0
)");
}

TEST(Qdisc, ACaptureThatIsCut) {
  // The fourth is at the entrance, not at the root.
  test_netlink::expect_whole_messages_only(captured("queues"), 4,
                                           [](NetlinkBytes bytes) { return parse_queueing_disciplines(bytes); });
}

TEST(Qdisc, DevicesAreChosenByName) {
  const std::string without = page_of(as_captured(), "^v");
  EXPECT_THAT(without, HasSubstr("\"lo\""));
  EXPECT_THAT(without, Not(HasSubstr("\"v")));
  const std::string only = page_of(as_captured(), "", "^v0$");
  EXPECT_THAT(only, HasSubstr("\"v0\""));
  EXPECT_THAT(only, Not(HasSubstr("\"lo\"")));
  EXPECT_THAT(page_of(as_captured(), "a", "b"), HasSubstr("qdisk.device"));
}

TEST(Qdisc, AllNumbers) {
  Bytes statistics = NetlinkBody()
                         .add(TCA_STATS_BASIC, bytes_of(::gnet_stats_basic{5'000'000'000, 705'032'704}))
                         .add(TCA_STATS_PKT64, bytes_of(std::uint64_t{5'000'000'000}))
                         .add(TCA_STATS_PKT64, bytes_of(std::uint64_t{3}))  // of something else
                         .add(TCA_STATS_QUEUE, bytes_of(::gnet_stats_queue{1, 2, 3, 4, 5}))
                         .take();
  const auto queues =
      parse_queueing_disciplines(queue_message(NetlinkBody().add(TCA_STATS2, statistics).take())).value();
  ASSERT_EQ(queues.size(), 1U);
  EXPECT_TRUE(queues[0].is_root);
  EXPECT_EQ(queues[0].bytes, 5'000'000'000U);
  EXPECT_EQ(queues[0].packets, 5'000'000'000U);
  EXPECT_EQ(queues[0].queued_packets, 1U);
  EXPECT_EQ(queues[0].queued_bytes, 2U);
  EXPECT_EQ(queues[0].drops, 3U);
  EXPECT_EQ(queues[0].requeues, 4U);
  EXPECT_EQ(queues[0].overlimits, 5U);
}

TEST(Qdisc, OldStatisticsWhereThereAreNoOthers) {
  ::tc_stats old{};
  old.bytes = 1;
  old.packets = 2;
  old.drops = 3;
  old.overlimits = 4;
  old.qlen = 5;
  old.backlog = 6;
  const auto queues =
      parse_queueing_disciplines(queue_message(NetlinkBody().add(TCA_STATS, bytes_of(old)).take())).value();
  ASSERT_EQ(queues.size(), 1U);
  EXPECT_EQ(queues[0].bytes, 1U);
  EXPECT_EQ(queues[0].packets, 2U);
  EXPECT_EQ(queues[0].drops, 3U);
  EXPECT_EQ(queues[0].overlimits, 4U);
  EXPECT_EQ(queues[0].queued_packets, 5U);
  EXPECT_EQ(queues[0].queued_bytes, 6U);
}

TEST(Qdisc, BrokenMessages) {
  const Bytes three = {1, 2, 3};
  EXPECT_FALSE(parse_queueing_disciplines(encode_netlink_message(RTM_NEWQDISC, 0, 1, three)));
  EXPECT_FALSE(parse_queueing_disciplines(queue_message(NetlinkBody().add(TCA_STATS, three).take())));
  EXPECT_FALSE(parse_queueing_disciplines(queue_message(NetlinkBody().add(TCA_STATS2, three).take())));
  for (const std::uint16_t type : {TCA_STATS_BASIC, TCA_STATS_QUEUE, TCA_STATS_PKT64}) {
    const Bytes nested = NetlinkBody().add(type, three).take();
    EXPECT_FALSE(parse_queueing_disciplines(queue_message(NetlinkBody().add(TCA_STATS2, nested).take()))) << type;
  }
}

TEST(Qdisc, WithoutAnswers) {
  EXPECT_EQ(page_of(ScriptedNetlink().refuse(RTM_GETQDISC, EOPNOTSUPP)), "absent\n");
  EXPECT_THAT(page_of(ScriptedNetlink().refuse(RTM_GETQDISC, EPERM)), StartsWith("error: queueing disciplines"));
  EXPECT_THAT(page_of(ScriptedNetlink().say(RTM_GETQDISC, {})), StartsWith("error: network devices"));
  const auto none = make_qdisc_collector_from({}, nullptr);
  ASSERT_TRUE(none);
  EXPECT_EQ(samples_of(**none), "absent\n");
}

TEST(Qdisc, OfADeviceThatIsGoneIsLeftOut) { EXPECT_EQ(page_of(as_captured().say(RTM_GETLINK, {})), ""); }

}  // namespace
}  // namespace piman::agent
