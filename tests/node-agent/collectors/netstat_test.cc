// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/netstat.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kNetstat =
    "TcpExt: SyncookiesSent SyncookiesRecv TW ListenDrops\n"
    "TcpExt: 1 2 300 4\n"
    "IpExt: InNoRoutes InOctets OutOctets\n"
    "IpExt: 0 6286396970 2786264347\n";
constexpr std::string_view kSnmp =
    "Ip: Forwarding DefaultTTL\n"
    "Ip: 1 64\n"
    "Tcp: RtoMax MaxConn ActiveOpens InErrs\n"
    "Tcp: 120000 -1 3556 5\n"
    "Udp: InDatagrams NoPorts\n"
    "Udp: 88542 120\n";
constexpr std::string_view kSnmp6 =
    "Ip6InReceives                   \t7\n"
    "Ip6InOctets                     \t460\n"
    "Icmp6InMsgs                     \t0\n"
    "Udp6RcvbufErrors                \t9\n"
    "Something                       \t1\n";

TEST(Netstat, TheDefaultFields) {
  TempTree tree({{"proc/net/netstat", kNetstat}, {"proc/net/snmp", kSnmp}, {"proc/net/snmp6", kSnmp6}});
  CollectorHarness harness("netstat", tree.path());
  const std::string expected =
      "node_netstat_Icmp6_InMsgs 0\n"
      "node_netstat_Ip6_InOctets 460\n"
      "node_netstat_IpExt_InOctets 6.28639697e+09\n"
      "node_netstat_IpExt_OutOctets 2.786264347e+09\n"
      "node_netstat_Ip_Forwarding 1\n"
      "node_netstat_TcpExt_ListenDrops 4\n"
      "node_netstat_TcpExt_SyncookiesRecv 2\n"
      "node_netstat_TcpExt_SyncookiesSent 1\n"
      "node_netstat_Tcp_ActiveOpens 3556\n"
      "node_netstat_Tcp_InErrs 5\n"
      "node_netstat_Udp6_RcvbufErrors 9\n"
      "node_netstat_Udp_InDatagrams 88542\n"
      "node_netstat_Udp_NoPorts 120\n";
  EXPECT_EQ(harness.page(), expected);
  EXPECT_EQ(harness.page(), expected);
  EXPECT_THAT(harness.text(), HasSubstr("# TYPE node_netstat_Tcp_InErrs untyped\n"));
}

TEST(Netstat, FieldsCanBeChosen) {
  TempTree tree({{"proc/net/netstat", kNetstat}, {"proc/net/snmp", kSnmp}});
  CollectorHarness harness("netstat", tree.path());
  harness.set_option("netstat.fields", "^Tcp_MaxConn$|_TW$");
  EXPECT_EQ(harness.page(), "node_netstat_TcpExt_TW 300\nnode_netstat_Tcp_MaxConn -1\n");
}

TEST(Netstat, AHeadingThatChangesIsReadAnew) {
  TempTree tree({{"proc/net/netstat", kNetstat}, {"proc/net/snmp", kSnmp}, {"proc/net/snmp6", kSnmp6}});
  CollectorHarness harness("netstat", tree.path());
  harness.page();
  tree.put("proc/net/netstat", "IpExt: OutOctets InOctets\nIpExt: 1 2\n");
  tree.put("proc/net/snmp6", "Icmp6InMsgs 5\n");
  const std::string page = harness.page();
  EXPECT_THAT(page, HasSubstr("node_netstat_IpExt_InOctets 2\nnode_netstat_IpExt_OutOctets 1\n"));
  EXPECT_THAT(page, HasSubstr("node_netstat_Icmp6_InMsgs 5\n"));
  EXPECT_THAT(page, Not(HasSubstr("TcpExt")));
  EXPECT_THAT(page, Not(HasSubstr("Ip6_InOctets")));
}

TEST(Netstat, ParsesNames) {
  EXPECT_THAT(parse_netstat_heading("Tcp: A B").value(), ElementsAre("Tcp_A", "Tcp_B"));
  EXPECT_FALSE(parse_netstat_heading(""));
  EXPECT_FALSE(parse_netstat_heading(":"));
  EXPECT_FALSE(parse_netstat_heading("Tcp A B"));
  EXPECT_EQ(snmp6_name("Icmp6OutType143"), "Icmp6_OutType143");
  EXPECT_EQ(snmp6_name("Udp"), std::nullopt);
}

TEST(Netstat, OneBadFileIsAnErrorAndTheOthersStand) {
  TempTree tree({{"proc/net/netstat", "IpExt: InOctets OutOctets\nIpExt: 1\n"}, {"proc/net/snmp", kSnmp}});
  std::string page = CollectorHarness("netstat", tree.path()).page();
  EXPECT_THAT(page, HasSubstr("netstat: 2 names and 1 numbers"));
  EXPECT_THAT(page, HasSubstr("node_netstat_Udp_NoPorts 120\n"));
  tree.put("proc/net/netstat", "IpExt: InOctets OutOctets\nIpExt: 1 x\n");
  EXPECT_THAT(CollectorHarness("netstat", tree.path()).page(), HasSubstr("netstat: no number: \"x\""));
  tree.remove("proc/net/netstat");
  page = CollectorHarness("netstat", tree.path()).page();
  EXPECT_THAT(page, HasSubstr("net/netstat: No such file"));
  EXPECT_THAT(page, HasSubstr("node_netstat_Udp_NoPorts 120\n"));
}

TEST(Netstat, SurvivesTruncation) {
  expect_survives_truncation("netstat", "proc/net/netstat", kNetstat);
  expect_survives_truncation("netstat", "proc/net/snmp", kSnmp);
  expect_survives_truncation("netstat", "proc/net/snmp6", kSnmp6);
}

}  // namespace
}  // namespace piman::agent
