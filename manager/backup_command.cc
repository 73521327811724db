// SPDX-License-Identifier: Apache-2.0
#include "manager/backup_command.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "common/clock.h"
#include "common/text.h"
#include "manager/api_command.h"
#include "manager/backup/backup.h"
#include "manager/backup/moves.h"
#include "manager/backup/restore.h"
#include "manager/backup_json.h"
#include "manager/config_file.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

Flag own_json_flag() { return {"json", "", "false", "Print JSON, for programs.", false}; }

std::string absolute(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::absolute(path, ignored).lexically_normal().string();
}

std::string made_at(std::int64_t made) { return local_time(WallTime(std::chrono::seconds(made))); }

void print_backup(const std::string& file, const BackupReport& report) {
  print(concat(printable(file), ": ", short_bytes(static_cast<double>(report.size)), '\n'));
  for (const BackupFile& one : report.list.files) {
    print(concat("  ", one.role, "  ", short_bytes(static_cast<double>(one.size)), '\n'));
  }
  if (!report.has_store) std::fputs("warning: there is no database: this server has never kept anything\n", stderr);
  if (report.left_out.empty()) return;
  print("Without secrets, which --secrets adds:");
  for (const std::string& role : report.left_out) print(concat(' ', role));
  print("\n");
}

void print_restore(const RestoreReport& report, bool was_restored) {
  print(concat("Made ", made_at(report.list.made), " by piman ", printable(report.list.version), ", and whole.\n"));
  for (const RestoredFile& one : report.files) {
    std::string line = concat("  ", one.role, "  ");
    if (one.state == RestoredFile::State::kLeft) {
      line += one.path.empty() ? "has no place in the configuration" : "stays as it is";
    } else if (one.state == RestoredFile::State::kSame) {
      line += concat(one.path, " is the same");
    } else {
      line += one.path;
      if (!one.kept_as.empty())
        line += concat(was_restored ? "; what was there is " : "; what is there would be ", one.kept_as);
    }
    print(printable(line) + "\n");
  }
  if (!was_restored) {
    print("Nothing was changed.\n");
    return;
  }
  if (report.withdrawn_orders > 0) {
    print(concat(report.withdrawn_orders,
                 " orders that were open then are withdrawn: give again what is still wanted.\n"));
  }
  print("Start the server: systemctl start piman\n");
}

}  // namespace

int run_backup(std::span<const char* const> arguments) {
  static const std::array<Flag, 5> kFlags = {
      {config_flag(),
       {"secrets", "", "false", "Tokens, keys, hashes of passwords and URLs of receivers, too: keep the file safe.",
        false},
       {"force", "", "false", "Replace FILE where it is there already.", false},
       own_json_flag(),
       help_flag()}};
  static const ApiCommand kCommand = {
      "backup",
      "Usage: piman backup FILE [FLAG ...]\n\n"
      "Writes into one archive what makes a site: the database as it is at one moment (leases, orders, cards, alerts, "
      "the\n"
      "journal), the configuration, the inventory and the assignments. The server may be at work. Images and boot "
      "files "
      "are\n"
      "not in it. FILE is a tar archive with a list of sums.\n"
      "Exit code: 0 it is on the disk, 1 it is not, 2 wrong usage or a configuration with problems.\n\n"
      "Examples:\n"
      "  piman backup site.tar\n"
      "  piman backup /mnt/usb/piman-$(date +%F).tar --secrets\n"
      "  piman backup site.tar --force --json | jq .size_bytes\n",
      kFlags, 1, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto given = find_config_file(call.parsed, kFlags);
  if (!given) return fail_command(kCommand, given.error().message, kApiUsage);
  const auto config = load_config(*given);
  if (!config) return kApiUsage;
  BackupRequest request;
  request.file = absolute(call.parsed.arguments.front());
  request.replaces = call.parsed.is_on(kFlags, "force");
  request.config_file = absolute(*given);
  request.with_secrets = call.parsed.is_on(kFlags, "secrets");
  request.now = Clock().wall();
  const auto report = make_backup(request, *config);
  if (!report) return fail_command(kCommand, printable(report.error().message), kApiNotGood);
  if (call.parsed.is_on(kFlags, "json")) {
    print(backup_json(request.file, *report));
  } else {
    print_backup(request.file, *report);
  }
  return kApiGood;
}

int run_restore(std::span<const char* const> arguments) {
  static const std::array<Flag, 5> kFlags = {
      {{"config.file", "FILE", "",
        "Where the configuration goes, and what its relative paths are relative to; else where one is now: "
        "./piman.yml, "
        "else /etc/piman/piman.yml.",
        false},
       {"keep-config", "", "false", "Leave the configuration that is there, and put the rest where that says.", false},
       {"dry-run", "", "false", "Read and check all of it, say what would be done, and change nothing.", false},
       own_json_flag(),
       help_flag()}};
  static const ApiCommand kCommand = {
      "restore",
      "Usage: piman restore FILE [FLAG ...]\n\n"
      "Puts back what piman backup wrote, where the configuration in it says. Every byte is checked before anything "
      "is\n"
      "changed; then all files change together, and an interrupted restore is finished by the next one or when the "
      "server\n"
      "starts. What was there stays beside it as NAME.before-TIME. No server may run on this store. Orders that were "
      "open\n"
      "when the backup was made are withdrawn: they were perhaps carried out since.\n"
      "Exit code: 0 restored, 1 not, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman restore site.tar --dry-run\n"
      "  systemctl stop piman && piman restore site.tar && systemctl start piman\n"
      "  piman restore site.tar --keep-config --json | jq -r '.files[].kept_as'\n",
      kFlags, 1, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto place = find_config_file(call.parsed, kFlags);
  if (!place) return fail_command(kCommand, place.error().message, kApiUsage);
  RestoreRequest request;
  request.file = absolute(call.parsed.arguments.front());
  request.config_file = absolute(*place);
  request.keeps_config = call.parsed.is_on(kFlags, "keep-config");
  request.only_checks = call.parsed.is_on(kFlags, "dry-run");
  request.now = Clock().wall();
  const auto report = restore_backup(request);
  if (!report) return fail_command(kCommand, printable(report.error().message), kApiNotGood);
  if (report->finished_earlier) std::fputs("an earlier restore that was interrupted was finished first\n", stderr);
  if (call.parsed.is_on(kFlags, "json")) {
    print(restore_json(request.file, *report, !request.only_checks));
  } else {
    print_restore(*report, !request.only_checks);
  }
  return kApiGood;
}

bool is_free_of_restores(const char* config_file) {
  const auto finished = finish_moves(absolute(config_file));
  if (finished) {
    if (*finished) std::fputs("piman: a restore that was interrupted is finished\n", stderr);
    return true;
  }
  std::fprintf(
      stderr, "piman: a restore was interrupted, and can't be finished by this user: %s; run \"piman restore\" again\n",
      finished.error().message.c_str());
  return false;
}

}  // namespace piman::manager
