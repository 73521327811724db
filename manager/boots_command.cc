// SPDX-License-Identifier: Apache-2.0
#include "manager/boots_command.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "common/text.h"
#include "manager/api_command.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

constexpr std::size_t kStateColumn = 2;

std::string seconds(std::int64_t milliseconds) {
  return concat(std::round(static_cast<double>(milliseconds) / 100) / 10, " s");
}

std::string_view colour_of(std::string_view state) {
  if (state == "booted" || state == "loaded") return "\x1b[32m";
  if (state == "stuck") return "\x1b[31m";
  return state == "restarted" ? "\x1b[33m" : "\x1b[2m";
}

std::string describe(const DhcpStep& step) {
  std::string words = printable(step.received);
  if (!step.sent.empty()) words += concat(" -> ", printable(step.sent));
  if (step.address != Ipv4Address()) words += concat(' ', step.address.to_string());
  if (!step.drop_reason.empty()) words += concat(", not answered: ", printable(step.drop_reason));
  if (step.other_server != Ipv4Address()) words += concat(", it chose ", step.other_server.to_string());
  if (!step.model.empty()) words += concat("  (", printable(step.model), step.relayed ? ", relayed)" : ")");
  if (step.count > 1) words += concat("  ", step.count, " times until ", seconds(step.last_ms));
  return words;
}

std::string describe(const FileStep& file) {
  std::string words = concat(printable(file.requested), "  ", printable(file.outcome));
  if (file.size_bytes > 0 && !file.is_complete()) {
    words += concat("  ", short_bytes(static_cast<double>(file.sent_bytes)), " of ",
                    short_bytes(static_cast<double>(file.size_bytes)));
  } else if (file.sent_bytes > 0) {
    words += "  " + short_bytes(static_cast<double>(file.sent_bytes));
  }
  if (const auto speed = file.bytes_per_second(); speed && file.sent_bytes > 0) {
    words += concat(" in ", seconds(file.duration_ms), ", ", short_bytes(*speed), "/s");
  }
  if (file.blocks > 0) words += concat(", ", file.blocks, file.blocks == 1 ? " block" : " blocks");
  if (file.retransmits > 0) words += concat(", ", file.retransmits, " sent again");
  if (!file.served.empty() && file.served != file.requested) words += concat("  <- ", printable(file.served));
  return words;
}

std::string describe(const ConsoleStep& step) { return concat("| ", printable(step.text)); }

std::string timeline(const Boot& boot) {
  std::string out;
  for (const BootEvent& event : boot.events) {
    const std::string at = seconds(event.at_ms);
    out += concat(std::string(at.size() < 9 ? 9 - at.size() : 0, ' '), at, "  ",
                  std::visit([](const auto& step) { return describe(step); }, event.step), '\n');
  }
  if (boot.dropped > 0) out += concat("           and ", boot.dropped, " more events\n");
  return out;
}

}  // namespace

std::string render_boots(const api::BootsView& view, std::size_t shown, bool colours) {
  static constexpr std::array<bool, 9> kRightAligned = {true, false, false, true, false, true, true, true, false};
  TextTable table({"BOOT", "STARTED", "STATE", "TOOK", "MODEL", "FILES", "SENT", "SENT AGAIN", "WHERE"}, kRightAligned);
  if (colours) table.colour(kStateColumn, colour_of);
  for (std::size_t i = 0; i < view.boots.size(); ++i) {
    const Boot& boot = view.boots[i];
    const BootTotals totals = totals_of(boot);
    table.add({concat(i + 1), local_time(boot.started), std::string(to_string(boot.state)),
               seconds(boot.booted_ms.value_or(boot.last_ms)),
               boot.model.empty() ? std::string(kUnknown) : printable(boot.model), concat(totals.files),
               short_bytes(static_cast<double>(totals.sent_bytes)),
               concat(totals.retransmits, totals.retransmits == 1 ? " block" : " blocks"), printable(stuck_at(boot))});
  }
  return concat(table.render(), "\nBoot ", shown, ":\n", timeline(view.boots[shown - 1]));
}

int run_boots_command(std::span<const char* const> arguments) {
  static const std::array<Flag, 4> kFlags = {
      {{"boot", "NUMBER", "1", "Which boot to show from message to message; 1 is the newest.", false},
       server_flag(),
       json_flag(),
       help_flag()}};
  static const ApiCommand kCommand = {
      "boots",
      "Usage: piman boots NODE|MAC [FLAG ...]\n\n"
      "Shows a machine's last boots: a table of them, and one from message to message.\n"
      "Exit code: 0 the last boot went well or goes on, 1 it did not or there is none, 2 wrong usage, 3 no server\n"
      "answers.\n\n"
      "Examples:\n"
      "  piman boots pi7\n"
      "  piman boots pi7 --boot=2\n"
      "  piman boots dc:a6:32:00:00:01 --json\n",
      kFlags, 1, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const std::string& machine = call.parsed.arguments.front();
  if (!is_machine(machine))
    return fail_command(kCommand, concat(quote(machine), " is no node's name or MAC"), kApiUsage);
  const auto shown = parse_number<std::size_t>(call.parsed.value(kFlags, "boot"));
  if (!shown || *shown == 0) return fail_command(kCommand, "--boot is no number from 1 on", kApiUsage);
  const ApiReply reply = ask(kCommand, call.parsed, concat("/api/v1/nodes/", machine, "/boots"));
  if (reply.exit) return *reply.exit;
  const auto view = api::parse_boots_json(reply.body);
  if (!view) return fail_command(kCommand, view.error().message, kApiNoServer);
  if (call.parsed.is_on(kFlags, "json")) {
    print(reply.body);
  } else if (view->boots.empty()) {
    print(concat(machine, " was never seen booting here. Why not: piman doctor ", machine, '\n'));
  } else if (*shown > view->boots.size()) {
    return fail_command(kCommand, concat("there are only ", view->boots.size(), " boots"), kApiUsage);
  } else {
    print(render_boots(*view, *shown, wants_colours()));
  }
  if (view->boots.empty()) return kApiNotGood;
  const BootState last = view->boots.front().state;
  return last == BootState::kStuck || last == BootState::kRestarted ? kApiNotGood : kApiGood;
}

}  // namespace piman::manager
