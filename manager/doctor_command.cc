// SPDX-License-Identifier: Apache-2.0
#include "manager/doctor_command.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/text.h"
#include "manager/api_command.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

constexpr std::size_t kLineBytes = 100;

std::string_view colour_of(std::string_view severity) {
  if (severity == "problem") return "\x1b[31m";
  return severity == "good" ? "\x1b[32m" : "\x1b[33m";
}

/// `text` in lines of at most kLineBytes, all but the first indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = next_until(text, ' ');
    if (column > indent && column + 1 + word.size() > kLineBytes) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

}  // namespace

std::string render_findings(const std::vector<api::FindingView>& findings, bool colours) {
  if (findings.empty()) return "Nothing is known to be wrong.\n";
  std::string out;
  std::string_view machine;
  for (const api::FindingView& finding : findings) {
    if (finding.machine != machine) out += concat(out.empty() ? "" : "\n", printable(finding.machine), '\n');
    machine = finding.machine;
    const std::string severity = printable(finding.severity);
    const std::string padding(severity.size() < 8 ? 8 - severity.size() : 1, ' ');
    out += concat("  ", colours ? colour_of(severity) : "", severity, colours ? "\x1b[0m" : "", padding,
                  wrapped(printable(finding.summary), 10), '\n');
    if (!finding.next.empty()) out += concat("          ", wrapped("-> " + printable(finding.next), 10), '\n');
  }
  return out;
}

int run_doctor_command(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {server_flag(), json_flag(), help_flag()};
  static const ApiCommand kCommand = {
      "doctor",
      "Usage: piman doctor [NODE|MAC] [FLAG ...]\n\n"
      "Says why a machine does not boot, from what the server recorded, and what to do about it. Without an argument:\n"
      "every node that has a problem, and every machine that waits to be accepted.\n"
      "Exit code: 0 no problem, 1 some, 2 wrong usage, 3 no server answers.\n\n"
      "Examples:\n"
      "  piman doctor\n"
      "  piman doctor pi7\n"
      "  piman doctor dc:a6:32:00:00:01 --json\n",
      kFlags, 1, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  std::string path = "/api/v1/doctor";
  if (!call.parsed.arguments.empty()) {
    const std::string& machine = call.parsed.arguments.front();
    if (!is_machine(machine)) {
      return fail_command(kCommand, concat(quote(machine), " is no node's name or MAC"), kApiUsage);
    }
    path += concat("?node=", machine);
  }
  const ApiReply reply = ask(kCommand, call.parsed, path);
  if (reply.exit) return *reply.exit;
  const auto findings = api::parse_findings_json(reply.body);
  if (!findings) return fail_command(kCommand, findings.error().message, kApiNoServer);
  print(call.parsed.is_on(kFlags, "json") ? reply.body : render_findings(*findings, wants_colours()));
  const bool has_problem = std::any_of(findings->begin(), findings->end(),
                                       [](const api::FindingView& finding) { return finding.severity == "problem"; });
  return has_problem ? kApiNotGood : kApiGood;
}

}  // namespace piman::manager
