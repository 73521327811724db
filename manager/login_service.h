// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/http_types.h"
#include "common/log.h"
#include "common/result.h"
#include "manager/api/change_guard.h"
#include "manager/config.h"

/// Logins as one piece of the manager: the users' file, the sessions, the routes, the guard for others' routes.
namespace piman::manager {

/// Thread-safety: start, add_routes and the destructor belong to one thread; what is used of it may be by any.
class LoginService {
 public:
  /// `has_state`: there is a folder for the token. Where there is none and no token file is named, nobody has the
  /// token. All references must outlive it. Errors: the token or the users can't be read.
  static Result<std::unique_ptr<LoginService>> start(const Config& config, bool has_state, Logger& log);
  ~LoginService();
  LoginService(const LoginService&) = delete;
  LoginService& operator=(const LoginService&) = delete;

  api::Sessions& sessions() { return *sessions_; }
  const api::ChangeGuard& guard() const { return guard_; }
  void add_routes(http::Router& router);

 private:
  class UsersFile;
  LoginService(const Config& config, Logger& log);

  Logger& log_;
  std::unique_ptr<UsersFile> users_;
  std::unique_ptr<api::Sessions> sessions_;
  api::ChangeGuard guard_;
};

}  // namespace piman::manager
