// SPDX-License-Identifier: Apache-2.0
#include "manager/targets_command.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "common/text.h"
#include "manager/api_command.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

constexpr std::size_t kHealthColumn = 1;

std::string_view colour_of(std::string_view health) {
  if (health == "up") return "\x1b[32m";
  return health == "down" ? "\x1b[31m" : "\x1b[2m";
}

std::string whole(double value) { return concat(static_cast<std::int64_t>(std::llround(value))); }

std::string milliseconds_of(const std::optional<double>& seconds) {
  return seconds ? concat(whole(*seconds * 1000), " ms") : std::string(kUnknown);
}

}  // namespace

std::string render_targets(std::vector<api::TargetView> targets, WallTime now, bool colours) {
  if (targets.empty()) return "No targets: the inventory is empty.\n";
  const auto up = [](const api::TargetView& target) { return target.health == "up"; };
  std::stable_partition(targets.begin(), targets.end(), [&](const auto& target) { return !up(target); });
  static constexpr std::array<bool, 10> kRightAligned = {false, false, true, true,  true,
                                                         true,  true,  true, false, false};
  TextTable table({"NODE", "HEALTH", "AGO", "TOOK", "SAMPLES", "BYTES", "SCRAPES", "FAILED", "CLASS", "LAST ERROR"},
                  kRightAligned);
  for (const api::TargetView& target : targets) {
    const bool failed = target.error_class != "none" && !target.error_class.empty();
    table.add({printable(target.node), printable(target.health),
               target.last_scrape ? short_duration(unix_seconds(now) - *target.last_scrape) : std::string(kUnknown),
               milliseconds_of(target.duration_seconds), whole(target.samples), short_bytes(target.bytes),
               whole(target.scrapes), whole(target.failures),
               failed ? printable(target.error_class) : std::string(kUnknown), printable(target.error)});
  }
  if (colours) table.colour(kHealthColumn, colour_of);
  const auto good = std::count_if(targets.begin(), targets.end(), up);
  return concat(good, " of ", targets.size(), " targets up\n") + table.render();
}

int run_targets_command(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {server_flag(), json_flag(), help_flag()};
  static const ApiCommand kCommand = {
      "targets",
      "Usage: piman targets [FLAG ...]\n\n"
      "Shows how the scrapes of each node go: when the last one was, what it brought, and what went wrong.\n"
      "Exit code: 0 every target is up, 1 some are not, 2 wrong usage, 3 no server answers.\n\n"
      "Examples:\n"
      "  piman targets\n"
      "  piman targets --json | jq -r '.data.activeTargets[] | select(.health != \"up\") | .lastError'\n",
      kFlags, 0, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const ApiReply reply = ask(kCommand, call.parsed, "/api/v1/targets");
  if (reply.exit) return *reply.exit;
  const auto targets = api::parse_targets_json(reply.body);
  if (!targets) return fail_command(kCommand, targets.error().message, kApiNoServer);
  const bool all_up = std::all_of(targets->begin(), targets->end(), [](const auto& one) { return one.health == "up"; });
  print(call.parsed.is_on(kFlags, "json")
            ? reply.body
            : render_targets(*targets, std::chrono::system_clock::now(), wants_colours()));
  return all_up ? kApiGood : kApiNotGood;
}

}  // namespace piman::manager
