// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

/// Who may log in on the page: one `NAME:ROLE:HASH` a line, as `piman users` writes them.
namespace piman::manager::api {

enum class Role : std::uint8_t {
  kViewer,    ///< may look
  kOperator,  ///< may also order, accept and silence
};
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view word);

struct User {
  std::string name;
  Role role = Role::kViewer;
  std::string hash;  ///< of crypt(3)
};

inline constexpr std::size_t kMostUsers = 1000;
inline constexpr std::size_t kMostUsersFileBytes = 512UL * 1024;

/// 1 to 32 letters, digits, dots, dashes, underscores and @.
bool is_user_name(std::string_view name);

/// Pure. Blank lines and those that begin with # are comments. Errors name the line, never a hash.
Result<std::vector<User>> parse_users(std::string_view text);
std::string format_user(const User& user);

/// Errors: it can't be read, or others than its owner and its group may read it.
Result<std::vector<User>> read_users(const std::string& path);

}  // namespace piman::manager::api
