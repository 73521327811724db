// SPDX-License-Identifier: Apache-2.0
#include "manager/tree_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "common/flags.h"
#include "common/net_types.h"
#include "common/text.h"
#include "manager/api_command.h"
#include "manager/config_file.h"
#include "manager/fleet/assignments.h"
#include "manager/fleet/inventory.h"
#include "manager/inventory_hosts.h"
#include "manager/terminal.h"
#include "netboot/tftp/boot_listing.h"

namespace piman::manager {
namespace {

/// The host of the inventory that is meant. Errors: files that can't be read, or no such host.
Result<netboot::Host> find_host(const Config& config, const std::string& machine) {
  const auto inventory = read_inventory(config.inventory.hosts_file);
  if (!inventory) return tl::unexpected<Error>(inventory.error());
  const auto assignments = read_assignments(config.netboot.root + "/assignments.csv");
  if (!assignments) return tl::unexpected<Error>(assignments.error());
  const auto mac = MacAddress::parse(machine);
  for (const netboot::Host& host : netboot_hosts(inventory->hosts, *assignments)) {
    if (host.name == machine || (mac && host.mac == *mac)) return host;
  }
  return fail(concat("no node ", quote(machine), " in ", config.inventory.hosts_file));
}

}  // namespace

int run_netboot_tree(std::span<const char* const> arguments) {
  static const std::array<Flag, 2> kFlags = {{config_flag(), help_flag()}};
  static const ApiCommand kCommand = {
      "netboot tree",
      "Usage: piman netboot tree NODE|MAC [FLAG ...]\n\n"
      "Lists the boot files that a node would be served, and which folder each comes from. Reads the files itself, so "
      "it\n"
      "needs no running server; run it as the server's user to see what that one may read.\n"
      "Exit code: 0 all of them can be served, 1 some can't or there are none, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman netboot tree pi7\n"
      "  piman netboot tree pi7 --config.file=lab.yml\n",
      kFlags, 1, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto config = load_config(kCommand, call.parsed);
  if (!config) return kApiUsage;
  const auto host = find_host(*config, call.parsed.arguments.front());
  if (!host) return fail_command(kCommand, host.error().message, kApiUsage);
  netboot::tftp::BootTreeSettings settings;
  settings.default_image = config->tftp.default_image;
  settings.prefix = config->tftp.prefix;
  const auto files = netboot::tftp::BootFiles::open(config->netboot.root, settings, config->tftp.max_file_bytes);
  if (!files) return fail_command(kCommand, files.error().message, kApiNotGood);
  const netboot::tftp::TreeListing listing = netboot::tftp::list_tree(*files, *host);
  print(netboot::tftp::describe(listing));
  const bool all_good = std::all_of(listing.entries.begin(), listing.entries.end(),
                                    [](const netboot::tftp::TreeEntry& entry) { return entry.fault.empty(); });
  return all_good && !listing.entries.empty() ? kApiGood : kApiNotGood;
}

}  // namespace piman::manager
