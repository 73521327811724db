// SPDX-License-Identifier: Apache-2.0
#include "manager/init/command.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/api_command.h"
#include "manager/config.h"
#include "manager/init/interview.h"
#include "manager/init/machine.h"
#include "manager/init/plan.h"
#include "manager/init/report.h"
#include "manager/new_file.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

enum Exit : int { kGood = 0, kProblems = 1, kUsage = 2, kNotWritten = 3 };

constexpr std::size_t kMostAnswerBytes = 1024;
constexpr std::chrono::milliseconds kLongestWait{60'000};

const std::array<Flag, 15>& flags() {
  static const std::array<Flag, 15> kFlags = {
      {{"config.file", "FILE", "piman.yml", "What is written.", false},
       {"site", "NAME", "", "What this site is called; this machine's name when nobody is asked.", false},
       {"interface", "NAME", "", "The interface that the nodes are at, or none: then no node boots from here.", false},
       {"mode", "MODE", "", "authoritative, server, proxy or off, as dhcp.mode; what fits to who answers there.",
        false},
       {"subnet", "NETWORK", "", "The nodes' network; that of the interface.", false},
       {"web.listen-address", "ADDRESS", "", "Where the page is served; 127.0.0.1:8080.", false},
       {"router", "ADDRESS", "", "The router that nodes are told of.", false},
       {"pool", "RANGE", "", "Addresses for hosts that are not in the inventory, such as 10.0.0.100-10.0.0.199.",
        false},
       {"state", "FOLDER", "",
        "Where inventory, leases, boot files and images are; beside the configuration, for "
        "/etc/piman in /var/lib/piman.",
        false},
       {"wait", "TIME", "5s", "How long other DHCP servers may take to answer; 0s: nobody looks.", false},
       {"yes", "", "false", "Asks nothing, as when standard input is no terminal.", false},
       {"force", "", "false",
        "Replaces a configuration, which stays beside it as .old. An inventory is never replaced.", false},
       {"dry-run", "", "false", "Looks, prints the configuration, and writes nothing.", false},
       {"json", "", "false", "Prints one object, for programs; asks nothing.", false},
       help_flag()}};
  return kFlags;
}

const ApiCommand& command() {
  static const ApiCommand kCommand = {
      "init",
      "Usage: piman init [FLAG ...]\n\n"
      "Writes a configuration that works, and an empty inventory, after five questions or the flags that answer them.\n"
      "Looks at the interface, at the ports that the server will want, and for DHCP servers that are there already.\n"
      "Exit code: 0 done, 1 done and something needs a hand, 2 wrong usage, 3 nothing was written.\n\n"
      "Examples:\n"
      "  sudo piman init\n"
      "  sudo piman init --config.file=/etc/piman/piman.yml --force\n"
      "  piman init --interface=eth1 --subnet=172.30.4.0/24 --mode=authoritative --yes\n"
      "  piman init --interface=none --yes\n"
      "  sudo piman init --dry-run --json | jq .checks\n",
      flags(), 0, 0};
  return kCommand;
}

std::optional<std::string> given(const ParsedFlags& parsed, std::string_view name) {
  if (!parsed.is_given(name)) return std::nullopt;
  return parsed.value(flags(), name);
}

/// Of the terminal. The first bytes of a longer line: no answer, and nor is its rest to the next question.
std::optional<std::string> read_line() {
  std::string line;
  int c = 0;
  while ((c = std::getc(stdin)) != EOF && c != '\n') {
    if (line.size() < kMostAnswerBytes) line += static_cast<char>(c);
  }
  if (c == EOF && line.empty()) return std::nullopt;
  return line;
}
void say(const std::string& text) { std::fputs(text.c_str(), stderr); }

std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    if (const std::string_view name = trim(next_until(list, ',')); !name.empty()) names.emplace_back(name);
  }
  return names;
}

Question about(std::string_view words, std::string_view flag, std::string_view key,
               std::optional<std::string> proposal) {
  return {words, flag, std::move(proposal), [key](std::string_view answer) { return check_value(key, answer); }};
}

Question about_interface(const std::vector<WireFacts>& wires) {
  const WireFacts* likely = likely_wire(wires);
  Question question =
      about("Which interface are the Pis at, to boot from here? (none: they boot by themselves)", "--interface",
            "netboot.interfaces", likely == nullptr ? std::nullopt : std::optional<std::string>(likely->name));
  question.check = [](std::string_view answer) {
    return answer.empty() ? Result<void>(fail("an interface, or none")) : check_value("netboot.interfaces", answer);
  };
  return question;
}

/// All that there is to know before anything is written.
struct Session {
  InitAnswers answers;
  std::vector<WireFacts> wires;
  WireSearch search;
};

Result<void> ask_about_wire(Session& session, Interview& interview, const ParsedFlags& parsed,
                            std::chrono::milliseconds wait, bool talks) {
  InitAnswers& answers = session.answers;
  const std::vector<std::string> names = names_in(answers.interface);
  if (wait.count() > 0) {
    if (talks) say(concat("Looking for DHCP servers on ", answers.interface, " ...\n"));
    session.search = search_wires(names, wait);
  }
  if (talks) say(concat("  ", check_servers(Config(), session.search).words, '\n'));
  auto mode = interview.ask(about("How are addresses given? (authoritative: by this one alone; server: beside others; "
                                  "proxy: by another one; off)",
                                  "--mode", "dhcp.mode", fitting_mode(session.search)),
                            given(parsed, "mode"));
  if (!mode) {
    return fail(concat(mode.error().message, session.search.looked || session.search.why_not.empty()
                                                 ? ""
                                                 : concat(" (", session.search.why_not, ')')));
  }
  answers.mode = *mode;
  answers.subnets = given(parsed, "subnet").value_or("");
  if (gives_addresses(answers.mode)) {
    std::optional<std::string> proposal;
    for (const WireFacts& wire : session.wires) {
      if (!names.empty() && wire.name == names.front()) proposal = fitting_subnet(wire);
    }
    auto subnet = interview.ask(about("Which network are the Pis in?", "--subnet", "dhcp.subnets", proposal),
                                given(parsed, "subnet"));
    if (!subnet) return tl::unexpected<Error>(subnet.error());
    answers.subnets = *subnet;
  }
  for (const auto& [flag, key, answer] :
       {std::tuple("router", "dhcp.routers", &answers.routers), std::tuple("pool", "dhcp.pools", &answers.pools)}) {
    const auto said = given(parsed, flag);
    if (!said) continue;
    if (const auto good = check_value(key, *said); !good) return fail_with(concat("--", flag), good.error());
    *answer = *said;
  }
  return {};
}

