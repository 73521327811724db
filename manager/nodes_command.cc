// SPDX-License-Identifier: Apache-2.0
#include "manager/nodes_command.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "common/http_types.h"
#include "common/text.h"
#include "manager/api/event_json.h"
#include "manager/api_command.h"
#include "manager/events_command.h"
#include "manager/fleet/selection.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

constexpr std::size_t kPhaseColumn = 1;
constexpr std::size_t kShownBoots = 5, kShownInstalls = 3, kShownEvents = 10;
/// The server takes request lines of 16 KiB.
constexpr std::size_t kMostPathBytes = 12'000;

std::string or_unknown(const std::string& text) { return text.empty() ? std::string(kUnknown) : printable(text); }

WallTime time_of(double unix_seconds) {
  constexpr double kMost = 4e9;  // beyond it no clock of ours goes
  const double bounded = std::isfinite(unix_seconds) ? std::clamp(unix_seconds, 0.0, kMost) : 0;
  return WallTime(std::chrono::milliseconds(std::llround(bounded * 1000)));
}

/// "48%, kernel8.img, block 7": where a node stands in its phase.
std::string standing(const api::FleetView::Node& node) {
  std::string words = node.stuck ? "stuck" : "";
  const auto add = [&words](const std::string& more) {
    if (!more.empty()) words += concat(words.empty() ? "" : ", ", more);
  };
  if (node.phase_percent) add(concat(static_cast<int>(*node.phase_percent), '%'));
  add(node.phase_detail);
  if (node.phase_detail.empty() && (node.phase == "down" || node.phase == "agent-down")) add(node.error);
  return printable(words);
}

std::string path_of(std::span<const std::string> words) {
  std::string path = "/api/v1/nodes";
  for (const std::string& word : words) {
    path += concat(path.find('?') == std::string::npos ? '?' : '&', "node=", http::percent_encoded(word));
  }
  return path;
}

std::string percent(const std::optional<double>& value, std::string_view unit) {
  return value ? concat(std::llround(*value), unit) : std::string(kUnknown);
}

std::string render_facts(const api::NodeView& view, bool colours) {
  const api::FleetView::Node& node = view.node;
  const std::string age = node.phase_since ? short_duration(view.now - *node.phase_since) : std::string(kUnknown);
  const std::string where = standing(node);
  std::string out = concat(printable(node.name), ": ", colours ? phase_colour(node.phase) : "", printable(node.phase),
                           colours ? "\x1b[0m" : "", " for ", age, where.empty() ? "" : ": ", where, '\n');
  const auto line = [&out](std::string_view name, const std::string& text) {
    out += concat("  ", name, std::string(12 - name.size(), ' '), text, '\n');
  };
  line("address", concat(or_unknown(node.address), ", ", or_unknown(node.mac)));
  line("model", or_unknown(node.model));
  line("last seen", node.last_seen ? concat(local_time(time_of(*node.last_seen)), ", ",
                                            short_duration(view.now - *node.last_seen), " ago")
                                   : std::string("never"));
  if (node.last_seen) {
    const bool is_now = node.phase == "up";
    line(is_now ? "load" : "load then",
         concat("CPU ", percent(node.cpu_percent, "%"), ", memory ", percent(node.memory_percent, "%"), ", disk ",
                percent(node.disk_percent, "%"), ", ", percent(node.temperature_celsius, " C")));
    if (is_now && node.uptime_seconds) line("uptime", short_duration(*node.uptime_seconds));
  }
  if (view.failed_boots > 0) {
    line("boots",
         concat(std::llround(view.failed_boots), view.failed_boots > 1 ? " in a row" : "", " came to nothing"));
  }
  return out;
}

std::string render_phases(const api::NodeView& view, bool colours) {
  static constexpr std::array<bool, 3> kRightAligned = {false, false, true};
  TextTable table({"SINCE", "PHASE", "TOOK"}, kRightAligned);
  if (colours) table.colour(kPhaseColumn, phase_colour);
  for (const auto& span : view.phases) {
    table.add({local_time(time_of(span.since)), printable(span.phase), short_duration(span.seconds)});
  }
  return "\nPhases\n" + table.render();
}

