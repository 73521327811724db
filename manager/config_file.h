// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <span>
#include <string>
#include <string_view>

#include "common/flags.h"
#include "common/result.h"
#include "manager/config.h"

/// Which configuration a command reads: the same one for every command, wherever it is typed.
namespace piman::manager {

/// --config.file, as every command has it that reads the configuration.
Flag config_flag();

/// Where to look, and for whom; other places in tests.
struct ConfigPlaces {
  std::string here = "piman.yml";
  std::string installed = "/etc/piman/piman.yml";
  ::uid_t caller = ::geteuid();
};

/// The file named `given`, there or not; where that is empty, ./piman.yml if it is there, else /etc/piman/piman.yml.
/// What an interrupted restore has yet to put there counts as there (backup/moves.h).
///
/// Errors: neither is there; ./piman.yml may be somebody else's doing. It says which files are read and which scripts
/// run (power.switches), and so would be a trap for root in any folder that others write into. Without being named it
/// is read only where it and its folder belong to root or the caller, and can't be written by everybody.
Result<std::string> find_config_file(const std::string& given, const ConfigPlaces& places = {});
/// The same for what the command line says.
Result<std::string> find_config_file(const ParsedFlags& parsed, std::span<const Flag> flags);

/// What a command reads that wants one file out of it.
struct FoundConfig {
  std::string file;
  Config config;
};
/// Errors: no such file, or its first problem; then `instead`, what else may be said.
Result<FoundConfig> find_config(const ParsedFlags& parsed, std::span<const Flag> flags, std::string_view instead);

}  // namespace piman::manager
