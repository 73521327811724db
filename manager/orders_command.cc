// SPDX-License-Identifier: Apache-2.0
#include "manager/orders_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/text.h"
#include "manager/api/boot_json.h"
#include "manager/api/order_json.h"
#include "manager/api_command.h"
#include "manager/fleet/selection.h"
#include "manager/order_progress.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

constexpr int kFailedBase = 10;
constexpr std::size_t kMostFailedTold = 100;
constexpr milliseconds kLook{500};
/// A server that is started anew is waited for.
constexpr std::chrono::seconds kServerMayBeGone{60};

constexpr std::string_view kNodesHelp =
    "NODE is a number (the last part of the node's address: 7), a range of them (2-9), a name, a hardware address,\n"
    "LABEL=VALUE (group, image, switch, phase), or all. One word that fits no node, or two, stops everything.\n";
constexpr std::string_view kExitHelp =
    "Exit code: 0 done (without --wait: taken), 1 refused, 2 wrong usage, 3 no server answers; with --wait 10 and the\n"
    "number of nodes that failed.\n";

struct OrderCommand {
  ApiCommand api;
  OrderAction action;
};

std::vector<Flag> order_flags(bool reinstalls) {
  std::vector<Flag> flags;
  if (reinstalls)
    flags.push_back({"image", "NAME", "", "The image: NAME or NAME@VERSION; the default one when left out.", false});
  flags.push_back({"canary", "N", "0", "So many nodes first; the others only when these are well.", false});
  flags.push_back(
      {"max-parallel", "N", "0", "At most so many nodes at the same time; 0: as many as the server allows.", false});
  flags.push_back(
      {"stop-after-failures", "N", "0", "Begin with no further node after so many failures; 0: never stop.", false});
  flags.push_back({"why", "TEXT", "", "The reason, for the journal.", false});
  flags.push_back(
      {"force", "", "false", "Also nodes that were switched a short while ago, or are being installed.", false});
  flags.push_back({"yes", "", "false", "Do not ask.", false});
  flags.push_back({"wait", "", "false", "Stay until it is over, and show how it goes.", false});
  flags.push_back(token_flag());
  flags.push_back(server_flag());
  flags.push_back(json_flag());
  flags.push_back(help_flag());
  return flags;
}

std::string user_name() {
  for (const char* variable : {"SUDO_USER", "USER", "LOGNAME"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return printable(std::string_view(value).substr(0, 64));
  }
  return {};
}

Result<std::uint32_t> count_of(const ApiCommand& command, const ParsedFlags& parsed, std::string_view flag) {
  const std::string text = parsed.value(command.flags, flag);
  const auto number = parse_number<std::uint32_t>(text);
  if (!number || *number > kMostSelectionWords) {
    return fail(concat("--", flag, ": ", quote(text), " is no number from 0 to ", kMostSelectionWords));
  }
  return *number;
}

std::size_t terminal_lines() {
  ::winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 4) return 20;
  return size.ws_row - 3U;
}

/// Whether the person says yes.
bool confirms(const std::string& question) {
  std::fputs(concat(question, "\nType yes to do it: ").c_str(), stdout);
  std::fflush(stdout);
  std::array<char, 16> line{};
  if (std::fgets(line.data(), static_cast<int>(line.size()), stdin) == nullptr) return false;
  return trim(line.data()) == "yes";
}

class Follower {
 public:
  Follower(const ApiCommand& command, const ParsedFlags& parsed) : command_(command), parsed_(parsed) {}

  int follow(api::ActionView view, std::string body) {
    const bool json = parsed_.is_on(command_.flags, "json");
    const bool draws = !json && ::isatty(STDOUT_FILENO) == 1;
    const std::string path = concat("/api/v1/actions/", view.id);
    auto heard = std::chrono::steady_clock::now();
    for (;;) {
      if (draws) {
        draw(view);
      } else if (!json) {
        print(log_.changes(view));
        std::fflush(stdout);
      }
      if (view.is_over()) break;
      std::this_thread::sleep_for(kLook);
      const auto server = parse_server_url(parsed_.value(command_.flags, "server"));
      auto answer = server ? ask_server(*server, path) : Result<ServerAnswer>(tl::unexpected<Error>(server.error()));
      if (!answer || answer->status != 200) {
        if (std::chrono::steady_clock::now() - heard < kServerMayBeGone) continue;
        return fail_command(
            command_, concat("the server does not answer any more; it goes on without us: piman actions ", view.id),
            kApiNoServer);
      }
      heard = std::chrono::steady_clock::now();
      auto next = api::parse_action_json(answer->body);
      if (!next) return fail_command(command_, next.error().message, kApiNoServer);
      view = std::move(*next);
      body = std::move(answer->body);
    }
    if (json) {
      print(body);
    } else if (!draws) {
      print(render_action(view, 0, false));
    }
    const std::size_t failed = count_failed(view);
    return failed == 0 ? kApiGood : kFailedBase + static_cast<int>(std::min(failed, kMostFailedTold));
  }