std::string render_boots(const api::BootsView& view) {
  if (view.boots.empty()) return {};
  static constexpr std::array<bool, 5> kRightAligned = {false, false, true, false, false};
  TextTable table({"STARTED", "STATE", "TOOK", "MODEL", "WHERE"}, kRightAligned);
  for (std::size_t i = 0; i < std::min(view.boots.size(), kShownBoots); ++i) {
    const Boot& boot = view.boots[i];
    const double took = static_cast<double>(boot.booted_ms.value_or(boot.last_ms)) / 1000;
    table.add({local_time(boot.started), std::string(to_string(boot.state)), short_duration(took),
               or_unknown(boot.model), printable(stuck_at(boot))});
  }
  return "\nBoots\n" + table.render();
}

std::string image_words(const std::string& image, const std::string& version) {
  return version.empty() ? or_unknown(image) : concat(printable(image), '@', printable(version));
}

std::string render_installs(const api::InstallsView& view) {
  std::string out = "\nCard\n";
  if (view.card_state == "installed") {
    out += concat(image_words(view.card_image, view.card_version), ", since ", local_time(time_of(view.card_installed)),
                  '\n');
  } else {
    out += view.card_state == "never" ? "nothing was installed from here\n"
                                      : "an install was begun and did not end well\n";
  }
  if (view.installs.empty()) return out;
  static constexpr std::array<bool, 5> kRightAligned = {false, false, false, true, false};
  TextTable table({"INSTALL", "IMAGE", "RESULT", "TOOK", "WHY"}, kRightAligned);
  for (std::size_t i = 0; i < std::min(view.installs.size(), kShownInstalls); ++i) {
    const auto& install = view.installs[i];
    std::string why = install.cause;
    if (!install.stage.empty()) why += concat(", ended in ", install.stage);
    if (!install.reason.empty()) why += concat(": ", install.reason);
    table.add({local_time(time_of(install.started)), image_words(install.image, install.version),
               install.result.empty() ? "goes on" : printable(install.result),
               install.ended > 0 ? short_duration(install.ended - install.started) : std::string(kUnknown),
               printable(why)});
  }
  return out + table.render();
}

/// What the server has of the node beside the facts; empty: it has none of that kind.
std::string ask_more(const ApiCommand& command, const ParsedFlags& parsed, const std::string& path) {
  const auto server = parse_server_url(parsed.value(command.flags, "server"));
  const auto answer = server ? ask_server(*server, path) : Result<ServerAnswer>(fail(""));
  return answer && answer->status == 200 ? answer->body : std::string();
}

std::string or_null(const std::string& body) { return body.empty() ? "null" : std::string(trim(body)); }

}  // namespace

std::string render_nodes(const api::FleetView& fleet, bool colours) {
  static constexpr std::array<bool, 8> kRightAligned = {false, false, true, false, false, false, true, false};
  TextTable table({"NODE", "PHASE", "FOR", "ADDRESS", "MAC", "MODEL", "SEEN", "WHERE"}, kRightAligned);
  if (colours) table.colour(kPhaseColumn, phase_colour);
  const auto age = [&](const std::optional<double>& then, std::string_view none) {
    return then ? short_duration(fleet.now - *then) : std::string(none);
  };
  for (const auto& node : fleet.nodes) {
    table.add({printable(node.name), printable(node.phase), age(node.phase_since, kUnknown), or_unknown(node.address),
               or_unknown(node.mac), short_model(node.model), age(node.last_seen, "never"), standing(node)});
  }
  return table.render();
}

std::string render_node(const NodePicture& picture, bool colours) {
  std::string out = render_facts(picture.facts, colours) + render_phases(picture.facts, colours);
  if (picture.boots) out += render_boots(*picture.boots);
  if (picture.installs) out += render_installs(*picture.installs);
  if (!picture.events.empty()) out += "\nEvents\n" + render_events(picture.events, colours);
  return out;
}

