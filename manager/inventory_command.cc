// SPDX-License-Identifier: Apache-2.0
#include "manager/inventory_command.h"

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "common/flags.h"
#include "common/text.h"
#include "manager/api/json.h"
#include "manager/api_command.h"
#include "manager/config_file.h"
#include "manager/fleet/hosts_file.h"
#include "manager/fleet/inventory.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

Flag file_flag() {
  return {"hosts.file", "FILE", "", "The inventory file, instead of the one that the configuration names.", false};
}

/// The inventory file that is meant. Errors: a configuration that has problems.
Result<std::string> hosts_file(const ParsedFlags& parsed, std::span<const Flag> flags) {
  if (std::string file = parsed.value(flags, "hosts.file"); !file.empty()) return file;
  auto found = find_config(parsed, flags, "or name the inventory with --hosts.file=FILE");
  if (!found) return tl::unexpected<Error>(found.error());
  return std::move(found->config.inventory.hosts_file);
}

}  // namespace

int run_hosts_add(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {file_flag(), config_flag(), help_flag()};
  static const ApiCommand kCommand = {
      "hosts add",
      "Usage: piman hosts add MAC ADDRESS NAME [FLAG ...]\n\n"
      "Adds a node to the inventory file. A server that runs notices it within seconds.\n"
      "Exit code: 0 done, 1 refused, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman hosts add dc:a6:32:00:00:01 192.168.1.17 pi7\n"
      "  piman hosts add dc:a6:32:00:00:01 192.168.1.17 pi7 --hosts.file=hosts.csv\n",
      kFlags, 3, 3};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto& words = call.parsed.arguments;
  const auto mac = MacAddress::parse(words[0]);
  if (!mac) return fail_command(kCommand, concat(quote(words[0]), " is no MAC address"), kApiUsage);
  const auto address = Ipv4Address::parse(words[1]);
  if (!address) return fail_command(kCommand, concat(quote(words[1]), " is no IPv4 address"), kApiUsage);
  if (!is_host_name(words[2])) {
    return fail_command(kCommand, concat(quote(words[2]), " is no host name: A-Z a-z 0-9 . _ -"), kApiUsage);
  }
  const auto file = hosts_file(call.parsed, kFlags);
  if (!file) return fail_command(kCommand, file.error().message, kApiUsage);
  const Host host{words[2], *address, *mac};
  if (const auto added = append_host(*file, host); !added) {
    return fail_command(kCommand, added.error().message, kApiNotGood);
  }
  print(
      concat(host.name, " (", host.mac.to_string(), ", ", host.address.to_string(), ") stands in ", *file, " now.\n"));
  return kApiGood;
}

int run_hosts_remove(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {file_flag(), config_flag(), help_flag()};
  static const ApiCommand kCommand = {"hosts remove",
                                      "Usage: piman hosts remove NAME [FLAG ...]\n\n"
                                      "Takes a node out of the inventory file: by its name, its MAC address or its "
                                      "IPv4 address. It is watched no more.\n"
                                      "Exit code: 0 done, 1 refused, 2 wrong usage.\n\n"
                                      "Examples:\n"
                                      "  piman hosts remove pi7\n"
                                      "  piman hosts remove dc:a6:32:00:00:01\n",
                                      kFlags, 1, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto file = hosts_file(call.parsed, kFlags);
  if (!file) return fail_command(kCommand, file.error().message, kApiUsage);
  const auto removed = remove_host(*file, call.parsed.arguments[0]);
  if (!removed) return fail_command(kCommand, removed.error().message, kApiNotGood);
  print(concat(removed->name, " (", removed->mac.to_string(), ", ", removed->address.to_string(), ") is out of ", *file,
               ".\n"));
  return kApiGood;
}

int run_hosts_list(std::span<const char* const> arguments) {
  static const std::array<Flag, 4> kFlags = {
      file_flag(), config_flag(), {"json", "", "false", "Print JSON, for programs.", false}, help_flag()};
  static const ApiCommand kCommand = {"hosts list",
                                      "Usage: piman hosts list [FLAG ...]\n\n"
                                      "Shows the nodes of the inventory file, and what is wrong with it.\n"
                                      "Exit code: 0 the file is good, 1 it has problems, 2 wrong usage.\n\n"
                                      "Examples:\n"
                                      "  piman hosts list\n"
                                      "  piman hosts list --json | jq -r '.data.hosts[].name'\n",
                                      kFlags, 0, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto file = hosts_file(call.parsed, kFlags);
  if (!file) return fail_command(kCommand, file.error().message, kApiUsage);
  const auto inventory = read_inventory(*file);
  if (!inventory) return fail_command(kCommand, inventory.error().message, kApiNotGood);
  for (const InventoryProblem& problem : inventory->problems) {
    std::fputs(concat("piman hosts list: ", problem.to_string(*file), '\n').c_str(), stderr);
  }
  if (call.parsed.is_on(kFlags, "json")) {
    print(api::hosts_json(*inventory, *file));
  } else if (inventory->hosts.empty()) {
    print(concat(*file, " has no nodes. Add one with: piman hosts add MAC ADDRESS NAME\n"));
  } else {
    static constexpr std::array<bool, 3> kRightAligned = {false, false, false};
    TextTable table({"NODE", "ADDRESS", "MAC"}, kRightAligned);
    for (const Host& host : inventory->hosts) {
      table.add({host.name, host.address.to_string(), host.mac.to_string()});
    }
    print(table.render());
  }
  return inventory->problems.empty() ? kApiGood : kApiNotGood;
}

}  // namespace piman::manager
