// SPDX-License-Identifier: Apache-2.0
#include "manager/events_command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string_view>
#include <thread>
#include <utility>

#include "common/http_types.h"
#include "common/text.h"
#include "manager/api/boot_json.h"
#include "manager/api/event_json.h"
#include "manager/api_command.h"
#include "manager/server_client.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostAtOnce = 1000;
constexpr milliseconds kLook{1000};
/// A server that is gone is asked less and less often.
constexpr milliseconds kLongestPause{10'000};

std::span<const Flag> flags() {
  static const std::array<Flag, 8> kFlags = {
      {{"follow", "", "false", "Go on with what happens, until Ctrl-C.", false},
       {"since", "ID", "", "What came after the event of this number, oldest first; the newest when left out.", false},
       {"limit", "N", "50", "At most so many, 1 to 1000; with --follow before what happens from now on.", false},
       {"node", "NODE", "", "Only of this node (or hardware address); may be given several times.", true},
       {"kind", "KIND", "", "Only of this kind, such as phase, boot or power; may be given several times.", true},
       server_flag(),
       {"json", "", "false", "Print the server's answer as it is; with --follow an object a line.", false},
       help_flag()}};
  return kFlags;
}

const ApiCommand& command() {
  static const ApiCommand kCommand = {
      "events",
      "Usage: piman events [FLAG ...]\n\n"
      "Shows what happened to nodes: how they boot, come and go, are installed and switched, and by whom.\n"
      "With --follow it outlives a restart of the server, and says so on standard error.\n"
      "Exit code: 0 done, 1 the server refuses, 2 wrong usage, 3 no server answers.\n\n"
      "Examples:\n"
      "  piman events\n"
      "  piman events --follow --node=pi7\n"
      "  piman events --kind=power --kind=order --limit=200\n"
      "  piman events --follow --json | jq -r 'select(.kind == \"phase\") | .node'\n",
      flags(), 0, 0};
  return kCommand;
}

std::string path_of(const ParsedFlags& parsed, const std::string& since, std::size_t limit) {
  std::string path = concat("/api/v1/events?limit=", limit);
  if (!since.empty()) path += concat("&since=", since);
  for (const char* name : {"node", "kind"}) {
    for (const std::string& word : parsed.values(flags(), name)) {
      path += concat('&', name, '=', http::percent_encoded(word));
    }
  }
  return path;
}

std::string_view colour_of(const JournalEntry& entry) {
  if (entry.kind == "stuck") return "\x1b[33m";
  if (entry.kind != "phase") return {};
  for (const auto& [key, value] : entry.data) {
    if (key == "to") return phase_colour(value);
  }
  return {};
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

void show(const std::vector<JournalEvent>& events, bool as_json) {
  if (as_json) {
    for (const JournalEvent& event : events) print(api::event_json(event) + '\n');
  } else {
    print(render_events(events, wants_colours()));
  }
  std::fflush(stdout);
}

/// One look at the server. Errors: in words, whatever went wrong.
Result<JournalPage> look(const ServerAddress& server, const std::string& path) {
  const auto answer = ask_server(server, path);
  if (!answer) return tl::unexpected<Error>(answer.error());
  if (answer->status != 200) {
    return fail(api::error_message_of(answer->body).value_or(concat("it answered with HTTP status ", answer->status)));
  }
  return api::parse_events_json(answer->body);
}

[[noreturn]] void follow(const ParsedFlags& parsed, std::uint64_t next) {
  const auto server = parse_server_url(parsed.value(flags(), "server"));  // it has answered
  const bool as_json = parsed.is_on(flags(), "json");
  milliseconds pause = kLook;
  bool is_lost = false;
  for (;;) {
    std::this_thread::sleep_for(pause);
    const auto page = look(*server, path_of(parsed, concat(next), kMostAtOnce));
    if (!page) {
      if (!std::exchange(is_lost, true)) {
        std::fputs(
            concat("piman events: the server does not answer, trying again: ", printable(page.error().message), '\n')
                .c_str(),
            stderr);
      }
      pause = std::min(pause * 2, kLongestPause);
      continue;
    }
    if (std::exchange(is_lost, false)) std::fputs("piman events: the server answers again\n", stderr);
    show(page->events, as_json);
    next = page->next;
    // What was cut off is fetched at once.
    pause = page->next < page->last ? milliseconds(0) : kLook;
  }
}

}  // namespace

std::string render_events(std::span<const JournalEvent> events, bool colours) {
  std::size_t id_width = 0;
  for (const JournalEvent& event : events) id_width = std::max(id_width, concat(event.id).size());
  std::string out;
  for (const auto& [id, entry] : events) {
    const WallTime at{std::chrono::milliseconds(entry.at_ms)};
    const std::string_view colour = colours ? colour_of(entry) : std::string_view();
    const std::string number = concat(id);
    out += concat(local_time(at), "  ", std::string(id_width - number.size(), ' '), number, "  ",
                  padded(printable(entry.kind), 8), "  ", padded(printable(entry.subject), 10), "  ", colour,
                  printable(entry.text), colour.empty() ? "" : "\x1b[0m", '\n');
  }
  return out;
}

int run_events_command(std::span<const char* const> arguments) {
  const ApiCall call = read_command_line(command(), arguments);
  if (call.exit) return *call.exit;
  const ParsedFlags& parsed = call.parsed;
  const std::string since = parsed.value(flags(), "since");
  if (!since.empty() && !parse_u64(since)) {
    return fail_command(command(), concat("--since=", quote(since), " is no number of an event"), kApiUsage);
  }
  const auto limit = parse_number<std::size_t>(parsed.value(flags(), "limit"));
  if (!limit || *limit < 1 || *limit > kMostAtOnce) {
    return fail_command(command(), concat("--limit is no number from 1 to ", kMostAtOnce), kApiUsage);
  }
  const bool follows = parsed.is_on(flags(), "follow");
  if (follows) {
    // The end of following is no failure. What was printed was flushed.
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int /*signal*/) { ::_exit(0); });
  }
  const ApiReply reply = ask(command(), parsed, path_of(parsed, since, *limit));
  if (reply.exit) return *reply.exit;
  const auto page = api::parse_events_json(reply.body);
  if (!page) return fail_command(command(), page.error().message, kApiNoServer);
  const bool as_json = parsed.is_on(flags(), "json");
  if (!follows && as_json) {
    print(reply.body);
    return kApiGood;
  }
  show(page->events, as_json);
  if (follows) follow(parsed, page->next);
  return kApiGood;
}

}  // namespace piman::manager
