// SPDX-License-Identifier: Apache-2.0
#include "manager/hosts_command.h"

#include <array>
#include <string_view>

#include "common/text.h"
#include "manager/api_command.h"
#include "manager/command_words.h"
#include "manager/fleet/inventory.h"
#include "manager/inventory_command.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

std::string hexadecimal(const std::optional<std::uint32_t>& number) {
  if (!number) return std::string(kUnknown);
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", *number);
  return text.data();
}

std::string word_or_unknown(const std::string& text) { return text.empty() ? std::string(kUnknown) : printable(text); }

int pending(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {server_flag(), json_flag(), help_flag()};
  static const ApiCommand kCommand = {
      "hosts pending",
      "Usage: piman hosts pending [FLAG ...]\n\n"
      "Shows the machines that asked to boot and are not in the inventory.\n"
      "Exit code: 0 nobody waits, 1 somebody does, 2 wrong usage, 3 no server answers.\n\n"
      "Examples:\n"
      "  piman hosts pending\n"
      "  piman hosts pending --json | jq -r '.data.hosts[].mac'\n",
      kFlags, 0, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const ApiReply reply = ask(kCommand, call.parsed, "/api/v1/hosts/pending");
  if (reply.exit) return *reply.exit;
  const auto view = api::parse_pending_json(reply.body);
  if (!view) return fail_command(kCommand, view.error().message, kApiNoServer);
  print(call.parsed.is_on(kFlags, "json") ? reply.body : render_pending(*view));
  return view->hosts.empty() ? kApiGood : kApiNotGood;
}

int accept(std::span<const char* const> arguments) {
  static const std::array<Flag, 5> kFlags = {
      {{"address", "ADDRESS", "", "The address that it gets; a free one of the first subnet when left out.", false},
       server_flag(),
       token_flag(),
       json_flag(),
       help_flag()}};
  static const ApiCommand kCommand = {
      "hosts accept",
      "Usage: piman hosts accept MAC NAME [FLAG ...]\n\n"
      "Adds a machine to the server's inventory file, from which it then boots and is watched.\n"
      "Exit code: 0 done, 1 refused, 2 wrong usage, 3 no server answers.\n\n"
      "Examples:\n"
      "  piman hosts accept dc:a6:32:00:00:01 pi7\n"
      "  piman hosts accept dc:a6:32:00:00:01 pi7 --address=192.168.1.17\n",
      kFlags, 2, 2};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto mac = MacAddress::parse(call.parsed.arguments[0]);
  if (!mac) return fail_command(kCommand, concat(quote(call.parsed.arguments[0]), " is no MAC address"), kApiUsage);
  api::AcceptRequest request{*mac, call.parsed.arguments[1], std::nullopt};
  if (!is_host_name(request.name)) {
    return fail_command(kCommand, concat(quote(request.name), " is no host name: A-Z a-z 0-9 . _ -"), kApiUsage);
  }
  if (const std::string address = call.parsed.value(kFlags, "address"); !address.empty()) {
    request.address = Ipv4Address::parse(address);
    if (!request.address) return fail_command(kCommand, concat(quote(address), " is no IPv4 address"), kApiUsage);
  }
  const auto token = find_token(kCommand, call.parsed);
  if (!token) return fail_command(kCommand, token.error().message, kApiUsage);
  const ApiReply reply = ask(kCommand, call.parsed, {"/api/v1/hosts", api::accept_json(request), {}, *token});
  if (reply.exit) return *reply.exit;
  const auto host = api::parse_accepted_json(reply.body);
  if (!host) return fail_command(kCommand, host.error().message, kApiNoServer);
  const std::string words =
      concat(printable(host->name), " (", printable(host->mac), ") has ", printable(host->address),
             " now. It boots when it asks next; a Pi 3B must be switched off and on.\n");
  print(call.parsed.is_on(kFlags, "json") ? reply.body : words);
  return kApiGood;
}

}  // namespace

std::string render_pending(const api::PendingView& view) {
  if (view.hosts.empty()) {
    return view.unknown_hosts == "ignore" ? "Machines that are not in the inventory are ignored (dhcp.unknown_hosts).\n"
                                          : "Nobody waits.\n";
  }
  static constexpr std::array<bool, 8> kRightAligned = {false, false, false, false, true, true, true, false};
  TextTable table({"MAC", "MODEL", "SERIAL", "REVISION", "FIRST SEEN", "LAST SEEN", "MESSAGES", "INTERFACE"},
                  kRightAligned);
  const auto ago = [&view](WallTime then) {
    return short_duration(std::chrono::duration<double>(view.now - then).count()) + " ago";
  };
  for (const PendingHost& host : view.hosts) {
    table.add({host.mac.to_string(), word_or_unknown(host.model), hexadecimal(host.serial), hexadecimal(host.revision),
               ago(host.first_seen), ago(host.last_seen), concat(host.messages), word_or_unknown(host.interface)});
  }
  return table.render() + "Accept one with: piman hosts accept MAC NAME\n";
}

int run_hosts_command(std::span<const char* const> arguments) {
  constexpr std::string_view kUsage =
      "Usage: piman hosts list|add|remove|pending|accept [FLAG ...]\n\n"
      "  list     shows the nodes of the inventory file\n"
      "  add      adds a node to it\n"
      "  remove   takes a node out of it\n"
      "  pending  shows the machines that asked to boot and are not in the inventory\n"
      "  accept   adds one of them to the inventory\n\n"
      "Examples:\n"
      "  piman hosts add dc:a6:32:00:00:01 192.168.1.17 pi7\n"
      "  piman hosts pending\n"
      "  piman hosts accept dc:a6:32:00:00:01 pi7\n";
  static constexpr auto kWords = std::to_array<CommandWord>({
      {"list", &run_hosts_list},
      {"add", &run_hosts_add},
      {"remove", &run_hosts_remove},
      {"pending", &pending},
      {"accept", &accept},
  });
  return run_word("hosts", kUsage, kWords, arguments);
}

}  // namespace piman::manager
