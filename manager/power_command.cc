// SPDX-License-Identifier: Apache-2.0
#include "manager/power_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <system_error>

#include "common/flags.h"
#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/api_command.h"
#include "manager/command_words.h"
#include "manager/config_file.h"
#include "manager/fleet/inventory.h"
#include "manager/orders_command.h"
#include "manager/power/make_switch.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

using power::PortState;

/// A JSON text; what comes in is from switches and files, and made printable.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : to_valid_utf8(printable(text))) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string json_list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += concat(out.size() > 1 ? ",\n " : "", item);
  return out + "]\n";
}

std::string on_off(const std::optional<bool>& on) { return on ? (*on ? "on" : "off") : std::string(kUnknown); }

int show(std::span<const char* const> arguments) {
  const std::array<Flag, 3> flags = {{config_flag(), json_flag(), help_flag()}};
  const ApiCommand command{
      "power show",
      "Usage: piman power show [NODE ...] [FLAG ...]\n\n"
      "Asks the switches of the section power what they say of the ports of these nodes, or of all.\n\n"
      "Examples:\n  piman power show\n  piman power show pi7 --json\n",
      flags, 4096, 0};
  const ApiCall call = read_command_line(command, arguments);
  if (call.exit) return *call.exit;
  const auto config = load_config(command, call.parsed);
  if (!config) return kApiUsage;
  for (const std::string& node : call.parsed.arguments) {
    if (config->power.switch_of(node) == nullptr) {
      return fail_command(command, concat(quote(node), ": no switch of the section power has a port for it"),
                          kApiUsage);
    }
  }
  static constexpr std::array<bool, 6> kRightAligned = {false, false, true, false, false, true};
  TextTable table({"NODE", "SWITCH", "PORT", "POWER", "DETECTION", "WATTS"}, kRightAligned);
  std::vector<std::string> items;
  int exit = kApiGood;
  for (const power::SwitchConfig& each : config->power.switches) {
    const auto made = power::make_switch(each);
    bool silent = false;
    for (const auto& [node, port] : each.ports) {
      const auto& wanted = call.parsed.arguments;
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), node) == wanted.end()) continue;
      Result<PortState> state = fail("its switch did not answer");
      if (!made) state = tl::unexpected<Error>(made.error());
      if (made && !silent) state = (*made)->read({node, port});
      if (!state) {
        if (!silent) fail_command(command, state.error().message, kApiNotGood);
        // A dead switch is waited for once, not once for each of its ports.
        silent = !made || state.error().message.find("no answer") != std::string::npos;
        exit = kApiNotGood;
      }
      const PortState said = state ? *state : PortState{};
      table.add({node, each.name, concat(port), on_off(said.admin_on), std::string(to_word(said.detection)),
                 said.delivered_watts ? concat(*said.delivered_watts) : std::string(kUnknown)});
      items.push_back(concat("{\"node\":", json_text(node), ",\"switch\":", json_text(each.name), ",\"port\":", port,
                             ",\"on\":", said.admin_on ? (*said.admin_on ? "true" : "false") : "null",
                             ",\"detection\":", json_text(to_word(said.detection)),
                             ",\"watts\":", said.delivered_watts ? concat(*said.delivered_watts) : "null",
                             ",\"error\":", state ? "null" : json_text(state.error().message), "}"));
    }
  }
  print(call.parsed.is_on(flags, "json") ? json_list(items) : table.render());
  return exit;
}

/// Makes the file; one that is there stays as it is.
Result<void> write_new_file(const std::string& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file.valid()) return fail(concat(path, ": ", std::generic_category().message(errno)));
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(concat(path, ": ", std::generic_category().message(errno)));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

