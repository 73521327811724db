// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/flags.h"
#include "common/result.h"
#include "manager/config.h"
#include "manager/server_client.h"

/// What the subcommands share that ask a running server about netboot.
namespace piman::manager {

/// What the exit code says to scripts.
enum ApiExit : int {
  kApiGood = 0,
  kApiNotGood = 1,  ///< the answer is no, or something is wrong; each command says what
  kApiUsage = 2,
  kApiNoServer = 3,
};

/// One such command: its name as typed, and its help.
struct ApiCommand {
  std::string_view name;  ///< "hosts pending"
  std::string_view help;  ///< without the flags
  std::span<const Flag> flags;
  std::size_t most_arguments = 0, least_arguments = 0;
};

Flag server_flag();
Flag json_flag();
Flag help_flag();

/// A command line that was read: either what was typed, or how the command is over already.
struct ApiCall {
  ParsedFlags parsed;
  std::optional<int> exit;
};
ApiCall read_command_line(const ApiCommand& command, std::span<const char* const> arguments);

/// Asks the server of --server; GET, or POST of `json`. An answer that isn't good is told on standard error, and `exit`
/// is set.
struct ApiReply {
  std::string body;
  std::optional<int> exit;
};
ApiReply ask(const ApiCommand& command, const ParsedFlags& parsed, std::string_view path, const std::string& json = {});
/// The same, with the token of --token.file.
ApiReply ask(const ApiCommand& command, const ParsedFlags& parsed, const ServerRequest& request);

Flag token_flag();
/// The token for orders: of --token.file, of the file that PIMAN_TOKEN_FILE names, of the usual place when that can be
/// read; else empty. Errors: a file that was named can't be read.
Result<std::string> find_token(const ApiCommand& command, const ParsedFlags& parsed);

/// One line on standard error; returns `exit`.
int fail_command(const ApiCommand& command, std::string_view problem, int exit);
/// The configuration of a command that reads it itself; nothing after its problems were told on standard error, a line
/// each.
std::optional<Config> load_config(const std::string& file);
/// The same of the one that the command line means (config_file.h).
std::optional<Config> load_config(const ApiCommand& command, const ParsedFlags& parsed);
/// Whether this may be a node's name or a hardware address, and so part of a path.
bool is_machine(std::string_view text);

}  // namespace piman::manager
