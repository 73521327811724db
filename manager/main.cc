// SPDX-License-Identifier: Apache-2.0
// The `piman` program: finds the subcommand, reads its flags, and runs it.
#include <array>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/flags.h"
#include "common/log.h"
#include "common/shutdown.h"
#include "common/text.h"
#include "manager/alerts_command.h"
#include "manager/backup_command.h"
#include "manager/boot_image/command.h"
#include "manager/boots_command.h"
#include "manager/ca/command.h"
#include "manager/command_words.h"
#include "manager/completion_command.h"
#include "manager/config.h"
#include "manager/config_file.h"
#include "manager/config_import.h"
#include "manager/doctor_command.h"
#include "manager/events_command.h"
#include "manager/hosts_command.h"
#include "manager/image_command.h"
#include "manager/init/command.h"
#include "manager/nodes_command.h"
#include "manager/orders_command.h"
#include "manager/power_command.h"
#include "manager/server.h"
#include "manager/status_command.h"
#include "manager/targets_command.h"
#include "manager/top_command.h"
#include "manager/tree_command.h"
#include "manager/users_command.h"

namespace {

using namespace piman;
using namespace piman::manager;

using Arguments = std::span<const char* const>;

constexpr int kExitUsage = 2;

struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(Arguments arguments);
};

std::span<const Command> commands();

Flag help_flag() { return {"help", "", "false", "Shows this help.", false}; }

/// One line on standard error, and the exit status of a wrong command line.
int fail_usage(const std::string& problem) {
  std::fprintf(stderr, "piman: %s\n", problem.c_str());
  return kExitUsage;
}

/// What a subcommand does first. Returns the exit status when there is nothing left to do.
std::optional<int> check_flags(const ParsedFlags& parsed, std::span<const Flag> table, std::string_view usage) {
  if (parsed.is_on(table, "help")) {
    std::fputs(concat(usage, "\nFlags:\n", render_flags_help(table)).c_str(), stdout);
    return 0;
  }
  for (const std::string& problem : parsed.problems) fail_usage(problem);
  for (const std::string& argument : parsed.arguments) fail_usage(concat("unexpected argument ", quote(argument)));
  if (!parsed.problems.empty() || !parsed.arguments.empty()) return kExitUsage;
  return std::nullopt;
}

int print_problems(const std::string& file, const ParsedConfig& parsed) {
  for (const ConfigProblem& problem : parsed.problems) std::fprintf(stderr, "%s\n", problem.to_string(file).c_str());
  return kExitUsage;
}

/// Takes the flags that override the file; returns what is wrong with them.
std::vector<std::string> apply_overrides(const ParsedFlags& parsed, std::span<const Flag> table, Config& config) {
  std::vector<std::string> problems;
  const std::string level = parsed.value(table, "log.level");
  const std::string format = parsed.value(table, "log.format");
  if (const auto known = parse_log_level(level)) {
    config.log.level = *known;
  } else if (!level.empty()) {
    problems.push_back(concat("--log.level: ", quote(level), " is none of debug, info, warn, error"));
  }
  if (const auto known = parse_log_format(format)) {
    config.log.format = *known;
  } else if (!format.empty()) {
    problems.push_back(concat("--log.format: ", quote(format), " is not logfmt or json"));
  }
  if (parsed.is_given("web.listen-address")) {
    const auto set = override_listen_address(config, parsed.value(table, "web.listen-address"));
    if (!set) problems.push_back(concat("--web.listen-address: ", set.error().message));
  }
  return problems;
}

int run_server_command(Arguments arguments) {
  const std::array<Flag, 5> table = {{
      config_flag(),
      {"web.listen-address", "ADDRESS", "", "Where to serve, instead of web.listen_address of the file.", false},
      {"log.level", "LEVEL", "", "debug, info, warn or error, instead of log.level of the file.", false},
      {"log.format", "FORMAT", "", "logfmt or json, instead of log.format of the file.", false},
      help_flag(),
  }};
  constexpr std::string_view kUsage =
      "Usage: piman server [FLAG ...]\n\n"
      "Watches the fleet and serves its page, its API and its metrics until SIGTERM.\n"
      "SIGHUP reads the inventory and the web configuration again.\n\n"
      "Examples:\n"
      "  piman server\n"
      "  piman server --config.file=/etc/piman/piman.yml --log.level=debug\n"
      "  piman server --web.listen-address=:8080\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check_flags(parsed, table, kUsage)) return *done;
  const auto file = find_config_file(parsed, table);
  if (!file) return fail_usage(file.error().message);
  if (!is_free_of_restores(file->c_str())) return 1;
  ParsedConfig config = read_config(*file);
  const std::vector<std::string> problems = apply_overrides(parsed, table, config.config);
  for (const std::string& problem : problems) fail_usage(problem);
  if (!config.problems.empty()) return print_problems(*file, config);
  if (!problems.empty()) return kExitUsage;
  const ShutdownSignals signals;
  Logger log(config.config.log.level, config.config.log.format);
  return run_server(config.config, log, signals);
}

int check_config(Arguments arguments) {
  const std::array<Flag, 2> table = {{config_flag(), help_flag()}};
  constexpr std::string_view kUsage =
      "Usage: piman config check [FLAG ...]\n\n"
      "Reads the configuration and reports every problem with its line. Exit status 0: none, 2: some.\n\n"
      "Examples:\n"
      "  piman config check\n"
      "  piman config check --config.file=/etc/piman/piman.yml\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check_flags(parsed, table, kUsage)) return *done;
  const auto file = find_config_file(parsed, table);
  if (!file) return fail_usage(file.error().message);
  const ParsedConfig config = read_config(*file);
  if (!config.problems.empty()) return print_problems(*file, config);
  std::puts(concat(*file, ": no problems").c_str());
  return 0;
}

