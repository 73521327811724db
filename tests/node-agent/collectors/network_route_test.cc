// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/network_route.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>

#include "tests/node-agent/scripted_netlink.h"

namespace piman::agent {
namespace {

using test_netlink::Bytes;
using test_netlink::captured;
using test_netlink::samples_of;
using test_netlink::ScriptedNetlink;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string page_of(const ScriptedNetlink& answers) {
  return samples_of(*make_network_route_collector_from(answers.make()));
}

Bytes route_message(const ::rtmsg& head, Bytes attributes) {
  Bytes body = NetlinkBody(head).take();
  body.insert(body.end(), attributes.begin(), attributes.end());
  return encode_netlink_message(RTM_NEWROUTE, 0, 1, body);
}

::rtmsg unicast(unsigned char family, unsigned char bits) {
  ::rtmsg head{};
  head.rtm_family = family;
  head.rtm_dst_len = bits;
  head.rtm_type = RTN_UNICAST;
  return head;
}

// The same as node_exporter's page in the namespace that the capture is from, but for the order.
TEST(NetworkRoute, PageOfACapture) {
  EXPECT_EQ(
      page_of(ScriptedNetlink().say(RTM_GETLINK, captured("links")).say(RTM_GETROUTE, captured("routes"))),
      R"(node_network_route_info{dest="203.0.113.128/25",device="v1",gw="",priority="0",proto="unknown",src="",weight=""} 1
node_network_route_info{dest="default",device="v0",gw="192.0.2.254",priority="100",proto="dhcp",src="192.0.2.1",weight=""} 1
node_network_route_info{dest="192.0.2.0/24",device="v0",gw="",priority="0",proto="kernel",src="192.0.2.1",weight=""} 1
node_network_route_info{dest="198.51.100.0/24",device="v1",gw="",priority="0",proto="kernel",src="198.51.100.1",weight=""} 1
node_network_route_info{dest="203.0.113.0/25",device="v0",gw="",priority="0",proto="boot",src="",weight=""} 1
node_network_route_info{dest="203.0.113.0/24",device="v0",gw="192.0.2.2",priority="0",proto="boot",src="",weight="3"} 1
node_network_route_info{dest="203.0.113.0/24",device="v1",gw="198.51.100.2",priority="0",proto="boot",src="",weight="1"} 1
node_network_route_info{dest="2001:db8::/64",device="v0",gw="",priority="256",proto="kernel",src="",weight=""} 1
node_network_route_info{dest="2001:db8:1::/48",device="v0",gw="2001:db8::2",priority="1024",proto="boot",src="",weight="2"} 1
node_network_route_info{dest="2001:db8:1::/48",device="v0",gw="2001:db8::3",priority="1024",proto="boot",src="",weight="1"} 1
node_network_route_info{dest="fe80::/64",device="v1",gw="",priority="256",proto="kernel",src="",weight=""} 1
node_network_route_info{dest="fe80::/64",device="v0",gw="",priority="256",proto="kernel",src="",weight=""} 1
node_network_route_info{dest="default",device="v0",gw="2001:db8::fe",priority="512",proto="ra",src="",weight=""} 1
node_network_routes{device="v0"} 9
node_network_routes{device="v1"} 5
)");
}

TEST(NetworkRoute, ACaptureThatIsCut) {
  // The route that is in two tables counts twice.
  test_netlink::expect_whole_messages_only(captured("routes"), 14,
                                           [](NetlinkBytes bytes) { return parse_routes(bytes); });
}

TEST(NetworkRoute, WithoutAnswers) {
  EXPECT_EQ(samples_of(*make_network_route_collector_from(nullptr)), "absent\n");
  EXPECT_THAT(page_of({}), StartsWith("error: "));
  EXPECT_THAT(page_of(ScriptedNetlink().say(RTM_GETLINK, captured("links")).refuse(RTM_GETROUTE, EPERM)),
              StartsWith("error: routes: the kernel refuses to tell: Operation not permitted"));
  EXPECT_EQ(page_of(ScriptedNetlink().say(RTM_GETLINK, captured("links")).say(RTM_GETROUTE, {})), "");
}

TEST(NetworkRoute, OfADeviceThatIsGone) {
  const std::string page = page_of(ScriptedNetlink().say(RTM_GETLINK, {}).say(RTM_GETROUTE, captured("routes")));
  EXPECT_THAT(page, HasSubstr("node_network_routes{device=\"\"} 14\n"));
}

TEST(NetworkRoute, TheTreeOfAnotherMachineHasNone) {
  const test::TempTree tree({{"proc/net/route", ""}});
  CollectorContext context;
  context.paths = tree.host_paths();
  const auto collector = make_network_route_collector(context);
  ASSERT_TRUE(collector);
  EXPECT_EQ(samples_of(**collector), "absent\n");
}

TEST(NetworkRoute, OnlyThoseThatLeadSomewhere) {
  Bytes messages;
  for (const unsigned char type : {RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST, RTN_UNREACHABLE}) {
    ::rtmsg head = unicast(AF_INET, 0);
    head.rtm_type = type;
    messages = test_netlink::operator+(messages, route_message(head, {}));
  }
  messages = test_netlink::operator+(messages, route_message(unicast(AF_MPLS, 20), {}));
  EXPECT_TRUE(parse_routes(messages).value().empty());
}

TEST(NetworkRoute, BrokenMessages) {
  const Bytes three = {1, 2, 3};
  EXPECT_FALSE(parse_routes(encode_netlink_message(RTM_NEWROUTE, 0, 1, three)));
  EXPECT_FALSE(parse_routes(route_message(unicast(AF_INET, 24), {})));  // 24 bits of which address?
  EXPECT_FALSE(parse_routes(route_message(unicast(AF_INET, 24), NetlinkBody().add(RTA_DST, three).take())));
  EXPECT_FALSE(parse_routes(route_message(unicast(AF_INET, 0), NetlinkBody().add(RTA_OIF, three).take())));
  EXPECT_FALSE(parse_routes(route_message(unicast(AF_INET, 0), NetlinkBody().add(RTA_MULTIPATH, three).take())));
  for (const std::uint16_t length : std::initializer_list<std::uint16_t>{0, 7, 9, 0xffff}) {
    ::rtnexthop hop{};
    hop.rtnh_len = length;
    const Bytes paths = NetlinkBody(hop).take();
    EXPECT_FALSE(parse_routes(route_message(unicast(AF_INET, 0), NetlinkBody().add(RTA_MULTIPATH, paths).take())))
        << length;
  }
}

TEST(NetworkRoute, AddressesAsGoWritesThem) {
  const auto text = [](const char* address) {
    std::array<std::uint8_t, 16> bytes{};
    EXPECT_EQ(::inet_pton(AF_INET6, address, bytes.data()), 1) << address;
    return address_text(bytes).value_or("none");
  };
  for (const char* same : {"::", "::1", "fe80::", "2001:db8::1:0:0:1", "2001:0:0:1::1", "1:2:3:4:5:6:7:8",
                           "1:0:3:4:5:6:7:8", "1:2:3:4:5:6::", "::3:4:5:6:7:8", "abcd::ef01"}) {
    EXPECT_EQ(text(same), same);
  }
  EXPECT_EQ(text("::192.0.2.1"), "::c000:201");
  EXPECT_EQ(address_text(Bytes{192, 0, 2, 255}), "192.0.2.255");
  EXPECT_FALSE(address_text(Bytes{}));
  EXPECT_FALSE(address_text(Bytes(5)));
}

TEST(NetworkRoute, Protocols) {
  EXPECT_EQ(route_protocol_name(RTPROT_UNSPEC), "unspec");
  EXPECT_EQ(route_protocol_name(RTPROT_EIGRP), "eigrp");
  EXPECT_EQ(route_protocol_name(99), "unknown");
}

}  // namespace
}  // namespace piman::agent
