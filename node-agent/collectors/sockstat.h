// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Sockets in use by protocol, from net/sockstat and net/sockstat6 under procfs.
namespace piman::agent {

/// The keys of a line that are reported, in the order of their names.
inline constexpr std::array<std::string_view, 7> kSockstatKeys = {"alloc",  "inuse", "mem", "memory",
                                                                  "orphan", "tw",    "used"};

/// "TCP: inuse 4 orphan 0 tw 4 alloc 17 mem 1".
struct SockstatLine {
  std::string_view protocol;  ///< "TCP"; "sockets" for the line of all sockets
  std::array<std::optional<std::int64_t>, kSockstatKeys.size()> values;
};
/// Nothing when it is not a protocol and pairs of key and whole number. Pure.
std::optional<SockstatLine> parse_sockstat_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_sockstat_collector(const CollectorContext& context);

}  // namespace piman::agent