int run_nodes_command(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {server_flag(), json_flag(), help_flag()};
  static const ApiCommand kCommand = {
      "nodes",
      "Usage: piman nodes [NODE ...] [FLAG ...]\n\n"
      "Shows nodes and where each stands; without a NODE all of them. NODE is a number (the last part of the node's\n"
      "address: 7), a range of them (2-9), a name, a hardware address, LABEL=VALUE (phase, stuck, group, image, "
      "switch),\n"
      "or all. One word that fits no node, or two, is an error.\n"
      "Exit code: 0 done, 1 a word fits no node or two, 2 wrong usage, 3 no server answers.\n\n"
      "Examples:\n"
      "  piman nodes\n"
      "  piman nodes 2-9 pi17\n"
      "  piman nodes stuck=true\n"
      "  piman nodes phase=down --json | jq -r '.data.nodes[].name'\n",
      kFlags, kMostSelectionWords, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const std::string path = path_of(call.parsed.arguments);
  if (path.size() > kMostPathBytes) return fail_command(kCommand, "that are too many words", kApiUsage);
  const ApiReply reply = ask(kCommand, call.parsed, path);
  if (reply.exit) return *reply.exit;
  const auto fleet = api::parse_nodes_json(reply.body);
  if (!fleet) return fail_command(kCommand, fleet.error().message, kApiNoServer);
  print(call.parsed.is_on(kFlags, "json") ? reply.body : render_nodes(*fleet, wants_colours()));
  return kApiGood;
}

int run_node_command(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {
      {server_flag(),
       {"json", "", "false", "Print an object with the server's answers: node, boots, installs, events.", false},
       help_flag()}};
  static const ApiCommand kCommand = {
      "node",
      "Usage: piman node NODE [FLAG ...]\n\n"
      "Shows all that is known of one node: where it stands and for how long, its last phases, boots, installs, "
      "events.\n"
      "NODE is as for piman nodes, and must fit one.\n"
      "Exit code: 0 done, 1 there is no such node, 2 wrong usage, 3 no server answers.\n\n"
      "Examples:\n"
      "  piman node pi7\n"
      "  piman node 7\n"
      "  piman node dc:a6:32:00:00:01 --json\n",
      kFlags, 1, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  ApiReply reply = ask(kCommand, call.parsed, path_of(call.parsed.arguments));
  if (reply.exit) return *reply.exit;
  const auto fleet = api::parse_nodes_json(reply.body);
  if (!fleet) return fail_command(kCommand, fleet.error().message, kApiNoServer);
  if (fleet->nodes.size() != 1) {
    return fail_command(kCommand,
                        concat(quote(call.parsed.arguments.front()), " means ", fleet->nodes.size(),
                               " nodes; piman nodes shows several"),
                        kApiUsage);
  }
  const std::string name = http::percent_encoded(fleet->nodes.front().name);
  reply = ask(kCommand, call.parsed, concat("/api/v1/nodes/", name));
  if (reply.exit) return *reply.exit;
  const std::string boots = ask_more(kCommand, call.parsed, concat("/api/v1/nodes/", name, "/boots"));
  const std::string installs = ask_more(kCommand, call.parsed, concat("/api/v1/nodes/", name, "/installs"));
  const std::string events =
      ask_more(kCommand, call.parsed, concat("/api/v1/events?limit=", kShownEvents, "&node=", name));
  if (call.parsed.is_on(kFlags, "json")) {
    print(concat("{\"node\":", trim(reply.body), ",\"boots\":", or_null(boots), ",\"installs\":", or_null(installs),
                 ",\"events\":", or_null(events), "}\n"));
    return kApiGood;
  }
  auto facts = api::parse_node_json(reply.body);
  if (!facts) return fail_command(kCommand, facts.error().message, kApiNoServer);
  NodePicture picture;
  picture.facts = std::move(*facts);
  if (auto view = api::parse_boots_json(boots)) picture.boots = std::move(*view);
  if (auto view = api::parse_installs_json(installs)) picture.installs = std::move(*view);
  if (auto page = api::parse_events_json(events)) picture.events = std::move(page->events);
  print(render_node(picture, wants_colours()));
  return kApiGood;
}

}  // namespace piman::manager
