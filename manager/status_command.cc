// SPDX-License-Identifier: Apache-2.0
#include "manager/status_command.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/text.h"
#include "manager/server_client.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

const std::array<Flag, 3>& flags() {
  static const std::array<Flag, 3> kFlags = {{
      {"server", "URL", "http://127.0.0.1:8080", "The piman server to ask.", false},
      {"json", "", "false", "Print the server's answer (GET /api/v1/nodes) as it is, for programs.", false},
      {"help", "", "false", "Print this help.", false},
  }};
  return kFlags;
}

constexpr std::string_view kHelp =
    "usage: piman status [FLAGS]\n"
    "\n"
    "Shows the nodes of a running piman server: where each stands, its load, and why one is not up.\n"
    "Exit code: 0 every node is up, 1 some are not, 2 wrong usage, 3 no server answers.\n"
    "Colours only on a terminal, and not where NO_COLOR is set.\n"
    "\n"
    "flags:\n";

std::string whole(const std::optional<double>& value, std::string_view unit) {
  if (!value) return std::string(kUnknown);
  return concat(static_cast<std::int64_t>(std::llround(*value)), unit);
}

std::string age(double now, const std::optional<double>& then) {
  return then ? short_duration(now - *then) : std::string(kUnknown);
}

using Row = TextTable::Row;
constexpr std::size_t kPhaseColumn = 1;
const Row& headings() {
  static const Row kHeadings = {"NODE", "STATE",  "FOR",  "ADDRESS", "MODEL", "UPTIME",
                                "CPU",  "MEMORY", "DISK", "TEMP",    "SEEN",  "WHY"};
  return kHeadings;
}
/// Numbers stand right, so that their digits line up.
constexpr std::array<bool, 12> kRightAligned = {false, false, true, false, false, true,
                                                true,  true,  true, true,  true,  false};

/// What went wrong; while a node is under way, nobody expects its agent to answer.
std::string why_not_up(const api::FleetView::Node& node) {
  std::string why = node.stuck ? "stuck" : "";
  if (node.phase_percent) why += concat(why.empty() ? "" : ", ", static_cast<int>(*node.phase_percent), "%");
  const bool has_error = node.phase_detail.empty() && (node.phase == "down" || node.phase == "agent-down");
  const std::string& text = has_error ? node.error : node.phase_detail;
  if (!text.empty()) why += concat(why.empty() ? "" : ", ", text);
  return why;
}

Row row_of(const api::FleetView::Node& node, double now) {
  // A node that isn't up has no load now; what it said last would mislead.
  const bool up = node.phase == "up";
  const auto now_only = [up](const std::optional<double>& value) { return up ? value : std::nullopt; };
  const auto uptime = now_only(node.uptime_seconds);
  return {
      printable(node.name),
      printable(node.phase),
      age(now, node.phase_since),
      printable(node.address),
      short_model(node.model),
      uptime ? short_duration(*uptime) : std::string(kUnknown),
      whole(now_only(node.cpu_percent), "%"),
      whole(now_only(node.memory_percent), "%"),
      whole(now_only(node.disk_percent), "%"),
      whole(now_only(node.temperature_celsius), "C"),
      node.last_seen ? age(now, node.last_seen) : std::string("never"),
      printable(why_not_up(node)),
  };
}

std::string heading_line(const api::FleetView& fleet) {
  std::vector<std::pair<std::string, std::size_t>> counts;  // few phases, in the order of their first node
  for (const auto& node : fleet.nodes) {
    if (node.phase == "up") continue;
    const auto found = std::find_if(counts.begin(), counts.end(), [&](const auto& c) { return c.first == node.phase; });
    if (found == counts.end()) {
      counts.emplace_back(node.phase, 1);
    } else {
      ++found->second;
    }
  }
  const auto up = std::count_if(fleet.nodes.begin(), fleet.nodes.end(), [](const auto& n) { return n.phase == "up"; });
  std::string line = concat(printable(fleet.site), ": ", up, " of ", fleet.nodes.size(),
                            fleet.nodes.size() == 1 ? " node up" : " nodes up");
  for (const auto& [phase, count] : counts) line += concat(", ", count, ' ', printable(phase));
  return line + '\n';
}

int no_server(const std::string& url, const Error& error) {
  std::fputs(concat("piman status: no piman server at ", printable(url), ": ", printable(error.message),
                    "; start one with \"piman server\", or name another with --server=URL\n")
                 .c_str(),
             stderr);
  return kStatusNoServer;
}

int wrong_usage(const std::string& problem) {
  std::fputs(concat("piman status: ", problem, "\n").c_str(), stderr);
  return kStatusUsage;
}

}  // namespace

std::string render_status(const api::FleetView& fleet, bool colours) {
  std::string out = heading_line(fleet);
  if (fleet.nodes.empty()) return out + "Add a line for each node to the server's hosts file: MAC;IP;NAME;0\n";
  TextTable table(headings(), kRightAligned);
  for (const auto& node : fleet.nodes) table.add(row_of(node, fleet.now));
  if (colours) table.colour(kPhaseColumn, phase_colour);
  return out + table.render();
}

int run_status(std::span<const char* const> arguments) {
  const ParsedFlags parsed = parse_flags(flags(), arguments);
  if (!parsed.problems.empty()) return wrong_usage(parsed.problems.front());
  if (parsed.is_on(flags(), "help")) {
    print(concat(kHelp, render_flags_help(flags())));
    return kStatusAllUp;
  }
  if (!parsed.arguments.empty()) return wrong_usage(concat("unexpected argument ", quote(parsed.arguments.front())));
  const std::string url = parsed.value(flags(), "server");
  const auto server = parse_server_url(url);
  if (!server) return wrong_usage(server.error().message);

  const auto body = ask_server(*server, "/api/v1/nodes");
  if (!body) return no_server(url, body.error());
  if (body->status == 401) {
    std::fputs("piman status: this server is read with its token only: name the token's file with PIMAN_TOKEN_FILE\n",
               stderr);
    return kStatusNoServer;
  }
  if (body->status != 200) return no_server(url, Error{concat("it answered with HTTP status ", body->status)});
  const auto fleet = api::parse_nodes_json(body->body);
  if (!fleet) return no_server(url, fleet.error());
  if (parsed.is_on(flags(), "json")) {
    print(body->body);
  } else {
    print(render_status(*fleet, wants_colours()));
  }
  const bool all_up =
      std::all_of(fleet->nodes.begin(), fleet->nodes.end(), [](const auto& node) { return node.phase == "up"; });
  return all_up ? kStatusAllUp : kStatusSomeNotUp;
}

}  // namespace piman::manager
