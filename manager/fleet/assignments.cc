// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/assignments.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "common/text.h"
#include "manager/fleet/text_file.h"

namespace piman::manager {
namespace {

constexpr std::size_t kFields = 3;

/// Reads one line into `out`; returns what is wrong with it, or nothing.
std::string read_line(std::string_view text, std::size_t line, ParsedAssignments& out) {
  const auto separators = static_cast<std::size_t>(std::count(text.begin(), text.end(), ';'));
  if (separators + 1 != kFields) {
    return concat(quote(text), " has ", separators + 1, " fields; a line is NODE;GROUP;IMAGE");
  }
  std::array<std::string_view, kFields> fields;
  for (std::string_view& field : fields) field = trim(next_until(text, ';'));
  const auto& [node, group, image] = fields;
  // Each of them is a folder's name.
  if (!is_host_name(node)) return concat(quote(node), " is no node's name");
  if (!group.empty() && !is_host_name(group)) return concat(quote(group), " is no group: A-Z a-z 0-9 . _ -");
  if (!image.empty() && !is_host_name(image)) return concat(quote(image), " is no image: A-Z a-z 0-9 . _ -");
  const auto [place, is_new] =
      out.by_node.try_emplace(std::string(node), Assignment{std::string(group), std::string(image), line});
  if (!is_new) return concat(node, " has an assignment in line ", place->second.line, " already");
  return {};
}

}  // namespace

ParsedAssignments parse_assignments(std::string_view csv) {
  ParsedAssignments parsed;
  std::size_t unlisted = 0;
  for (std::size_t line = 1; !csv.empty(); ++line) {
    const std::string_view text = trim(next_line(csv));
    if (text.empty() || text.front() == '#') continue;
    std::string problem = read_line(text, line, parsed);
    if (problem.empty()) continue;
    if (parsed.problems.size() < kMostInventoryProblems) {
      parsed.problems.push_back({line, std::move(problem)});
    } else {
      ++unlisted;
    }
  }
  if (unlisted > 0) parsed.problems.push_back({0, concat("and ", unlisted, " more problems")});
  return parsed;
}

Result<ParsedAssignments> read_assignments(const std::string& path) {
  auto text = read_text_file(path, kMostAssignmentBytes);
  if (!text) return tl::unexpected<Error>(std::move(text.error()));
  return *text ? parse_assignments(**text) : ParsedAssignments{};
}

std::vector<InventoryProblem> unknown_nodes(const ParsedAssignments& assignments, const std::vector<Host>& hosts) {
  std::set<std::string_view> names;
  for (const Host& host : hosts) names.insert(host.name);
  std::vector<InventoryProblem> problems;
  for (const auto& [node, assignment] : assignments.by_node) {
    if (names.contains(node)) continue;
    if (problems.size() == kMostInventoryProblems) break;
    problems.push_back({assignment.line, concat("no node ", node, " in the inventory")});
  }
  std::sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  return problems;
}

}  // namespace piman::manager
