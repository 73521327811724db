// SPDX-License-Identifier: Apache-2.0
#include "manager/alerts_command.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

#include "common/text.h"
#include "manager/api_command.h"
#include "manager/config.h"
#include "manager/fleet/selection.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

/// A test has arrived by then, or the receiver does not answer.
constexpr std::chrono::seconds kTestLimit{20};
constexpr std::chrono::milliseconds kLook{250};

std::string_view colour_of_state(std::string_view cell) {
  if (cell.starts_with("firing")) return "\x1b[31m";
  return cell.starts_with("pending") ? "\x1b[33m" : "\x1b[32m";
}

std::string user_name() {
  for (const char* variable : {"SUDO_USER", "USER", "LOGNAME"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return printable(std::string_view(value).substr(0, 64));
  }
  return {};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += concat(text.empty() ? "" : " ", printable(word));
  return text;
}

int run_alerts_list(std::span<const char* const> arguments) {
  static const std::array<Flag, 4> kFlags = {{{"state", "STATE", "", "Only pending, firing or resolved ones.", true},
                                              server_flag(),
                                              json_flag(),
                                              help_flag()}};
  static const ApiCommand kCommand = {
      "alerts",
      "Usage: piman alerts [FLAG ...]\n"
      "       piman alerts test [FLAG ...]\n\n"
      "Lists what is wrong now, what may become so, and what was resolved in the last hour; or sends a test message "
      "to\n"
      "everybody who is told.\n"
      "Exit code: 0 nothing fires, 1 something does, 2 wrong usage, 3 no server answers.\n\n"
      "Examples:\n"
      "  piman alerts\n"
      "  piman alerts --state=firing --json\n"
      "  piman alerts test\n",
      kFlags, 0, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  std::string path = "/api/v1/alerts";
  for (const std::string& state : call.parsed.values(kFlags, "state")) {
    if (state != "pending" && state != "firing" && state != "resolved") {
      return fail_command(kCommand, concat("--state: ", quote(state), " is none of pending, firing, resolved"),
                          kApiUsage);
    }
    path += concat(path.ends_with("alerts") ? "?state=" : "&state=", state);
  }
  const ApiReply reply = ask(kCommand, call.parsed, path);
  if (reply.exit) return *reply.exit;
  const auto alerts = api::parse_alerts_json(reply.body);
  if (!alerts) return fail_command(kCommand, alerts.error().message, kApiNoServer);
  print(call.parsed.is_on(kFlags, "json") ? reply.body : render_alerts(*alerts, wants_colours()));
  const bool fires = std::any_of(alerts->alerts.begin(), alerts->alerts.end(),
                                 [](const api::AlertEntry& alert) { return alert.state == "firing"; });
  return fires ? kApiNotGood : kApiGood;
}

int run_alerts_test(std::span<const char* const> arguments) {
  static const std::array<Flag, 4> kFlags = {token_flag(), server_flag(), json_flag(), help_flag()};
  static const ApiCommand kCommand = {
      "alerts test",
      "Usage: piman alerts test [FLAG ...]\n\n"
      "Sends a message that says that it is a test to everybody who is told of alerts, and says who took it.\n"
      "Exit code: 0 all took it, 1 somebody did not or nobody is told, 2 wrong usage, 3 no server answers.\n\n"
      "Examples:\n"
      "  piman alerts test\n"
      "  piman alerts test --server=http://manager:8080\n",
      kFlags, 0, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto token = find_token(kCommand, call.parsed);
  if (!token) return fail_command(kCommand, token.error().message, kApiUsage);
  const ApiReply begun = ask(kCommand, call.parsed, {"/api/v1/alerts/test", "{}", {}, *token});
  if (begun.exit) return *begun.exit;
  const auto id = api::parse_test_json(begun.body);
  if (!id) return fail_command(kCommand, id.error().message, kApiNoServer);
  const auto end = std::chrono::steady_clock::now() + kTestLimit;
  for (;;) {
    const ApiReply reply = ask(kCommand, call.parsed, "/api/v1/notifiers");
    if (reply.exit) return *reply.exit;
    const auto notifiers = api::parse_notifiers_json(reply.body);
    if (!notifiers) return fail_command(kCommand, notifiers.error().message, kApiNoServer);
    const auto took = [&id](const api::NotifierEntry& each) { return each.last_sent_id >= *id; };
    const bool all_took = std::all_of(notifiers->begin(), notifiers->end(), took);
    const bool is_told = std::all_of(notifiers->begin(), notifiers->end(),
                                     [&](const api::NotifierEntry& each) { return took(each) || !each.error.empty(); });
    if (!is_told && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(kLook);
      continue;
    }
    if (call.parsed.is_on(kFlags, "json")) {
      print(reply.body);
    } else {
      for (const api::NotifierEntry& each : *notifiers) {
        print(concat(printable(each.name), ": ",
                     took(each) ? std::string("took it")
                                : concat("did not take it yet",
                                         each.error.empty() ? std::string() : concat(": ", printable(each.error))),
                     '\n'));
      }
    }
    return all_took ? kApiGood : kApiNotGood;
  }
}

int run_silence_list(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {server_flag(), json_flag(), help_flag()};
  static const ApiCommand kCommand = {"silence list",
                                      "Usage: piman silence list [FLAG ...]\n\n"
                                      "Lists the silences in force.\n"
                                      "Exit code: 0 good, 2 wrong usage, 3 no server answers.\n\n"
                                      "Examples:\n"
                                      "  piman silence list\n",
                                      kFlags, 0, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const ApiReply reply = ask(kCommand, call.parsed, "/api/v1/silences");
  if (reply.exit) return *reply.exit;
  const auto silences = api::parse_silences_json(reply.body);
  if (!silences) return fail_command(kCommand, silences.error().message, kApiNoServer);
  print(call.parsed.is_on(kFlags, "json") ? reply.body : render_silences(*silences));
  return kApiGood;
}

int run_silence_expire(std::span<const char* const> arguments) {
  static const std::array<Flag, 4> kFlags = {token_flag(), server_flag(), json_flag(), help_flag()};
  static const ApiCommand kCommand = {"silence expire",
                                      "Usage: piman silence expire ID [FLAG ...]\n\n"
                                      "Ends a silence now. What fires and was not told is told then.\n"
                                      "Exit code: 0 good, 1 there is none of that number, 2 wrong usage, 3 no server "
                                      "answers.\n\n"
                                      "Examples:\n"
                                      "  piman silence expire 3\n",
                                      kFlags, 1, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto id = parse_u64(call.parsed.arguments.front());
  if (!id) return fail_command(kCommand, concat(quote(call.parsed.arguments.front()), " is no number"), kApiUsage);
  const auto token = find_token(kCommand, call.parsed);
  if (!token) return fail_command(kCommand, token.error().message, kApiUsage);
  const ApiReply reply = ask(kCommand, call.parsed, {concat("/api/v1/silences/", *id), {}, "DELETE", *token});
  if (reply.exit) return *reply.exit;
  print(call.parsed.is_on(kFlags, "json") ? reply.body : concat("Silence ", *id, " is over.\n"));
  return kApiGood;
}

int run_silence_add(std::span<const char* const> arguments) {
  static const std::array<Flag, 6> kFlags = {
      {{"condition", "WORD", "", "Only this condition (node_down, cpu, ...); may be given again.", true},
       {"why", "TEXT", "", "The reason, for others.", false},
       token_flag(),
       server_flag(),
       json_flag(),
       help_flag()}};
  static const ApiCommand kCommand = {
      "silence",
      "Usage: piman silence NODE... DURATION [FLAG ...]\n"
      "       piman silence list\n"
      "       piman silence expire ID\n\n"
      "Nobody is told of what is wrong with these nodes for so long. What fires on when the silence is over is told "
      "then.\n"
      "NODE is a number (the last part of the node's address: 7), a range of them (2-9), a name, a hardware address,\n"
      "LABEL=VALUE (switch, phase), or all, which includes nodes that come later.\n"
      "Exit code: 0 good, 1 refused, 2 wrong usage, 3 no server answers.\n\n"
      "Examples:\n"
      "  piman silence pi7 2h\n"
      "  piman silence 2-9 30m --why='the switch is being replaced'\n"
      "  piman silence all 1d --condition=temperature\n",
      kFlags, kMostSelectionWords, 2};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  api::SilenceRequest request;
  request.nodes = call.parsed.arguments;
  const std::string duration = request.nodes.back();
  request.nodes.pop_back();
  const auto parsed = parse_duration(duration);
  if (!parsed || *parsed < std::chrono::seconds(1) || *parsed > api::kLongestSilence) {
    return fail_command(kCommand, concat(quote(duration), " is no duration like 30m, 2h or 1d, at most 365d"),
                        kApiUsage);
  }
  request.duration = *parsed;
  for (const std::string& word : call.parsed.values(kFlags, "condition")) {
    const auto condition = watch::parse_condition(word);
    if (!condition) {
      std::string known;
      for (std::size_t i = 0; i < watch::kConditionCount; ++i) {
        known += concat(known.empty() ? "" : ", ", to_string(watch::condition_at(i)));
      }
      return fail_command(kCommand, concat("--condition: ", quote(word), " is none of ", known), kApiUsage);
    }
    request.conditions.push_back(*condition);
  }
  request.why = call.parsed.value(kFlags, "why");
  request.by = user_name();
  const auto token = find_token(kCommand, call.parsed);
  if (!token) return fail_command(kCommand, token.error().message, kApiUsage);
  const ApiReply reply =
      ask(kCommand, call.parsed, {"/api/v1/silences", api::silence_request_json(request), {}, *token});
  if (reply.exit) return *reply.exit;
  const auto made = api::parse_silences_json(reply.body);
  if (!made || made->empty()) return fail_command(kCommand, "the server's answer has no silence", kApiNoServer);
  print(call.parsed.is_on(kFlags, "json") ? reply.body
                                          : concat("Silence ", made->front().id, ": ", joined(made->front().nodes),
                                                   " for ", short_duration(made->front().left_seconds),
                                                   ".\nEnd it with: piman silence expire ", made->front().id, '\n'));
  return kApiGood;
}

}  // namespace

std::string render_alerts(const api::AlertList& alerts, bool colours) {
  if (alerts.alerts.empty()) return "Nothing is wrong.\n";
  static constexpr std::array<bool, 6> kRightAligned = {false, false, false, false, true, false};
  TextTable table({"NODE", "STATE", "SEVERITY", "ALERT", "SINCE", "WHAT"}, kRightAligned);
  for (const api::AlertEntry& alert : alerts.alerts) {
    const bool is_over = alert.ended > 0;
    const std::string since = short_duration(is_over ? alert.ended - alert.since : alerts.now - alert.since);
    table.add({alert.node.empty() ? std::string(kUnknown) : printable(alert.node),
               concat(printable(alert.state), alert.silenced ? ", silenced" : ""), printable(alert.severity),
               printable(alert.alert), concat(since, is_over ? " long" : " ago"), printable(alert.what)});
  }
  if (colours) table.colour(1, &colour_of_state);
  return table.render();
}

std::string render_silences(const std::vector<api::SilenceEntry>& silences) {
  if (silences.empty()) return "There are no silences.\n";
  static constexpr std::array<bool, 6> kRightAligned = {true, false, false, true, false, false};
  TextTable table({"ID", "NODES", "CONDITIONS", "LEFT", "BY", "WHY"}, kRightAligned);
  for (const api::SilenceEntry& silence : silences) {
    table.add({concat(silence.id), joined(silence.nodes),
               silence.conditions.empty() ? std::string("all") : joined(silence.conditions),
               short_duration(silence.left_seconds), printable(silence.who), printable(silence.why)});
  }
  return table.render();
}

int run_alerts(std::span<const char* const> arguments) {
  const std::string_view what = arguments.empty() ? std::string_view() : std::string_view(arguments.front());
  if (what == "test") return run_alerts_test(arguments.subspan(1));
  if (what == "list") return run_alerts_list(arguments.subspan(1));
  return run_alerts_list(arguments);
}

int run_silence(std::span<const char* const> arguments) {
  const std::string_view what = arguments.empty() ? std::string_view() : std::string_view(arguments.front());
  if (what == "list") return run_silence_list(arguments.subspan(1));
  if (what == "expire") return run_silence_expire(arguments.subspan(1));
  return run_silence_add(arguments);
}

}  // namespace piman::manager
