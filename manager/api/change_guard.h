// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/http_types.h"
#include "common/result.h"
#include "manager/config.h"

/// What stands in front of every route that changes something by order of a person who holds the server's token.
namespace piman::manager::api {

/// An answer of the API in JSON, which no cache keeps.
http::Response json_response(int status, std::string body);
/// `type` is a word for programs, `message` is for people.
http::Response api_error(int status, std::string_view type, const std::string& message);

struct ChangeGuard {
  const Config& config;
  std::string token;       ///< that changes need; empty: there is none, and nothing may be changed
  std::string token_file;  ///< where it stands, for whoever has none

  /// The answer to a request that may not change anything; nothing: it may.
  std::optional<http::Response> refuse(const http::Request& request) const;
  /// The same for a signal that says that all is well: a stranger who could give it would hide that it is not. The
  /// token lets it in from anywhere; without one it is taken from programs on this machine.
  std::optional<http::Response> refuse_signal(const http::Request& request) const;
};

/// With the token of the configuration; its file is made where none is named. Errors: it can't be read or made.
Result<ChangeGuard> make_guard(const Config& config);

}  // namespace piman::manager::api
