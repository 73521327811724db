// SPDX-License-Identifier: Apache-2.0
#include "manager/api/session_routes.h"

#include <chrono>
#include <memory>
#include <string>

#include "common/text.h"
#include "manager/api/api_token.h"
#include "manager/api/same_site.h"
#include "manager/api/session_json.h"

namespace piman::manager {
namespace {

using api::api_error;
using api::json_response;
using http::Request;
using http::Response;
using std::chrono::steady_clock;

class SessionRoutes {
 public:
  SessionRoutes(api::ChangeGuard guard, Logger& log) : guard_(std::move(guard)), log_(log) {}

  Response show(const Request& request) const {
    return json_response(200, view_json(guard_.session_of(request), request));
  }

  Response login(const Request& request) const {
    if (auto refused = refuse_foreign(request)) return std::move(*refused);
    const auto wanted = api::parse_login_json(request.body);
    if (!wanted) return api_error(400, "bad_data", wanted.error().message);
    const auto now = steady_clock::now();
    const auto begun = wanted->token.empty()
                           ? guard_.sessions->login(wanted->user, wanted->password, request.remote_address, now)
                           : guard_.sessions->login_with_token(wanted->token, request.remote_address, now);
    if (!begun) {
      log_.warn("login refused", {{"user", wanted->user},
                                  {"from", request.remote_address},
                                  {"why", begun.error() == api::LoginError::kWrong ? "wrong" : "too_many"}});
      if (begun.error() == api::LoginError::kWrong) {
        return api_error(
            401, "unauthorized",
            wanted->token.empty() ? "the name or the password is wrong" : "this is not the server's token");
      }
      Response response = api_error(429, "too_many_failures", "too many logins went wrong; wait a little");
      response.headers.emplace_back("Retry-After", "10");
      return response;
    }
    log_.info("login", {{"user", begun->session.user},
                        {"role", std::string(to_string(begun->session.role))},
                        {"from", request.remote_address}});
    Response response = json_response(200, view_json(begun->session, request));
    response.headers.emplace_back("Set-Cookie", cookie(begun->cookie, "86400"));
    return response;
  }

  Response logout(const Request& request) const {
    if (auto refused = refuse_foreign(request)) return std::move(*refused);
    const auto session = guard_.session_of(request);
    if (session && !api::is_same_secret(request.header(api::kCsrfHeader), session->csrf)) {
      return api_error(403, "forbidden", concat("the header ", api::kCsrfHeader, " is not that of this session"));
    }
    guard_.sessions->end(api::session_cookie(request));
    Response response = json_response(200, view_json(std::nullopt, request));
    response.headers.emplace_back("Set-Cookie", cookie("", "0"));
    return response;
  }

 private:
  /// A login may come from another machine, and from no other page than ours.
  std::optional<Response> refuse_foreign(const Request& request) const {
    const auto allowed = api::check_origin(request, guard_.config);
    if (allowed) return std::nullopt;
    const bool is_format = allowed.error().kind == api::Refusal::kNotJson;
    if (is_format && request.method == "DELETE") return std::nullopt;
    return api_error(is_format ? 415 : 403, is_format ? "unsupported" : "forbidden", allowed.error().message);
  }

  std::string view_json(const std::optional<api::Session>& session, const Request& request) const {
    api::SessionView view;
    view.session = session;
    view.may_read = session.has_value() || guard_.reads_without_login(request);
    view.may_change = session ? session->role == api::Role::kOperator : guard_.needs_no_login(request);
    view.has_users = guard_.sessions->has_users();
    return api::session_json(view);
  }

  std::string cookie(std::string_view value, std::string_view seconds) const {
    const bool is_https = guard_.config.web.tls || guard_.config.web.external_url.starts_with("https://");
    return concat(api::kSessionCookie, '=', value, "; Path=/; HttpOnly; SameSite=Strict; Max-Age=", seconds,
                  is_https ? "; Secure" : "");
  }

  const api::ChangeGuard guard_;
  Logger& log_;
};

}  // namespace

void add_session_routes(http::Router& router, const api::ChangeGuard& guard, Logger& log) {
  const auto routes = std::make_shared<const SessionRoutes>(guard, log);
  router.add("GET", "/api/v1/session", [routes](const Request& request) { return routes->show(request); });
  router.add("POST", "/api/v1/session", [routes](const Request& request) { return routes->login(request); });
  router.add("DELETE", "/api/v1/session", [routes](const Request& request) { return routes->logout(request); });
  router.before([guard](const Request& request) { return guard.refuse_reading(request); });
}

}  // namespace piman::manager
