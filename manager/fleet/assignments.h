// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manager/fleet/inventory.h"

/// Which boot files a node gets: `NODE;GROUP;IMAGE`, one node a line, in assignments.csv at the boot root. Group and
/// image may be empty. Blank lines and lines that begin with '#' are skipped; everything else must be right.
namespace piman::manager {

inline constexpr std::size_t kMostAssignmentBytes = 4UL * 1024 * 1024;

struct Assignment {
  std::string group;  ///< whose overlay; empty: none
  std::string image;  ///< whose files lie below the overlays; empty: the default image
  std::size_t line = 0;
};

struct ParsedAssignments {
  std::map<std::string, Assignment, std::less<>> by_node;
  std::vector<InventoryProblem> problems;  ///< in the order of their lines
};

/// Pure. A line with a problem is not used; the others are. A node's second line is a problem.
ParsedAssignments parse_assignments(std::string_view csv);
/// A missing file is no problem: no node has an assignment then. Errors: unreadable or too long; they name the path.
Result<ParsedAssignments> read_assignments(const std::string& path);
/// A problem for each assignment of a node that the inventory lacks.
std::vector<InventoryProblem> unknown_nodes(const ParsedAssignments& assignments, const std::vector<Host>& hosts);

}  // namespace piman::manager
