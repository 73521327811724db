// SPDX-License-Identifier: Apache-2.0
#include "manager/api_command.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/net_types.h"
#include "common/text.h"
#include "manager/api/api_token.h"
#include "manager/api/boot_json.h"
#include "manager/config_file.h"
#include "manager/fleet/inventory.h"
#include "manager/server_client.h"
#include "manager/terminal.h"

namespace piman::manager {

Flag server_flag() { return {"server", "URL", "http://127.0.0.1:8080", "The piman server to ask.", false}; }
Flag json_flag() { return {"json", "", "false", "Print the server's answer as it is, for programs.", false}; }
Flag help_flag() { return {"help", "", "false", "Print this help.", false}; }

int fail_command(const ApiCommand& command, std::string_view problem, int exit) {
  std::fputs(concat("piman ", command.name, ": ", problem, '\n').c_str(), stderr);
  return exit;
}

std::optional<Config> load_config(const std::string& file) {
  ParsedConfig parsed = read_config(file);
  for (const ConfigProblem& problem : parsed.problems) std::fprintf(stderr, "%s\n", problem.to_string(file).c_str());
  if (!parsed.problems.empty()) return std::nullopt;
  return std::move(parsed.config);
}

std::optional<Config> load_config(const ApiCommand& command, const ParsedFlags& parsed) {
  const auto file = find_config_file(parsed, command.flags);
  if (file) return load_config(*file);
  fail_command(command, file.error().message, kApiUsage);
  return std::nullopt;
}

ApiCall read_command_line(const ApiCommand& command, std::span<const char* const> arguments) {
  ApiCall call{parse_flags(command.flags, arguments), std::nullopt};
  const ParsedFlags& parsed = call.parsed;
  if (!parsed.problems.empty()) {
    call.exit = fail_command(command, parsed.problems.front(), kApiUsage);
  } else if (parsed.is_on(command.flags, "help")) {
    print(concat(command.help, "\nFlags:\n", render_flags_help(command.flags)));
    call.exit = kApiGood;
  } else if (parsed.arguments.size() > command.most_arguments) {
    call.exit = fail_command(command, concat("unexpected argument ", quote(parsed.arguments[command.most_arguments])),
                             kApiUsage);
  } else if (parsed.arguments.size() < command.least_arguments) {
    call.exit = fail_command(command, "an argument is missing; --help shows which", kApiUsage);
  }
  return call;
}

Flag token_flag() {
  return {"token.file", "FILE", "",
          "The server's token; else the file that PIMAN_TOKEN_FILE names, else /var/lib/piman/api.token.", false};
}

Result<std::string> find_token(const ApiCommand& command, const ParsedFlags& parsed) {
  const std::string named = parsed.value(command.flags, "token.file");
  if (!named.empty()) return api::read_token(named);
  if (const char* file = std::getenv("PIMAN_TOKEN_FILE"); file != nullptr && *file != '\0')
    return api::read_token(file);
  return api::read_token("/var/lib/piman/api.token").value_or(std::string());
}

ApiReply ask(const ApiCommand& command, const ParsedFlags& parsed, std::string_view path, const std::string& json) {
  return ask(command, parsed, ServerRequest{std::string(path), json, {}, {}});
}

ApiReply ask(const ApiCommand& command, const ParsedFlags& parsed, const ServerRequest& request) {
  const std::string url = parsed.value(command.flags, "server");
  const auto server = parse_server_url(url);
  if (!server) return {{}, fail_command(command, server.error().message, kApiUsage)};
  auto answer = ask_server(*server, request);
  if (!answer) {
    return {{},
            fail_command(command,
                         concat("no piman server at ", printable(url), ": ", printable(answer.error().message),
                                "; start one with \"piman server\", or name another with --server=URL"),
                         kApiNoServer)};
  }
  if (answer->status >= 200 && answer->status <= 202) return {std::move(answer->body), std::nullopt};
  const auto message = api::error_message_of(answer->body);
  if (!message && answer->status == 401) {
    return {{},
            fail_command(command,
                         concat(printable(url),
                                " tells nothing without credentials; PIMAN_TOKEN_FILE names a file with its token"),
                         kApiNotGood)};
  }
  if (!message) {
    return {{},
            fail_command(command,
                         concat("what answers at ", printable(url), " is no piman server of this version (HTTP status ",
                                answer->status, ')'),
                         kApiNoServer)};
  }
  return {{}, fail_command(command, printable(*message), kApiNotGood)};
}

bool is_machine(std::string_view text) { return is_host_name(text) || MacAddress::parse(text).has_value(); }

}  // namespace piman::manager
