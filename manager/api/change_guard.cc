// SPDX-License-Identifier: Apache-2.0
#include "manager/api/change_guard.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "common/text.h"
#include "manager/api/api_token.h"
#include "manager/api/json.h"
#include "manager/api/same_site.h"

namespace piman::manager::api {

using http::Request;
using http::Response;

Response json_response(int status, std::string body) {
  Response response = Response::json(status, std::move(body));
  response.headers = {{"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}};
  return response;
}

Response api_error(int status, std::string_view type, const std::string& message) {
  return json_response(status, error_json(type, message));
}

std::string session_cookie(const Request& request) {
  std::string_view cookies = request.header("Cookie");
  while (!cookies.empty()) {
    std::string_view pair = trim(next_until(cookies, ';'));
    if (next_until(pair, '=') == kSessionCookie) return std::string(pair);
  }
  return {};
}

std::optional<Session> ChangeGuard::session_of(const Request& request) const {
  if (sessions == nullptr) return std::nullopt;
  const std::string cookie = session_cookie(request);
  return cookie.empty() ? std::nullopt : sessions->find(cookie, std::chrono::steady_clock::now());
}

bool ChangeGuard::needs_no_login(const Request& request) const {
  return !config.web.loopback_login && is_local(request);
}

bool ChangeGuard::reads_without_login(const Request& request) const {
  return config.web.read_access == Config::Web::ReadAccess::kEveryone || needs_no_login(request);
}

std::optional<Response> ChangeGuard::refuse(const Request& request) const {
  if (const auto allowed = check_change(request, config); !allowed) {
    const bool is_format = allowed.error().kind == Refusal::kNotJson;
    // A DELETE has no body that could be of a wrong kind.
    if (!is_format || request.method != "DELETE") {
      return api_error(is_format ? 415 : 403, is_format ? "unsupported" : "forbidden", allowed.error().message);
    }
  }
  if (has_token(request, token) || needs_no_login(request)) return std::nullopt;
  if (const auto session = session_of(request)) {
    if (!is_same_secret(request.header(kCsrfHeader), session->csrf)) {
      return api_error(403, "forbidden", concat("the header ", kCsrfHeader, " is not that of this session"));
    }
    if (session->role == Role::kOperator) return std::nullopt;
    return api_error(403, "forbidden", concat(quote(session->user), " is a viewer: only operators change something"));
  }
  if (token.empty()) {
    return api_error(403, "forbidden",
                     "this server has no token, as its store.folder can't be written: set web.token_file");
  }
  const bool has_other = !request.header("Authorization").empty();
  Response response = api_error(
      401, "unauthorized",
      concat(has_other ? "this is not the token of this server" : "orders need a token, or a login on the page",
             "; the token stands in ", token_file, " on the server"));
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"piman\"");
  return response;
}

std::optional<Response> ChangeGuard::refuse_reading(const Request& request) const {
  // What a login itself needs, what says nothing of the fleet, and Alertmanager's signal, which has a guard of its own.
  // All else is closed, also what comes later.
  constexpr std::array<std::string_view, 7> kFree = {
      "/", "/favicon.ico", "/healthz", "/readyz", "/api/v1/session", "/api/v1/openapi.json", "/api/v1/watchdog"};
  const std::string_view path = request.path;
  if (path.starts_with("/assets/") || std::find(kFree.begin(), kFree.end(), path) != kFree.end()) return std::nullopt;
  if (reads_without_login(request) || has_token(request, token) || session_of(request)) return std::nullopt;
  Response response = api_error(401, "unauthorized",
                                concat("reading needs a login here, or the token that stands in ", token_file,
                                       " on the server: web.read_access is login"));
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"piman\"");
  return response;
}

std::string ChangeGuard::who(const Request& request, const std::string& by) const {
  const auto session = session_of(request);
  const std::string name = session && !session->user.empty() ? session->user : by;
  return concat(name.empty() ? "somebody" : name, " at ", request.remote_address);
}

std::optional<Response> ChangeGuard::refuse_signal(const Request& request) const {
  if (!is_json(request)) return api_error(415, "unsupported", "the Content-Type must be application/json");
  if (has_token(request, token)) return std::nullopt;
  const bool has_none = request.header("Authorization").empty();
  if (has_none && is_local(request) && check_change(request, config)) return std::nullopt;
  Response response = api_error(
      401, "unauthorized",
      concat(has_none ? "from elsewhere than this machine it needs a token" : "this is not the token of this server",
             token.empty() ? ", and this server has none: set web.token_file"
                           : concat("; it stands in ", token_file, " on the server")));
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"piman\"");
  return response;
}

Result<ChangeGuard> make_guard(const Config& config) {
  const bool is_named = !config.web.token_file.empty();
  std::string file = is_named ? config.web.token_file : config.store.folder + "/api.token";
  auto token = is_named ? read_token(file) : read_or_make_token(file);
  if (!token) return tl::unexpected<Error>(token.error());
  return ChangeGuard{config, std::move(*token), std::move(file)};
}

}  // namespace piman::manager::api
