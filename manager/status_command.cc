// SPDX-License-Identifier: Apache-2.0
#include "manager/status_command.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/net_types.h"
#include "common/text.h"
#include "manager/scrape/http_client.h"

namespace piman::manager {
namespace {

constexpr std::chrono::milliseconds kTimeout{5000};
constexpr std::size_t kMostAnswerBytes = std::size_t{64} << 20U;
constexpr std::string_view kUnknown = "-";

const std::array<Flag, 3>& flags() {
  static const std::array<Flag, 3> kFlags = {{
      {"server", "URL", "http://127.0.0.1:8080", "The piman server to ask.", false},
      {"json", "", "false", "Print the server's answer (GET /api/v1/nodes) as it is, for programs.", false},
      {"help", "", "false", "Print this help.", false},
  }};
  return kFlags;
}

constexpr std::string_view kHelp =
    "usage: piman status [FLAGS]\n"
    "\n"
    "Shows the nodes of a running piman server: where each stands, its load, and why one is not up.\n"
    "Exit code: 0 every node is up, 1 some are not, 2 wrong usage, 3 no server answers.\n"
    "Colours only on a terminal, and not where NO_COLOR is set.\n"
    "\n"
    "flags:\n";

std::string printable(std::string_view text) {
  std::string out = to_valid_utf8(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

/// Columns on a terminal: code points, for a table of names needs no more.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string_view colour_of(std::string_view phase) {
  if (phase == "up") return "\x1b[32m";
  if (phase == "down") return "\x1b[31m";
  return phase == "agent-down" ? "\x1b[33m" : "\x1b[2m";
}

std::string whole(const std::optional<double>& value, std::string_view unit) {
  if (!value) return std::string(kUnknown);
  return concat(static_cast<std::int64_t>(std::llround(*value)), unit);
}

void replace_in(std::string& text, std::string_view from, std::string_view to) {
  if (const std::size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

/// "Raspberry Pi 3 Model B Plus Rev 1.3" -> "Pi 3 B+", as on the fleet page: columns are scarce.
std::string short_model(const std::string& model) {
  if (model.empty()) return std::string(kUnknown);
  if (!model.starts_with("Raspberry Pi ")) return printable(model);
  std::string text = model.substr(0, model.rfind(" Rev "));
  replace_in(text, "Raspberry Pi ", "Pi ");
  replace_in(text, " Model ", " ");
  replace_in(text, "Compute Module ", "CM");
  replace_in(text, " Plus", "+");
  return printable(text);
}

std::string age(double now, const std::optional<double>& then) {
  return then ? short_duration(now - *then) : std::string(kUnknown);
}

using Row = std::vector<std::string>;
constexpr std::size_t kPhaseColumn = 1;
const Row& headings() {
  static const Row kHeadings = {"NODE", "STATE",  "FOR",  "ADDRESS", "MODEL", "UPTIME",
                                "CPU",  "MEMORY", "DISK", "TEMP",    "SEEN",  "WHY"};
  return kHeadings;
}
/// Numbers stand right, so that their digits line up.
constexpr std::array kRightAligned = {false, false, true, false, false, true, true, true, true, true, true, false};

Row row_of(const api::FleetView::Node& node, double now) {
  // A node that isn't up has no load now; what it said last would mislead.
  const bool up = node.phase == "up";
  const auto now_only = [up](const std::optional<double>& value) { return up ? value : std::nullopt; };
  const auto uptime = now_only(node.uptime_seconds);
  return {
      printable(node.name),
      printable(node.phase),
      age(now, node.phase_since),
      printable(node.address),
      short_model(node.model),
      uptime ? short_duration(*uptime) : std::string(kUnknown),
      whole(now_only(node.cpu_percent), "%"),
      whole(now_only(node.memory_percent), "%"),
      whole(now_only(node.disk_percent), "%"),
      whole(now_only(node.temperature_celsius), "C"),
      node.last_seen ? age(now, node.last_seen) : std::string("never"),
      printable(node.error),
  };
}

std::string heading_line(const api::FleetView& fleet) {
  std::vector<std::pair<std::string, std::size_t>> counts;  // few phases, in the order of their first node
  for (const auto& node : fleet.nodes) {
    if (node.phase == "up") continue;
    const auto found = std::find_if(counts.begin(), counts.end(), [&](const auto& c) { return c.first == node.phase; });
    if (found == counts.end()) {
      counts.emplace_back(node.phase, 1);
    } else {
      ++found->second;
    }
  }
  const auto up = std::count_if(fleet.nodes.begin(), fleet.nodes.end(), [](const auto& n) { return n.phase == "up"; });
  std::string line = concat(printable(fleet.site), ": ", up, " of ", fleet.nodes.size(),
                            fleet.nodes.size() == 1 ? " node up" : " nodes up");
  for (const auto& [phase, count] : counts) line += concat(", ", count, ' ', printable(phase));
  return line + '\n';
}

Result<Ipv4Address> resolve(const std::string& host) {
  if (const auto address = Ipv4Address::parse(host)) return *address;
  ::addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  ::addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return fail(concat("looking up ", quote(host), ": ", ::gai_strerror(error)));
  }
  ::sockaddr_in address{};
  std::copy_n(reinterpret_cast<const char*>(found->ai_addr), sizeof address, reinterpret_cast<char*>(&address));
  ::freeaddrinfo(found);
  return Ipv4Address(ntohl(address.sin_addr.s_addr));
}

/// The body of the server's list of nodes.
Result<std::string> ask(const ServerAddress& server) {
  const auto address = resolve(server.host);
  if (!address) return fail(address.error().message);
  auto client = HttpClient::make(1);
  if (!client) return fail(client.error().message);
  HttpRequest request;
  request.address = *address;
  request.port = server.port;
  request.path = server.path + "/api/v1/nodes";
  request.accept = "application/json";
  request.timeout = kTimeout;
  request.most_bytes = kMostAnswerBytes;
  (*client)->start(request);
  for (;;) {
    const std::vector<HttpAnswer> answers = (*client)->poll(kTimeout);
    if (answers.empty()) continue;  // the client ends every transfer at its timeout
    const HttpAnswer& answer = answers.front();
    if (answer.error != ScrapeError::kNone) return fail(answer.error_text);
    if (answer.status != 200) return fail(concat("it answered with HTTP status ", answer.status));
    return answer.body;
  }
}

int no_server(const std::string& url, const Error& error) {
  std::fputs(concat("piman status: no piman server at ", printable(url), ": ", printable(error.message),
                    "; start one with \"piman server\", or name another with --server=URL\n")
                 .c_str(),
             stderr);
  return kStatusNoServer;
}

int wrong_usage(const std::string& problem) {
  std::fputs(concat("piman status: ", problem, "\n").c_str(), stderr);
  return kStatusUsage;
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

std::string short_duration(double seconds) {
  if (!std::isfinite(seconds)) return std::string(kUnknown);
  const auto total = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e12));
  constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400;
  const auto two = [](std::int64_t large, char unit, std::int64_t small, char small_unit) {
    return small == 0 ? concat(large, unit) : concat(large, unit, small, small_unit);
  };
  if (total < kMinute) return concat(total, 's');
  if (total < kHour) return concat(total / kMinute, 'm');
  if (total < kDay) return two(total / kHour, 'h', total % kHour / kMinute, 'm');
  return two(total / kDay, 'd', total % kDay / kHour, 'h');
}

std::string render_status(const api::FleetView& fleet, bool colours) {
  std::vector<Row> rows = {headings()};
  for (const auto& node : fleet.nodes) rows.push_back(row_of(node, fleet.now));
  std::vector<std::size_t> widths(headings().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out = heading_line(fleet);
  if (fleet.nodes.empty()) return out + "Add a line for each node to the server's hosts file: MAC;IP;NAME;0\n";
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width_of(row[i]), ' ');
      const bool coloured = colours && i == kPhaseColumn && &row != &rows.front();
      if (kRightAligned[i]) line += padding;
      line += coloured ? concat(colour_of(row[i]), row[i], "\x1b[0m") : row[i];
      if (!kRightAligned[i]) line += padding;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

Result<ServerAddress> parse_server_url(std::string_view url) {
  const auto wrong = [&](std::string_view why) {
    return fail(concat("--server=", quote(url), " ", why, "; it looks like http://127.0.0.1:8080"));
  };
  std::string_view rest = url;
  if (rest.starts_with("https://")) return wrong("asks for TLS, which this version does not speak");
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.find("://") != std::string_view::npos) return wrong("is not an HTTP address");
  ServerAddress address;
  std::string_view authority = next_until(rest, '/');
  if (!rest.empty()) address.path = concat('/', rest);
  while (address.path.ends_with('/')) address.path.pop_back();
  address.host = std::string(next_until(authority, ':'));
  if (address.host.empty() || address.host.find_first_of(" @[]?#") != std::string::npos)
    return wrong("has no host name");
  if (!authority.empty()) {
    const auto port = parse_number<std::uint16_t>(authority);
    if (!port || *port == 0) return wrong("has no valid port");
    address.port = *port;
  }
  return address;
}

int run_status(std::span<const char* const> arguments) {
  const ParsedFlags parsed = parse_flags(flags(), arguments);
  if (!parsed.problems.empty()) return wrong_usage(parsed.problems.front());
  if (parsed.is_on(flags(), "help")) {
    print(concat(kHelp, render_flags_help(flags())));
    return kStatusAllUp;
  }
  if (!parsed.arguments.empty()) return wrong_usage(concat("unexpected argument ", quote(parsed.arguments.front())));
  const std::string url = parsed.value(flags(), "server");
  const auto server = parse_server_url(url);
  if (!server) return wrong_usage(server.error().message);

  const auto body = ask(*server);
  if (!body) return no_server(url, body.error());
  const auto fleet = api::parse_nodes_json(*body);
  if (!fleet) return no_server(url, fleet.error());
  if (parsed.is_on(flags(), "json")) {
    print(*body);
  } else {
    const char* no_color = std::getenv("NO_COLOR");
    print(render_status(*fleet, ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0')));
  }
  const bool all_up =
      std::all_of(fleet->nodes.begin(), fleet->nodes.end(), [](const auto& node) { return node.phase == "up"; });
  return all_up ? kStatusAllUp : kStatusSomeNotUp;
}

}  // namespace piman::manager
