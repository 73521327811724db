// SPDX-License-Identifier: Apache-2.0
#include "manager/login_service.h"

#include <sys/stat.h>

#include <utility>

#include "manager/api/password.h"
#include "manager/api/session_routes.h"

namespace piman::manager {

/// The users, read anew when their file is another one. One that can't be read any more leaves them as they were.
/// Thread-safety: one thread at a time.
class LoginService::UsersFile {
 public:
  UsersFile(std::string path, Logger& log) : path_(std::move(path)), log_(log) {}

  Result<void> load() {
    if (path_.empty()) return {};
    struct stat status {};
    const bool is_there = ::stat(path_.c_str(), &status) == 0;
    const Mark mark{status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
    if (is_there && mark == mark_) return {};
    auto users = api::read_users(path_);
    if (!users) return tl::unexpected<Error>(users.error());
    users_ = std::move(*users);
    mark_ = mark;
    return {};
  }

  std::vector<api::User> users() {
    if (auto loaded = load(); !loaded) log_.warn("the users can't be read", {{"err", loaded.error().message}});
    return users_;
  }

 private:
  struct Mark {
    ::ino_t inode = 0;
    ::off_t size = 0;
    std::int64_t seconds = 0, nanoseconds = 0;
    bool operator==(const Mark&) const = default;
  };

  const std::string path_;
  Logger& log_;
  Mark mark_;
  std::vector<api::User> users_;
};

LoginService::LoginService(const Config& config, Logger& log)
    : log_(log), users_(std::make_unique<UsersFile>(config.web.users_file, log)), guard_{config, {}, {}} {}
LoginService::~LoginService() = default;

Result<std::unique_ptr<LoginService>> LoginService::start(const Config& config, bool has_state, Logger& log) {
  std::unique_ptr<LoginService> service(new LoginService(config, log));
  if (has_state || !config.web.token_file.empty()) {
    auto guard = api::make_guard(config);
    if (!guard) return tl::unexpected<Error>(guard.error());
    service->guard_.token = std::move(guard->token);
    service->guard_.token_file = std::move(guard->token_file);
  } else {
    service->guard_.token_file = "web.token_file, which is not set,";
  }
  if (auto loaded = service->users_->load(); !loaded) return tl::unexpected<Error>(loaded.error());
  api::Sessions::Parts parts{[users = service->users_.get()] { return users->users(); }, api::has_hash,
                             service->guard_.token};
  service->sessions_ = std::make_unique<api::Sessions>(std::move(parts));
  service->guard_.sessions = service->sessions_.get();
  return service;
}

void LoginService::add_routes(http::Router& router) { add_session_routes(router, guard_, log_); }

}  // namespace piman::manager