int print_reference(Arguments arguments) {
  const std::array<Flag, 1> table = {{help_flag()}};
  constexpr std::string_view kUsage =
      "Usage: piman config reference\n\n"
      "Prints what every key of the configuration does, as Markdown.\n\n"
      "Examples:\n"
      "  piman config reference\n"
      "  piman config reference > docs/configuration.md\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check_flags(parsed, table, kUsage)) return *done;
  std::fputs(render_config_reference().c_str(), stdout);
  return 0;
}

int run_config_command(Arguments arguments) {
  constexpr std::string_view kUsage =
      "Usage: piman config check|import|reference [FLAG ...]\n\n"
      "  check      reports every problem of the configuration with its line\n"
      "  import     turns hosts.csv, piman.yaml and monitoring.config of the Python system into YAML\n"
      "  reference  prints what every key does\n\n"
      "Examples:\n"
      "  piman config check\n"
      "  piman config reference\n";
  static constexpr auto kWords = std::to_array<CommandWord>({
      {"check", &check_config},
      {"import", &run_config_import},
      {"reference", &print_reference},
  });
  return run_word("config", kUsage, kWords, arguments);
}

int run_netboot_command(Arguments arguments) {
  constexpr std::string_view kUsage =
      "Usage: piman netboot import|tree [FLAG ...]\n\n"
      "  import  copies a folder of boot files under the boot root as an image\n"
      "  tree    lists what a node would be served, and why\n";
  static constexpr auto kWords = std::to_array<CommandWord>({
      {"import", &run_netboot_import},
      {"tree", &run_netboot_tree},
  });
  return run_word("netboot", kUsage, kWords, arguments);
}

int print_version(Arguments /*arguments*/) {
  std::puts("piman " PIMAN_VERSION);
  return 0;
}

int print_help(Arguments arguments) {
  for (const Command& command : commands()) {
    const bool asked = !arguments.empty() && command.name == arguments.front() && command.run != &print_help;
    constexpr std::array<const char*, 1> kHelp = {"--help"};
    if (asked && command.run != &print_version) return command.run(kHelp);
  }
  std::string out =
      "piman " PIMAN_VERSION " - watches a fleet of Raspberry Pis\n\nUsage: piman COMMAND [FLAG ...]\n\nCommands:\n";
  for (const Command& command : commands()) {
    out += concat("  ", command.name, std::string(12 - command.name.size(), ' '), command.summary, '\n');
  }
  out +=
      "\nExamples:\n"
      "  piman server\n"
      "  piman config check --config.file=piman.yml\n"
      "  piman status\n"
      "  piman help server\n";
  std::fputs(out.c_str(), stdout);
  return 0;
}

std::span<const Command> commands() {
  static constexpr auto kCommands = std::to_array<Command>({
      {"init", "asks a few questions and writes a configuration that works", &run_init_command},
      {"server", "watches the fleet and serves page, API and metrics", &run_server_command},
      {"status", "shows the fleet of a running server as a table", &run_status},
      {"top", "shows the fleet in a terminal as it changes", &run_top},
      {"nodes", "shows nodes and where each stands", &run_nodes_command},
      {"node", "shows all that is known of one node", &run_node_command},
      {"events", "shows what happened to nodes, and what happens", &run_events_command},
      {"targets", "shows how the scrapes of each node go", &run_targets_command},
      {"alerts", "lists what is wrong, or sends a test message", &run_alerts},
      {"silence", "keeps alerts of nodes from being told for some time", &run_silence},
      {"config", "checks the configuration, explains its keys, or imports an old one", &run_config_command},
      {"boot-image", "builds, signs and checks a boot.img", &run_boot_image_command},
      {"ca", "makes the certificates of a fleet", &run_ca_command},
      {"netboot", "imports boot files, or lists those of a node", &run_netboot_command},
      {"image", "keeps, checks and builds what nodes are installed with", &run_image_command},
      {"hosts", "shows and changes the inventory, and accepts machines that wait", &run_hosts_command},
      {"boots", "shows a machine's last boots", &run_boots_command},
      {"doctor", "says why a machine does not boot", &run_doctor_command},
      {"restart", "switches nodes off and on", &run_restart},
      {"reinstall", "formats nodes' cards and installs an image on them", &run_reinstall},
      {"actions", "shows how restarts and reinstalls stand", &run_actions_command},
      {"power", "switches nodes' power, and shows what switches say of it", &run_power_command},
      {"backup", "writes into one file what makes a site, beside a server at work", &run_backup},
      {"restore", "puts back what backup wrote", &run_restore},
      {"users", "lets people log in on the page", &run_users_command},
      {"completion", "prints what a shell completes command lines with", &run_completion_command},
      {"version", "prints the version", &print_version},
      {"help", "prints this, or the help of a command", &print_help},
  });
  return kCommands;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = Arguments(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0);
  if (arguments.empty()) return fail_usage("which command? piman help lists them");
  const std::string_view name = arguments.front();
  if (name == "--help" || name == "-h") return print_help({});
  if (name == "--version") return print_version({});
  for (const Command& command : commands()) {
    if (command.name == name) return command.run(arguments.subspan(1));
  }
  return fail_usage(concat("unknown command ", quote(name), "; piman help lists them"));
}
