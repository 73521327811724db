// SPDX-License-Identifier: Apache-2.0
#include "manager/api/users_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/api/password.h"

namespace piman::manager::api {
namespace {

constexpr std::array<std::pair<std::string_view, Role>, 2> kRoles = {
    {{"viewer", Role::kViewer}, {"operator", Role::kOperator}}};
constexpr std::size_t kMostNameBytes = 32;

}  // namespace

std::string_view to_string(Role role) { return kRoles[static_cast<std::size_t>(role)].first; }

std::optional<Role> parse_role(std::string_view word) {
  for (const auto& [text, role] : kRoles) {
    if (text == word) return role;
  }
  return std::nullopt;
}

bool is_user_name(std::string_view name) {
  if (name.empty() || name.size() > kMostNameBytes) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == '@';
  });
}

Result<std::vector<User>> parse_users(std::string_view text) {
  std::vector<User> users;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = trim(next_until(text, '\n'));
    if (line.empty() || line.front() == '#') continue;
    const auto problem = [number](std::string_view what) { return fail(concat("line ", number, ": ", what)); };
    std::string_view rest = line;
    const std::string_view name = next_until(rest, ':');
    const std::string_view role = next_until(rest, ':');
    if (!is_user_name(name)) return problem(concat(quote(name), " is no user name"));
    const auto found = parse_role(role);
    if (!found) return problem(concat(quote(role), " is no role: those are viewer and operator"));
    std::string hash(rest);
    if (!is_password_hash(hash)) return problem("there is no hash of a password; piman users makes one");
    const bool is_twice = std::any_of(users.begin(), users.end(), [&](const User& user) { return user.name == name; });
    if (is_twice) return problem(concat("user ", quote(name), " is there twice"));
    if (users.size() == kMostUsers) return problem(concat("there are more than ", kMostUsers, " users"));
    users.push_back({std::string(name), *found, std::move(hash)});
  }
  return users;
}

std::string format_user(const User& user) { return concat(user.name, ':', to_string(user.role), ':', user.hash, '\n'); }

Result<std::vector<User>> read_users(const std::string& path) {
  const auto failed = [&path] { return fail(concat("reading ", path, ": ", std::generic_category().message(errno))); };
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return failed();
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return failed();
  if (!S_ISREG(status.st_mode)) return fail(concat("reading ", path, ": it is no file"));
  if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    return fail(concat("reading ", path, ": it can be read by everyone, or written by its group: chmod 640 it"));
  }
  std::string text(kMostUsersFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0) return failed();
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMostUsersFileBytes) {
    return fail(concat("reading ", path, ": it is longer than ", kMostUsersFileBytes, " bytes"));
  }
  text.resize(size);
  auto users = parse_users(text);
  if (!users) return fail(concat("reading ", path, ": ", users.error().message));
  return users;
}

}  // namespace piman::manager::api
