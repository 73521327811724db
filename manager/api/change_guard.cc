// SPDX-License-Identifier: Apache-2.0
#include "manager/api/change_guard.h"

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

std::optional<Response> ChangeGuard::refuse(const Request& request) const {
  if (const auto allowed = check_change(request, config); !allowed) {
    const bool is_format = allowed.error().kind == Refusal::kNotJson;
    // A DELETE has no body that could be of a wrong kind.
    if (!is_format || request.method != "DELETE") {
      return api_error(is_format ? 415 : 403, is_format ? "unsupported" : "forbidden", allowed.error().message);
    }
  }
  if (token.empty()) {
    return api_error(403, "forbidden",
                     "this server has no token, as its store.folder can't be written: set web.token_file");
  }
  if (has_token(request, token)) return std::nullopt;
  const bool has_other = !request.header("Authorization").empty();
  Response response = api_error(401, "unauthorized",
                                concat(has_other ? "this is not the token of this server" : "orders need a token",
                                       "; it stands in ", token_file, " on the server"));
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"piman\"");
  return response;
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