int map(std::span<const char* const> arguments) {
  const std::array<Flag, 4> flags = {{
      config_flag(),
      json_flag(),
      {"write", "FILE", "", "Makes this file, with the ports as the configuration takes them. One that is there stays.",
       false},
      help_flag(),
  }};
  const ApiCommand command{
      "power map",
      "Usage: piman power map [FLAG ...]\n\n"
      "Asks each switch of the section power which hardware addresses it learned at which port, and\n"
      "names the nodes of the inventory. The ports are those of its bridge: compare them with the\n"
      "numbers of its PoE ports before you use them.\n\n"
      "Examples:\n  piman power map\n  piman power map --write=ports.yml\n",
      flags, 0, 0};
  const ApiCall call = read_command_line(command, arguments);
  if (call.exit) return *call.exit;
  const auto config = load_config(command, call.parsed);
  if (!config) return kApiUsage;
  const auto inventory = read_inventory(config->inventory.hosts_file);
  if (!inventory) return fail_command(command, inventory.error().message, kApiUsage);
  int exit = kApiGood;
  std::vector<MapRow> rows;
  for (const power::SwitchConfig& each : config->power.switches) {
    if (each.kind != power::SwitchConfig::Kind::kSnmp) continue;
    const auto made = power::make_switch(each);
    const auto learned =
        made ? (*made)->learn() : Result<std::vector<power::LearnedAddress>>(tl::unexpected<Error>(made.error()));
    if (!learned) {
      exit = fail_command(command, learned.error().message, kApiNotGood);
      continue;
    }
    const auto more = map_rows(each.name, *learned, inventory->hosts);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  static constexpr std::array<bool, 5> kRightAligned = {false, false, true, false, false};
  TextTable table({"SWITCH", "MAC", "PORT", "NODE", "NOTE"}, kRightAligned);
  std::vector<std::string> items;
  for (const MapRow& row : rows) {
    table.add({row.power_switch, row.learned.mac.to_string(), concat(row.learned.bridge_port),
               row.node.empty() ? std::string(kUnknown) : row.node,
               row.on_the_port > 1 ? concat(row.on_the_port, " addresses there") : ""});
    items.push_back(concat("{\"switch\":", json_text(row.power_switch),
                           ",\"mac\":", json_text(row.learned.mac.to_string()), ",\"port\":", row.learned.bridge_port,
                           ",\"if_index\":", row.learned.if_index ? concat(*row.learned.if_index) : "null",
                           ",\"node\":", row.node.empty() ? "null" : json_text(row.node),
                           ",\"addresses_on_port\":", row.on_the_port, "}"));
  }
  print(call.parsed.is_on(flags, "json") ? json_list(items) : table.render());
  const std::string file = call.parsed.value(flags, "write");
  if (file.empty()) return exit;
  if (const auto written = write_new_file(file, render_map_yaml(rows)); !written) {
    return fail_command(command, written.error().message, kApiNotGood);
  }
  return exit;
}

}  // namespace

std::vector<MapRow> map_rows(const std::string& power_switch, const std::vector<power::LearnedAddress>& learned,
                             const std::vector<Host>& hosts) {
  std::map<MacAddress, std::string> names;
  for (const Host& host : hosts) names.emplace(host.mac, host.name);
  std::map<std::uint32_t, std::size_t> on_port;
  for (const power::LearnedAddress& each : learned) ++on_port[each.bridge_port];
  std::vector<MapRow> rows;
  for (const power::LearnedAddress& each : learned) {
    const auto name = names.find(each.mac);
    rows.push_back({power_switch, each, name == names.end() ? std::string() : name->second, on_port[each.bridge_port]});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const MapRow& a, const MapRow& b) { return a.learned.bridge_port < b.learned.bridge_port; });
  return rows;
}

std::string render_map_yaml(const std::vector<MapRow>& rows) {
  std::string out = "# Ports as the bridge numbers them; compare with the PoE ports. For power.switches:\n";
  std::string current;
  for (const MapRow& row : rows) {
    if (row.node.empty() || row.on_the_port > 1) continue;
    if (row.power_switch != current) out += concat("# ", row.power_switch, "\nports:\n");
    current = row.power_switch;
    out += concat("  ", row.node, ": ", row.learned.bridge_port, '\n');
  }
  return out;
}

int run_power_command(std::span<const char* const> arguments) {
  constexpr std::string_view kUsage =
      "Usage: piman power on|off|cycle|show|map [FLAG ...]\n\n"
      "  on, off, cycle  switches nodes\n"
      "  show            what the switches say of the nodes' ports\n"
      "  map             which hardware address hangs on which port\n\n"
      "Examples:\n"
      "  piman power off 7\n"
      "  piman power show\n"
      "  piman power map --json\n";
  static constexpr auto kWords = std::to_array<CommandWord>({
      {"on", [](std::span<const char* const> nodes) { return run_power_order("on", nodes); }},
      {"off", [](std::span<const char* const> nodes) { return run_power_order("off", nodes); }},
      {"cycle", [](std::span<const char* const> nodes) { return run_power_order("cycle", nodes); }},
      {"show", &show},
      {"map", &map},
  });
  return run_word("power", kUsage, kWords, arguments);
}

}  // namespace piman::manager
