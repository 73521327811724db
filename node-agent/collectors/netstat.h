// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node-agent/collector.h"

/// Counters of the network protocols, from net/netstat, net/snmp and net/snmp6 under procfs.
namespace piman::agent {

/// The names of a heading line of net/snmp or net/netstat, each with its protocol in front: "Tcp: InSegs OutSegs" is
/// "Tcp_InSegs", "Tcp_OutSegs". Nothing when there is no protocol. Source: proc(5), "/net/snmp".
std::optional<std::vector<std::string>> parse_netstat_heading(std::string_view line);

/// The name of a line of net/snmp6: "Icmp6InMsgs" is "Icmp6_InMsgs". Nothing when it has no 6 in it.
std::optional<std::string> snmp6_name(std::string_view key);

Result<std::unique_ptr<Collector>> make_netstat_collector(const CollectorContext& context);

}  // namespace piman::agent
