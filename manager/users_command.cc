// SPDX-License-Identifier: Apache-2.0
#include "manager/users_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/api/password.h"
#include "manager/api/users_file.h"
#include "manager/api_command.h"
#include "manager/command_words.h"
#include "manager/config_file.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

Flag file_flag() {
  return {"users.file", "FILE", "", "The file, instead of web.users_file of the configuration.", false};
}

/// The file that is meant. Errors: a configuration that has problems, or names none.
Result<std::string> users_file(const ParsedFlags& parsed, std::span<const Flag> flags) {
  if (std::string file = parsed.value(flags, "users.file"); !file.empty()) return file;
  constexpr std::string_view kInstead = "or name the file with --users.file=FILE";
  const auto found = find_config(parsed, flags, kInstead);
  if (!found) return tl::unexpected<Error>(found.error());
  if (!found->config.web.users_file.empty()) return found->config.web.users_file;
  return fail(concat(found->file, " sets no web.users_file: set it, ", kInstead));
}

/// None where there is no file yet.
Result<std::vector<api::User>> users_of(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::vector<api::User>();
  return api::read_users(path);
}

/// Whole or not at all, with the owner and the group of the old file. Comments of the old one are lost.
Result<void> write_users(const std::string& path, const std::vector<api::User>& users) {
  const std::string unfinished = path + ".new";
  const auto failed = [&](std::string_view what) {
    const int error = errno;
    ::unlink(unfinished.c_str());
    return fail(concat(what, ' ', path, ": ", std::generic_category().message(error)));
  };
  std::string text = "# Who may log in on the page: NAME:ROLE:HASH. Written by piman users.\n";
  for (const api::User& user : users) text += format_user(user);
  ::unlink(unfinished.c_str());
  const UniqueFd fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd.valid()) return failed("writing");
  struct stat old {};
  if (::stat(path.c_str(), &old) == 0 && ::fchown(fd.get(), old.st_uid, old.st_gid) != 0) return failed("writing");
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(fd.get()) != 0) {
    return failed("writing");
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0) return failed("writing");
  return {};
}

