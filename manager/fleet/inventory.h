// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manager/fleet/node.h"

/// The inventory file, hosts.csv: `MAC;IPv4;name;last_used`, one node a line, as the Python system writes it. Tolerant
/// of what that system and people make of it: blank lines, CRLF, an empty name or time, upper- or lower-case addresses,
/// lines that begin with '#'. A line with a problem is not used; the others are.
namespace piman::manager {

inline constexpr std::size_t kMostInventoryBytes = 1024UL * 1024;
inline constexpr std::size_t kMostHosts = 65'536;
inline constexpr std::size_t kMostHostNameBytes = 64;
/// More problems than this are counted, not listed: someone pointed at the wrong file.
inline constexpr std::size_t kMostInventoryProblems = 100;

/// "hosts.csv:3: ..."
struct InventoryProblem {
  std::size_t line = 0;  ///< 1-based; 0 when the problem has no line
  std::string message;

  std::string to_string(std::string_view file) const;
};

struct ParsedInventory {
  std::vector<Host> hosts;                 ///< in the order of the file
  std::size_t bytes = 0;                   ///< of the file
  std::vector<InventoryProblem> problems;  ///< in the order of their lines
};

/// Pure. An empty name becomes "pi" and the last number of the address. MAC, address and name must be unique; the first
/// line that has one keeps it.
ParsedInventory parse_hosts(std::string_view csv);

/// A missing file is an empty inventory with one problem that says so.
/// Errors: unreadable or longer than kMostInventoryBytes; they name the path.
Result<ParsedInventory> read_inventory(const std::string& path);

/// Whether `name` may be a node's: 1 to 64 of A-Z a-z 0-9 . _ - of which the first is no dot or dash. Such a name is
/// safe in a URL, a file name, a label and a shell.
bool is_host_name(std::string_view name);

}  // namespace piman::manager
