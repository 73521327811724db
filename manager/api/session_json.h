// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "manager/api/sessions.h"

/// The JSON of logins. Pure.
namespace piman::manager::api {

/// What a page is told of who asks.
struct SessionView {
  std::optional<Session> session;
  bool may_read = true, may_change = false;
  bool has_users = false;  ///< names and passwords are known, not only the token
};
std::string session_json(const SessionView& view);

struct LoginRequest {
  std::string user, password, token;  ///< user and password, or the token
};
/// Errors: neither of both, unknown keys, too long.
Result<LoginRequest> parse_login_json(std::string_view json);

}  // namespace piman::manager::api
