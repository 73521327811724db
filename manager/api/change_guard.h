// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/http_types.h"
#include "common/result.h"
#include "manager/api/sessions.h"
#include "manager/config.h"

/// What stands in front of routes: who may change something, and who may read. Either by the server's token (programs)
/// or by a session (the page), or, where the configuration says so, from this machine without both.
namespace piman::manager::api {

inline constexpr std::string_view kSessionCookie = "piman_session";
inline constexpr std::string_view kCsrfHeader = "X-Piman-Csrf";

/// An answer of the API in JSON, which no cache keeps.
http::Response json_response(int status, std::string body);
/// `type` is a word for programs, `message` is for people.
http::Response api_error(int status, std::string_view type, const std::string& message);

/// The value of the session's cookie; empty: the request has none.
std::string session_cookie(const http::Request& request);

struct ChangeGuard {
  const Config& config;
  std::string token;             ///< that changes need; empty: there is none, and only logins may change something
  std::string token_file;        ///< where it stands, for whoever has none
  Sessions* sessions = nullptr;  ///< may be none; outlives the guard

  /// The answer to a request that may not change anything; nothing: it may.
  std::optional<http::Response> refuse(const http::Request& request) const;
  /// The same for a signal that says that all is well: a stranger who could give it would hide that it is not. The
  /// token lets it in from anywhere; without one it is taken from programs on this machine.
  std::optional<http::Response> refuse_signal(const http::Request& request) const;
  /// The answer to a request that needs a login for reading, and has none.
  std::optional<http::Response> refuse_reading(const http::Request& request) const;

  std::optional<Session> session_of(const http::Request& request) const;
  /// Whether it comes from this machine, which the configuration lets do everything.
  bool needs_no_login(const http::Request& request) const;
  bool reads_without_login(const http::Request& request) const;
  /// Who asks, for the journal: the session's user, else what the request says of itself (`by`, may be empty).
  std::string who(const http::Request& request, const std::string& by) const;
};

/// With the token of the configuration; its file is made where none is named. Errors: it can't be read or made.
Result<ChangeGuard> make_guard(const Config& config);

}  // namespace piman::manager::api