Result<Session> ask_all(const ParsedFlags& parsed, std::chrono::milliseconds wait, bool talks) {
  Session session;
  session.wires = list_wires(HostPaths());
  Interview interview(talks ? Interview::ReadLine(&read_line) : nullptr, &say);
  InitAnswers& answers = session.answers;
  auto site = interview.ask(about("What is this site called?", "--site", "site", fitting_site(host_name())),
                            given(parsed, "site"));
  if (!site) return tl::unexpected<Error>(site.error());
  answers.site = *site;
  auto interface = interview.ask(about_interface(session.wires), given(parsed, "interface"));
  if (!interface) {
    std::string names;
    for (const WireFacts& wire : session.wires) names += concat(names.empty() ? "" : ", ", wire.name);
    return fail(concat(interface.error().message, " (there are: ", names.empty() ? "none" : names, ')'));
  }
  answers.interface = *interface;
  if (answers.interface == kNoInterface) {
    for (const std::string_view flag : {"mode", "subnet", "router", "pool"}) {
      if (given(parsed, flag)) return fail(concat("--", flag, " is for nodes that boot from here: --interface"));
    }
  } else {
    if (auto asked = ask_about_wire(session, interview, parsed, wait, talks); !asked) {
      return tl::unexpected<Error>(asked.error());
    }
  }
  auto listen =
      interview.ask(about("Where is the page served? (:8080: to everybody in the network)", "--web.listen-address",
                          "web.listen_address", Config().web.listen_address.to_string()),
                    given(parsed, "web.listen-address"));
  if (!listen) return tl::unexpected<Error>(listen.error());
  answers.listen_address = *listen;
  return session;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {};
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Configuration last: while it is not there, nothing has happened.
Result<void> write_files(const Config& config, const std::string& yaml, bool force, InitReport& report) {
  if (auto made = make_folder(config.netboot.root); !made) return made;
  if (auto made = make_folder(config.install.images); !made) return made;
  report.hosts_were_there = is_there(config.inventory.hosts_file);
  if (!report.hosts_were_there) {
    auto written = write_new_file({config.inventory.hosts_file, init_hosts_header(), 0644, false, true});
    if (!written) return tl::unexpected<Error>(written.error());
  }
  auto written = write_new_file({report.config_file, yaml, 0644, force, false});
  if (!written) return tl::unexpected<Error>(written.error());
  report.kept_as = *written;
  report.is_written = true;
  return {};
}

}  // namespace

int run_init_command(std::span<const char* const> arguments) {
  const ApiCall call = read_command_line(command(), arguments);
  if (call.exit) return *call.exit;
  const ParsedFlags& parsed = call.parsed;
  const auto is_on = [&parsed](std::string_view flag) { return parsed.is_on(flags(), flag); };
  const auto wait = parse_duration(parsed.value(flags(), "wait"));
  if (!wait || *wait > kLongestWait) {
    return fail_command(command(),
                        concat("--wait: ", quote(parsed.value(flags(), "wait")), " is not between 0s and 1m"), kUsage);
  }
  InitReport report;
  report.config_file = parsed.value(flags(), "config.file");
  if (is_there(report.config_file) && !is_on("force") && !is_on("dry-run")) {
    return fail_command(command(),
                        concat(report.config_file, " is there already: --force replaces it, --dry-run only looks"),
                        kNotWritten);
  }
  const bool talks = !is_on("yes") && !is_on("json") && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  auto session = ask_all(parsed, *wait, talks);
  if (!session) return fail_command(command(), session.error().message, kUsage);
  const std::string yaml =
      render_init_config(session->answers, init_places(report.config_file, parsed.value(flags(), "state")));
  const ParsedConfig config = parse_config(yaml, folder_of(report.config_file));
  for (const ConfigProblem& problem : config.problems) fail_command(command(), problem.message, kUsage);
  if (!config.problems.empty()) return kUsage;

  report.hosts_file = config.config.inventory.hosts_file;
  report.checks = check_wires(config.config, session->wires);
  if (config.config.netboot.enabled) report.checks.push_back(check_servers(config.config, session->search));
  const auto wanted = wanted_ports(config.config);
  for (InitCheck& check : check_ports(wanted, look_at_ports(wanted, HostPaths()))) {
    report.checks.push_back(std::move(check));
  }
  report.next = next_steps(config.config, report.config_file);
  if (!is_on("dry-run")) {
    if (auto written = write_files(config.config, yaml, is_on("force"), report); !written) {
      return fail_command(command(), written.error().message, kNotWritten);
    }
  }
  if (is_on("json")) {
    print(report_json(report, yaml));
  } else {
    if (is_on("dry-run")) print(yaml + '\n');
    print(render_report(report, wants_colours()));
  }
  return report.has_problems() ? kProblems : kGood;
}

}  // namespace piman::manager
