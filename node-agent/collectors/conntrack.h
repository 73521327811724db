// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "node-agent/collector.h"

/// Connections that the packet filter tracks, from sys/net/netfilter and net/stat/nf_conntrack under procfs.
namespace piman::agent {

/// What happened to the connection table since boot, over all CPUs.
struct ConntrackStatistics {
  std::uint64_t found = 0, invalid = 0, ignore = 0, insert = 0, insert_failed = 0, drop = 0, early_drop = 0;
  std::uint64_t search_restart = 0;
};
/// Adds up the lines of nf_conntrack: a heading, then one line of 17 hexadecimal columns a CPU.
/// Errors: a line that is none. Source: net/netfilter/nf_conntrack_standalone.c of the kernel.
Result<ConntrackStatistics> parse_conntrack_statistics(std::string_view content);

Result<std::unique_ptr<Collector>> make_conntrack_collector(const CollectorContext& context);

}  // namespace piman::agent
