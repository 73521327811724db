// SPDX-License-Identifier: Apache-2.0
#include "manager/top_command.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "common/text.h"
#include "manager/api_command.h"
#include "manager/server_client.h"
#include "manager/status_command.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

constexpr std::chrono::milliseconds kShortest{200}, kLongest{60'000};
constexpr std::array<std::string_view, kTopOrderCount> kOrders = {"worst", "name", "cpu", "memory", "temperature"};

/// What needs a hand first, what is under way next, what is well last.
int badness(const std::string& phase) {
  constexpr std::array<std::string_view, 4> kBad = {"quarantined", "failed", "down", "agent-down"};
  const auto* found = std::find(kBad.begin(), kBad.end(), phase);
  if (found != kBad.end()) return static_cast<int>(found - kBad.begin());
  return phase == "up" ? 7 : phase == "off" ? 6 : phase == "pending" ? 5 : 4;
}

void sort_nodes(std::vector<api::FleetView::Node>& nodes, TopOrder order) {
  using Node = api::FleetView::Node;
  const auto load = [order](const Node& node) {
    if (node.phase != "up") return -1e9;  // what it said last would mislead
    const auto& value = order == TopOrder::kCpu      ? node.cpu_percent
                        : order == TopOrder::kMemory ? node.memory_percent
                                                     : node.temperature_celsius;
    return value.value_or(-1e6);
  };
  std::stable_sort(nodes.begin(), nodes.end(), [&](const Node& a, const Node& b) {
    if (order == TopOrder::kName) return a.name < b.name;
    if (order == TopOrder::kWorstFirst) {
      return a.stuck != b.stuck ? a.stuck : badness(a.phase) < badness(b.phase);
    }
    return load(a) > load(b);
  });
}

/// The first `columns` characters of a line; sequences of ANSI take no room, and are ended.
std::string cut(std::string_view line, std::size_t columns) {
  std::string out;
  std::size_t width = 0;
  bool is_coloured = false;
  for (std::size_t i = 0; i < line.size() && width < columns; ++i) {
    if (line[i] == '\x1b') {
      const std::size_t end = std::min(line.find('m', i), line.size() - 1);
      out += line.substr(i, end - i + 1);
      is_coloured = true;
      i = end;
      continue;
    }
    out += line[i];
    if ((static_cast<unsigned char>(line[i]) & 0xC0U) != 0x80U) ++width;  // not inside a character of UTF-8
  }
  return is_coloured ? out + "\x1b[0m" : out;
}

/// The terminal without line buffer and echo, on its other screen; as it was before when this goes.
class RawTerminal {
 public:
  RawTerminal() {
    ::tcgetattr(STDIN_FILENO, &before_);
    ::termios raw = before_;
    raw.c_lflag &= ~static_cast<::tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    print("\x1b[?1049h\x1b[?25l");
  }
  ~RawTerminal() {
    print("\x1b[?25h\x1b[?1049l");
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  ::termios before_{};
};

volatile std::sig_atomic_t is_over = 0;

void measure(TopScreen& screen) {
  ::winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return;
  screen.rows = size.ws_row;
  screen.columns = size.ws_col;
}

/// False: it is over.
bool take_key(char key, TopScreen& screen, std::size_t nodes) {
  const std::size_t page = screen.rows > 4 ? screen.rows - 4 : 1;
  if (key == 'q') return false;
  if (key == 'j') screen.first = std::min(screen.first + 1, nodes);
  if (key == 'k' && screen.first > 0) --screen.first;
  if (key == ' ') screen.first = std::min(screen.first + page, nodes);
  if (key == 'b') screen.first -= std::min(screen.first, page);
  if (key == 's') {
    screen.order = static_cast<TopOrder>((static_cast<std::size_t>(screen.order) + 1) % kTopOrderCount);
  }
  return true;
}

/// Asks; what can't be had leaves the fleet as it was, and says so.
void refresh(const ServerAddress& server, api::FleetView& fleet, TopScreen& screen) {
  const auto answer = ask_server(server, "/api/v1/nodes");
  auto found = !answer                 ? Result<api::FleetView>(tl::unexpected<Error>(answer.error()))
               : answer->status != 200 ? fail(concat("the server answered ", answer->status))
                                       : api::parse_nodes_json(answer->body);
  screen.problem = found ? std::string() : found.error().message;
  if (found) fleet = std::move(*found);
}

int watch(const ServerAddress& server, std::chrono::milliseconds interval, TopScreen screen) {
  struct sigaction action {};
  action.sa_handler = [](int) { is_over = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  const RawTerminal terminal;
  api::FleetView fleet;
  auto next = std::chrono::steady_clock::now();
  while (is_over == 0) {
    if (std::chrono::steady_clock::now() >= next) {
      refresh(server, fleet, screen);
      next = std::chrono::steady_clock::now() + interval;
    }
    measure(screen);
    print(concat("\x1b[H\x1b[2J", render_top(fleet, screen)));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    ::pollfd keys{STDIN_FILENO, POLLIN, 0};
    if (::poll(&keys, 1, static_cast<int>(std::max<std::int64_t>(0, left.count()))) <= 0) continue;
    char key = 0;
    if (::read(STDIN_FILENO, &key, 1) != 1 || !take_key(key, screen, fleet.nodes.size())) break;
  }
  return kApiGood;
}

}  // namespace

std::string_view to_string(TopOrder order) { return kOrders[static_cast<std::size_t>(order)]; }

std::string render_top(api::FleetView fleet, const TopScreen& screen) {
  if (screen.rows < 2) return {};
  sort_nodes(fleet.nodes, screen.order);
  constexpr std::size_t kOtherLines = 3;  // what is up, the headings, the keys
  const std::size_t room = screen.rows > kOtherLines ? screen.rows - kOtherLines : 0;
  const std::size_t all = fleet.nodes.size();
  const std::size_t first = std::min(screen.first, all > room ? all - room : 0);
  // All rows are laid out, so that columns stand still while one scrolls.
  const std::string text = render_status(fleet, screen.colours);
  std::vector<std::string_view> lines;
  for (std::string_view rest = text; !rest.empty();) lines.push_back(next_until(rest, '\n'));
  std::string out;
  std::size_t used = 0;
  const auto add = [&](std::string_view line) {
    if (used + 1 < screen.rows) out += cut(line, screen.columns) + '\n';
    ++used;
  };
  add(lines[0]);
  if (lines.size() > 1) add(lines[1]);
  for (std::size_t i = 2 + first; i < lines.size() && i < 2 + first + room; ++i) add(lines[i]);
  const std::string keys = concat("q quit  j k space b move  s sort: ", to_string(screen.order));
  out += cut(screen.problem.empty() ? keys : concat("old: ", printable(screen.problem)), screen.columns);
  return out;
}

int run_top(std::span<const char* const> arguments) {
  static const std::array<Flag, 4> kFlags = {
      {server_flag(),
       {"interval", "SECONDS", "2", "How often the server is asked.", false},
       {"sort", "ORDER", "worst", "worst, name, cpu, memory or temperature: what stands on top.", false},
       help_flag()}};
  static const ApiCommand kCommand = {
      "top",
      "Usage: piman top [FLAG ...]\n\n"
      "Shows the fleet of a running server as it changes, until q or Ctrl-C. The keys "
      "stand in its last line. Colours not where NO_COLOR is set.\n"
      "Exit code: 0 done, 2 wrong usage or no terminal; a server that does not answer is "
      "waited for.\n\n"
      "Examples:\n"
      "  piman top\n"
      "  piman top --sort=temperature --interval=5\n",
      kFlags, 0, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto server = parse_server_url(call.parsed.value(kFlags, "server"));
  if (!server) return fail_command(kCommand, server.error().message, kApiUsage);
  const auto seconds = parse_double(call.parsed.value(kFlags, "interval"));
  const std::chrono::duration<double> interval(seconds.value_or(0));
  if (!(interval >= kShortest) || !(interval <= kLongest)) {
    return fail_command(kCommand, "--interval is no number of seconds from 0.2 to 60", kApiUsage);
  }
  const std::string order = call.parsed.value(kFlags, "sort");
  const auto* const found = std::find(kOrders.begin(), kOrders.end(), order);
  if (found == kOrders.end()) {
    return fail_command(kCommand, concat(quote(order), " is none of worst, name, cpu, memory, temperature"), kApiUsage);
  }
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
    return fail_command(kCommand, "this needs a terminal; piman status is for scripts", kApiUsage);
  }
  TopScreen screen;
  screen.order = static_cast<TopOrder>(found - kOrders.begin());
  screen.colours = wants_colours();
  return watch(*server, std::chrono::duration_cast<std::chrono::milliseconds>(interval), screen);
}

}  // namespace piman::manager