/// A line of standard input, without echo where that is a terminal.
std::string read_line(std::string_view prompt) {
  const bool is_terminal = ::isatty(STDIN_FILENO) == 1;
  ::termios before{};
  if (is_terminal && ::tcgetattr(STDIN_FILENO, &before) == 0) {
    std::fputs(std::string(prompt).c_str(), stderr);
    ::termios silent = before;
    silent.c_lflag &= ~static_cast<::tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string line;
  char byte = 0;
  while (line.size() <= api::kMostPasswordBytes && ::read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') line += byte;
  if (is_terminal) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::fputc('\n', stderr);
  }
  return line;
}

/// Errors: two that differ.
Result<std::string> ask_password() {
  std::string password = read_line("Password: ");
  if (::isatty(STDIN_FILENO) == 1 && read_line("Once more: ") != password) return fail("these were two passwords");
  return password;
}

int set_user(std::span<const char* const> arguments) {
  static const std::array<Flag, 4> kFlags = {
      {{"role", "ROLE", "operator", "viewer: may look; operator: may also order, accept and silence.", false},
       file_flag(),
       config_flag(),
       help_flag()}};
  static const ApiCommand kCommand = {"users set",
                                      "Usage: piman users set NAME [FLAG ...]\n\n"
                                      "Lets somebody log in on the page, or gives them another password or role. The "
                                      "password is asked for, or read from standard input. A server that runs takes it "
                                      "at the next login; sessions that there are stay.\n"
                                      "Exit code: 0 done, 1 refused, 2 wrong usage.\n\n"
                                      "Examples:\n"
                                      "  piman users set anna\n"
                                      "  piman users set wall --role=viewer --users.file=users <password.txt\n",
                                      kFlags, 1, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  api::User user;
  user.name = call.parsed.arguments[0];
  if (!api::is_user_name(user.name)) {
    return fail_command(kCommand, concat(quote(user.name), " is no user name: A-Z a-z 0-9 . _ - @"), kApiUsage);
  }
  const std::string word = call.parsed.value(kFlags, "role");
  const auto role = api::parse_role(word);
  if (!role) return fail_command(kCommand, concat(quote(word), " is neither viewer nor operator"), kApiUsage);
  user.role = *role;
  const auto file = users_file(call.parsed, kFlags);
  if (!file) return fail_command(kCommand, file.error().message, kApiUsage);
  auto users = users_of(*file);
  if (!users) return fail_command(kCommand, users.error().message, kApiNotGood);
  const auto password = ask_password();
  if (!password) return fail_command(kCommand, password.error().message, kApiNotGood);
  auto hash = api::hash_password(*password);
  if (!hash) return fail_command(kCommand, hash.error().message, kApiNotGood);
  user.hash = std::move(*hash);
  const std::string name = user.name;
  const auto same =
      std::find_if(users->begin(), users->end(), [&](const api::User& each) { return each.name == name; });
  if (same != users->end()) {
    *same = std::move(user);
  } else {
    users->push_back(std::move(user));
  }
  if (auto written = write_users(*file, *users); !written) {
    return fail_command(kCommand, written.error().message, kApiNotGood);
  }
  print(concat(name, " may log in as ", word, " now.\n"));
  return kApiGood;
}

int remove_user(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {file_flag(), config_flag(), help_flag()};
  static const ApiCommand kCommand = {"users remove",
                                      "Usage: piman users remove NAME [FLAG ...]\n\n"
                                      "Takes somebody out of the file. Sessions that there are stay until they end.\n"
                                      "Exit code: 0 done, 1 refused, 2 wrong usage.\n\n"
                                      "Examples:\n"
                                      "  piman users remove anna\n",
                                      kFlags, 1, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto file = users_file(call.parsed, kFlags);
  if (!file) return fail_command(kCommand, file.error().message, kApiUsage);
  auto users = users_of(*file);
  if (!users) return fail_command(kCommand, users.error().message, kApiNotGood);
  const std::string& name = call.parsed.arguments[0];
  if (std::erase_if(*users, [&](const api::User& user) { return user.name == name; }) == 0) {
    return fail_command(kCommand, concat("there is no user ", quote(name), " in ", *file), kApiNotGood);
  }
  if (auto written = write_users(*file, *users); !written) {
    return fail_command(kCommand, written.error().message, kApiNotGood);
  }
  print(concat(name, " may log in no more.\n"));
  return kApiGood;
}

int list_users(std::span<const char* const> arguments) {
  static const std::array<Flag, 3> kFlags = {file_flag(), config_flag(), help_flag()};
  static const ApiCommand kCommand = {"users list",
                                      "Usage: piman users list [FLAG ...]\n\n"
                                      "Shows who may log in on the page.\n"
                                      "Exit code: 0 done, 1 the file can't be read, 2 wrong usage.\n\n"
                                      "Examples:\n"
                                      "  piman users list\n",
                                      kFlags, 0, 0};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const auto file = users_file(call.parsed, kFlags);
  if (!file) return fail_command(kCommand, file.error().message, kApiUsage);
  const auto users = users_of(*file);
  if (!users) return fail_command(kCommand, users.error().message, kApiNotGood);
  static constexpr std::array<bool, 2> kRightAligned = {false, false};
  TextTable table({"USER", "ROLE"}, kRightAligned);
  for (const api::User& user : *users) table.add({user.name, std::string(to_string(user.role))});
  print(users->empty() ? std::string("Nobody may log in by name: piman users set NAME.\n") : table.render());
  return kApiGood;
}

}  // namespace

int run_users_command(std::span<const char* const> arguments) {
  constexpr std::string_view kUsage =
      "Usage: piman users set|remove|list [FLAG ...]\n\n"
      "  set     lets somebody log in on the page, or changes password and role\n"
      "  remove  takes somebody out again\n"
      "  list    shows who may log in\n\n"
      "Examples:\n"
      "  piman users set anna\n"
      "  piman users set wall --role=viewer\n";
  static constexpr auto kWords = std::to_array<CommandWord>({
      {"set", &set_user},
      {"remove", &remove_user},
      {"list", &list_users},
  });
  return run_word("users", kUsage, kWords, arguments);
}

}  // namespace piman::manager