 private:
  void draw(const api::ActionView& view) {
    const std::string picture = render_action(view, terminal_lines(), wants_colours());
    std::string out;
    if (drawn_lines_ > 0) out += concat("\x1b[", drawn_lines_, "A\r\x1b[J");
    out += picture;
    drawn_lines_ = static_cast<std::size_t>(std::count(picture.begin(), picture.end(), '\n'));
    print(out);
    std::fflush(stdout);
  }

  const ApiCommand& command_;
  const ParsedFlags& parsed_;
  ActionLog log_;
  std::size_t drawn_lines_ = 0;
};

int run_order(const ApiCommand& command, OrderAction action, std::span<const char* const> arguments) {
  const ApiCall call = read_command_line(command, arguments);
  if (call.exit) return *call.exit;
  const ParsedFlags& parsed = call.parsed;
  api::ActionRequest request;
  request.action = action;
  request.nodes = parsed.arguments;
  if (action == OrderAction::kReinstall) request.image = parsed.value(command.flags, "image");
  for (const auto& [flag, out] :
       {std::pair("canary", &request.canary), std::pair("max-parallel", &request.max_parallel),
        std::pair("stop-after-failures", &request.stop_after_failures)}) {
    const auto number = count_of(command, parsed, flag);
    if (!number) return fail_command(command, number.error().message, kApiUsage);
    *out = *number;
  }
  request.force = parsed.is_on(command.flags, "force");
  request.why = parsed.value(command.flags, "why");
  request.by = user_name();
  const auto token = find_token(command, parsed);
  if (!token) return fail_command(command, token.error().message, kApiUsage);

  if (!parsed.is_on(command.flags, "yes")) {
    if (::isatty(STDIN_FILENO) != 1) {
      return fail_command(command, "nobody is here to be asked: say --yes", kApiUsage);
    }
    request.preview = true;
    const ApiReply preview = ask(command, parsed, {"/api/v1/actions", api::action_request_json(request), {}, *token});
    if (preview.exit) return *preview.exit;
    const auto view = api::parse_action_json(preview.body);
    if (!view) return fail_command(command, view.error().message, kApiNoServer);
    const bool wipes = action == OrderAction::kReinstall;
    if (!confirms(concat("This will ", action_words(*view), wipes ? ". All that is on their cards is lost." : "."))) {
      return fail_command(command, "nothing was done", kApiNotGood);
    }
    request.preview = false;
  }
  const ApiReply reply = ask(command, parsed, {"/api/v1/actions", api::action_request_json(request), {}, *token});
  if (reply.exit) return *reply.exit;
  auto view = api::parse_action_json(reply.body);
  if (!view) return fail_command(command, view.error().message, kApiNoServer);
  const bool json = parsed.is_on(command.flags, "json");
  if (!parsed.is_on(command.flags, "wait")) {
    print(json ? reply.body
               : concat("Action ", view->id, " is on record: ", action_words(*view),
                        ".\nSee how it goes: piman actions ", view->id, " --wait\n"));
    return kApiGood;
  }
  if (!json) print(concat("Action ", view->id, ": ", action_words(*view), '\n'));
  return Follower(command, parsed).follow(std::move(*view), reply.body);
}

std::string render_actions(const std::vector<api::ActionView>& actions) {
  if (actions.empty()) return "There were no actions yet.\n";
  static constexpr std::array<bool, 8> kRightAligned = {true, false, false, true, true, false, false, false};
  TextTable table({"ID", "ACTION", "STATE", "NODES", "FAILED", "AGE", "BY", "DETAIL"}, kRightAligned);
  for (const api::ActionView& action : actions) {
    table.add({concat(action.id), action.action, action.state, concat(action.nodes.size()),
               concat(count_failed(action)), short_duration(action.now - action.created), printable(action.who),
               printable(action.detail)});
  }
  return table.render();
}

}  // namespace

int run_restart(std::span<const char* const> arguments) {
  static const std::vector<Flag> kFlags = order_flags(false);
  static const std::string kHelp = concat(
      "Usage: piman restart NODE... [FLAG ...]\n\n"
      "Switches the power of nodes off and on at their switch, and counts each as done when its agent answers again.\n",
      kNodesHelp, kExitHelp,
      "\nExamples:\n"
      "  piman restart 2 3 4\n"
      "  piman restart 2-9 --max-parallel=4 --wait\n"
      "  piman restart phase=down --yes --why='froze over the weekend'\n");
  static const ApiCommand kCommand = {"restart", kHelp, kFlags, kMostSelectionWords, 1};
  return run_order(kCommand, OrderAction::kRestart, arguments);
}

