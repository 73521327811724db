// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "common/text.h"
#include "manager/api_command.h"
#include "manager/config.h"
#include "manager/config_import.h"
#include "manager/config_import_hosts.h"
#include "manager/config_import_site.h"
#include "manager/fleet/inventory.h"
#include "manager/fleet/text_file.h"
#include "manager/new_file.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

constexpr std::size_t kMostPaths = 16;

/// The files of the Python system; each may be missing.
struct OldFiles {
  std::string hosts, site, monitoring;
  std::vector<std::string> problems;
};

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }
bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void take(std::string& place, const std::string& path, OldFiles& files) {
  if (!place.empty()) files.problems.push_back(concat(path, ": there is ", place, " already: not taken"));
  if (place.empty()) place = path;
}

void take_folder(const std::string& folder, OldFiles& files) {
  const auto look = [&](std::string& place, const std::string& name) {
    const std::string path = concat(folder, folder.ends_with('/') ? "" : "/", name);
    if (is_there(path)) take(place, path, files);
    return is_there(path);
  };
  const bool has_hosts = look(files.hosts, "hosts.csv");
  const bool has_site = look(files.site, "piman.yaml");
  const bool has_monitoring =
      look(files.monitoring, "monitoring.config") || look(files.monitoring, "monitoring/monitoring.config");
  if (!has_hosts && !has_site && !has_monitoring) {
    files.problems.push_back(concat(folder, ": neither hosts.csv nor piman.yaml nor monitoring.config is there"));
  }
  if (const auto orders = read_text_file(concat(folder, "/reinstall.txt"), kMostMonitoringBytes);
      orders && *orders && !trim(**orders).empty()) {
    files.problems.push_back(
        concat(folder, "/reinstall.txt: its orders were not taken; \"piman reinstall NAME\" gives them anew"));
  }
}

/// By their names; what is called otherwise is a monitoring.config.
OldFiles sort_out(const std::vector<std::string>& paths) {
  OldFiles files;
  for (const std::string& path : paths) {
    const std::string name = base_name(path);
    if (is_folder(path)) {
      take_folder(path, files);
    } else if (name.ends_with(".csv")) {
      take(files.hosts, path, files);
    } else if (name.ends_with(".yaml") || name.ends_with(".yml")) {
      take(files.site, path, files);
    } else {
      take(files.monitoring, path, files);
    }
  }
  return files;
}

/// Whatever can't be written is found before anything is: half of an import helps nobody.
Result<void> check_places(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (is_there(path)) return fail(concat(path, " is there already: nothing was written"));
  }
  return {};
}

/// What is to be written beside the configuration.
struct Beside {
  std::string name;
  std::string text;
  ::mode_t mode;
};

struct Import {
  std::string yaml;
  std::vector<Beside> files;
  std::vector<std::string> problems;
};

Result<Import> import_all(const OldFiles& files) {
  Import result;
  result.problems = files.problems;
  const auto read = [](const std::string& path, std::size_t most) -> Result<std::string> {
    auto text = read_text_file(path, most);
    if (!text) return tl::unexpected<Error>(text.error());
    if (!*text) return fail(concat(path, ": no such file"));
    return std::move(**text);
  };
  const auto say = [&result](const std::string& path, const std::vector<std::string>& problems) {
    for (const std::string& each : problems) result.problems.push_back(concat(path, ": ", each));
  };
  std::vector<Host> hosts;
  if (!files.hosts.empty()) {
    const auto text = read(files.hosts, kMostInventoryBytes);
    if (!text) return tl::unexpected<Error>(text.error());
    ImportedHosts imported = import_hosts(*text);
    say(files.hosts, imported.problems);
    result.yaml += "inventory:\n  hosts_file: hosts.csv\n";
    result.files.push_back({"hosts.csv", std::move(imported.csv), 0644});
    hosts = std::move(imported.hosts);
  }
  if (!files.site.empty()) {
    const auto text = read(files.site, kMostSiteBytes);
    if (!text) return tl::unexpected<Error>(text.error());
    const ImportedSite imported = import_site(*text, hosts);
    say(files.site, imported.problems);
    result.yaml += imported.yaml;
    if (imported.has_switches) result.files.push_back({kSwitchCommunityFile, concat(kSwitchCommunity, '\n'), 0600});
  }
  if (!files.monitoring.empty()) {
    const auto text = read(files.monitoring, kMostMonitoringBytes);
    if (!text) return tl::unexpected<Error>(text.error());
    const ImportedMonitoring imported = import_monitoring(*text);
    say(files.monitoring, imported.problems);
    result.yaml += imported.yaml;
    for (const auto& [name, url] :
         {std::pair(kSlackFile, &imported.slack_url), std::pair(kDiscordFile, &imported.discord_url)}) {
      if (!url->empty()) result.files.push_back({name, *url + '\n', 0600});
    }
  }
  return result;
}

}  // namespace

int run_config_import(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {
      {{"folder", "FOLDER", ".", "Where hosts.csv and the files for secrets are written: beside piman.yml.", false},
       {"config.file", "FILE", "",
        "Writes the YAML into this file, which must not be there yet, instead of printing it.", false},
       help_flag()}};
  static const ApiCommand kCommand = {
      "config import",
      "Usage: piman config import PATH ... [FLAG ...]\n\n"
      "Turns hosts.csv, piman.yaml and monitoring.config of the Python system into an inventory and YAML for "
      "piman.yml.\n"
      "PATH is one of them, or the folder that they are in. The YAML goes to standard output. The inventory, and what "
      "is\n"
      "secret (the addresses of Slack and Discord, the switches' community), go into files, which must not be there "
      "yet.\n"
      "What is not understood is named with its line; docs/migration.md tells the rest of the way.\n"
      "Exit code: 0 all of it was taken, 1 some of it was not, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman config import /opt/pi-manager --config.file=piman.yml\n"
      "  piman config import monitoring.config\n"
      "  piman config import hosts.csv piman.yaml --folder=/etc/piman >> /etc/piman/piman.yml\n",
      kFlags, kMostPaths, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto imported = import_all(sort_out(call.parsed.arguments));
  if (!imported) return fail_command(kCommand, imported.error().message, kApiUsage);
  const std::string file = call.parsed.value(kFlags, "config.file");
  const std::string folder = call.parsed.value(kFlags, "folder");
  std::vector<std::string> places;
  if (!file.empty()) places.push_back(file);
  for (const Beside& each : imported->files) places.push_back(concat(folder, '/', each.name));
  if (const auto free = check_places(places); !free) {
    return fail_command(kCommand, free.error().message, kApiNotGood);
  }
  int exit = kApiGood;
  for (const std::string& problem : imported->problems) exit = fail_command(kCommand, printable(problem), kApiNotGood);
  for (const Beside& each : imported->files) {
    const std::string path = concat(folder, '/', each.name);
    if (const auto written = write_new_file({path, each.text, each.mode, false, true}); !written) {
      return fail_command(kCommand, written.error().message, kApiNotGood);
    }
  }
  if (file.empty()) {
    print(imported->yaml);
    return exit;
  }
  if (const auto written = write_new_file({file, imported->yaml}); !written) {
    return fail_command(kCommand, written.error().message, kApiNotGood);
  }
  print(concat("Written: ", file, ". Next: piman config check --config.file=", file, '\n'));
  return exit;
}

}  // namespace piman::manager
