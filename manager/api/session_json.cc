// SPDX-License-Identifier: Apache-2.0
#include "manager/api/session_json.h"

#include <nlohmann/json.hpp>

#include "common/text.h"
#include "manager/api/password.h"

namespace piman::manager::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostBytes = 512;

}  // namespace

std::string session_json(const SessionView& view) {
  Json data = {{"user", nullptr}, {"role", nullptr}, {"csrf", nullptr}};
  if (view.session) {
    if (!view.session->user.empty()) data["user"] = view.session->user;
    data["role"] = to_string(view.session->role);
    data["csrf"] = view.session->csrf;
  }
  data["may_read"] = view.may_read;
  data["may_change"] = view.may_change;
  data["users"] = view.has_users;
  const Json answer = {{"status", "success"}, {"data", std::move(data)}};
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Result<LoginRequest> parse_login_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail("the body is no JSON object");
  LoginRequest request;
  for (const auto& [key, value] : json.items()) {
    if (key != "user" && key != "password" && key != "token") return fail(concat("unknown key ", quote(key)));
    if (!value.is_string() || value.get_ref<const std::string&>().size() > kMostBytes) {
      return fail(concat(key, " is no text of at most ", kMostBytes, " bytes"));
    }
    (key == "user" ? request.user : key == "password" ? request.password : request.token) = value.get<std::string>();
  }
  const bool has_both = !request.user.empty() && !request.password.empty();
  if (has_both == !request.token.empty()) return fail("there must be user and password, or token");
  return request;
}

}  // namespace piman::manager::api