int run_reinstall(std::span<const char* const> arguments) {
  static const std::vector<Flag> kFlags = order_flags(true);
  static const std::string kHelp = concat(
      "Usage: piman reinstall NODE... [FLAG ...]\n\n"
      "Formats the cards of nodes and installs an image on them: each is switched off and on, boots from the network,\n"
      "takes the image, boots it, and counts as done when its agent answers. A node at no switch is installed when it\n"
      "boots next.\n",
      kNodesHelp, kExitHelp,
      "\nExamples:\n"
      "  piman reinstall 2 3 4\n"
      "  piman reinstall all --image=raspios@2026-11 --canary=1 --max-parallel=8 --stop-after-failures=2 --wait\n"
      "  piman reinstall pi7 --yes --wait --why='new kernel'\n");
  static const ApiCommand kCommand = {"reinstall", kHelp, kFlags, kMostSelectionWords, 1};
  return run_order(kCommand, OrderAction::kReinstall, arguments);
}

int run_power_order(const char* word, std::span<const char* const> arguments) {
  static const std::vector<Flag> kFlags = order_flags(false);
  static const std::string kHelp = concat(
      "Usage: piman power on|off|cycle NODE... [FLAG ...]\n\n"
      "Switches the power of nodes at their switch, and reads back whether it was done. cycle is what restart does.\n",
      kNodesHelp, kExitHelp,
      "\nExamples:\n"
      "  piman power off 7 --why='card is read-only'\n"
      "  piman power on 7 --wait\n");
  static const ApiCommand kOn = {"power on", kHelp, kFlags, kMostSelectionWords, 1};
  static const ApiCommand kOff = {"power off", kHelp, kFlags, kMostSelectionWords, 1};
  static const ApiCommand kCycle = {"power cycle", kHelp, kFlags, kMostSelectionWords, 1};
  const std::string_view what = word;
  if (what == "on") return run_order(kOn, OrderAction::kPowerOn, arguments);
  if (what == "off") return run_order(kOff, OrderAction::kPowerOff, arguments);
  return run_order(kCycle, OrderAction::kRestart, arguments);
}

int run_actions_command(std::span<const char* const> arguments) {
  static const std::array<Flag, 6> kFlags = {
      {{"wait", "", "false", "Stay until it is over, and show how it goes.", false},
       {"withdraw", "", "false", "End what has not begun of it; installs that run go on.", false},
       token_flag(),
       server_flag(),
       json_flag(),
       help_flag()}};
  static const ApiCommand kCommand = {
      "actions",
      "Usage: piman actions [ID] [FLAG ...]\n\n"
      "Lists what was ordered (install, restart, power), or shows how one of it stands, node by node.\n"
      "Exit code: 0 good, 1 there is no such action, 2 wrong usage, 3 no server answers; with --wait 10 and the "
      "number\n"
      "of nodes that failed.\n\n"
      "Examples:\n"
      "  piman actions\n"
      "  piman actions 17 --wait\n"
      "  piman actions 17 --withdraw\n",
      kFlags, 1, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const bool json = call.parsed.is_on(kFlags, "json");
  if (call.parsed.arguments.empty()) {
    const ApiReply reply = ask(kCommand, call.parsed, "/api/v1/actions");
    if (reply.exit) return *reply.exit;
    const auto actions = api::parse_actions_json(reply.body);
    if (!actions) return fail_command(kCommand, actions.error().message, kApiNoServer);
    print(json ? reply.body : render_actions(*actions));
    return kApiGood;
  }
  const auto id = parse_u64(call.parsed.arguments.front());
  if (!id) return fail_command(kCommand, concat(quote(call.parsed.arguments.front()), " is no number"), kApiUsage);
  ServerRequest request{concat("/api/v1/actions/", *id), {}, {}, {}};
  if (call.parsed.is_on(kFlags, "withdraw")) {
    const auto token = find_token(kCommand, call.parsed);
    if (!token) return fail_command(kCommand, token.error().message, kApiUsage);
    request.method = "DELETE";
    request.token = *token;
  }
  const ApiReply reply = ask(kCommand, call.parsed, request);
  if (reply.exit) return *reply.exit;
  auto view = api::parse_action_json(reply.body);
  if (!view) return fail_command(kCommand, view.error().message, kApiNoServer);
  if (call.parsed.is_on(kFlags, "wait")) return Follower(kCommand, call.parsed).follow(std::move(*view), reply.body);
  print(json ? reply.body : render_action(*view, view->nodes.size(), wants_colours()));
  return kApiGood;
}

}  // namespace piman::manager
