// SPDX-License-Identifier: Apache-2.0
#include "manager/config_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "common/text.h"
#include "manager/backup/moves.h"

namespace piman::manager {
namespace {

/// What can't be looked at counts as there: reading it says why it can't be read, and no other file takes its place.
bool may_stand_at(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool stands_or_will_stand_at(const std::string& file) { return may_stand_at(file) || may_stand_at(moves_file(file)); }

bool is_owned_by(const struct stat& found, ::uid_t caller) { return found.st_uid == 0 || found.st_uid == caller; }

/// Why this file or folder is not to be trusted; empty: nobody else could have put it there or change it.
std::string_view distrust(const std::string& path, ::uid_t caller) {
  struct stat found {};
  // A link is somebody's doing, too, wherever it leads.
  if (::lstat(path.c_str(), &found) == 0 && !is_owned_by(found, caller)) return "belongs to another user";
  if (::stat(path.c_str(), &found) != 0) return {};
  if (!is_owned_by(found, caller)) return "belongs to another user";
  if ((found.st_mode & S_IWOTH) != 0) return "can be written by everybody";
  return {};
}

}  // namespace

Flag config_flag() {
  return {"config.file", "FILE", "",
          "The configuration (docs/configuration.md); else ./piman.yml, else /etc/piman/piman.yml.", false};
}

Result<std::string> find_config_file(const std::string& given, const ConfigPlaces& places) {
  if (!given.empty()) return given;
  if (stands_or_will_stand_at(places.here)) {
    const std::string parent = std::filesystem::path(places.here).parent_path().string();
    const std::string folder = parent.empty() ? "." : parent;
    for (const std::string& path : {folder, places.here, moves_file(places.here)}) {
      const std::string_view reason = distrust(path, places.caller);
      if (reason.empty()) continue;
      return fail(concat(places.here,
                         " is not read unless it is named: ", path == "." ? std::string("this folder") : path, ' ',
                         reason, "; name it with --config.file=", places.here,
                         ", or another one, as --config.file=", places.installed));
    }
    return places.here;
  }
  if (stands_or_will_stand_at(places.installed)) return places.installed;
  return fail(concat("there is no configuration: neither ", places.here, " in this folder nor ", places.installed,
                     "; name one with --config.file=FILE, or write one with \"piman init\""));
}

Result<std::string> find_config_file(const ParsedFlags& parsed, std::span<const Flag> flags) {
  return find_config_file(parsed.value(flags, "config.file"));
}

Result<FoundConfig> find_config(const ParsedFlags& parsed, std::span<const Flag> flags, std::string_view instead) {
  auto file = find_config_file(parsed, flags);
  if (!file) return fail(concat(file.error().message, "; ", instead));
  ParsedConfig config = read_config(*file);
  if (!config.problems.empty()) return fail(concat(config.problems.front().to_string(*file), "; ", instead));
  return FoundConfig{std::move(*file), std::move(config.config)};
}

}  // namespace piman::manager
