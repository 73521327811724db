// SPDX-License-Identifier: Apache-2.0
#include "manager/api/sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/text.h"
#include "manager/api/change_guard.h"
#include "manager/api/password.h"
#include "manager/api/session_json.h"
#include "manager/api/session_routes.h"

namespace piman::manager::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Password, is_hashed_and_known_again) {
  const auto hash = hash_password("correct horse");
  ASSERT_TRUE(hash) << hash.error().message;
  EXPECT_TRUE(is_password_hash(*hash)) << *hash;
  EXPECT_TRUE(has_hash("correct horse", *hash));
  EXPECT_FALSE(has_hash("correct horsf", *hash));
  EXPECT_FALSE(has_hash("", *hash));
  EXPECT_NE(*hash, *hash_password("correct horse"));  // another salt
  // bcrypt, as other programs write it.
  EXPECT_TRUE(has_hash("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  for (const char* wrong : {"", "x", "$1$abc$def", "correct horse", "*0", "$y$"}) {
    EXPECT_FALSE(is_password_hash(wrong)) << wrong;
    EXPECT_FALSE(has_hash("correct horse", wrong)) << wrong;
  }
  EXPECT_FALSE(hash_password(""));
  EXPECT_FALSE(hash_password(std::string(300, 'x')));
  EXPECT_FALSE(hash_password(std::string("a\0b", 3)));
}

TEST(Users, are_read_as_they_are_written) {
  const User anna{"anna", Role::kOperator, *hash_password("a")}, wall{"wall", Role::kViewer, *hash_password("b")};
  const std::string text = concat("# ours\n\n", format_user(anna), format_user(wall));
  const auto users = parse_users(text);
  ASSERT_TRUE(users) << users.error().message;
  ASSERT_EQ(users->size(), 2U);
  EXPECT_EQ((*users)[1].name, "wall");
  EXPECT_EQ((*users)[1].role, Role::kViewer);
  EXPECT_EQ((*users)[0].hash, anna.hash);
  for (std::size_t i = 0; i < text.size(); ++i) (void)parse_users(text.substr(0, i));
}

TEST(Users, problems_name_the_line_and_no_hash) {
  const std::string hash = *hash_password("a");
  for (const auto& [text, problem] : std::vector<std::pair<std::string, std::string>>{
           {"anna", "\"\" is no role"},
           {concat("a b:viewer:", hash), "\"a b\" is no user name"},
           {concat(":viewer:", hash), "\"\" is no user name"},
           {concat("anna:root:", hash), "\"root\" is no role"},
           {"anna:viewer:secret", "no hash of a password"},
           {concat("anna:viewer:", hash, "\nanna:operator:", hash), "\"anna\" is there twice"}}) {
    const auto users = parse_users(text);
    ASSERT_FALSE(users) << text;
    EXPECT_THAT(users.error().message, AllOf(StartsWith("line "), HasSubstr(problem), Not(HasSubstr("secret"))));
  }
}

class SessionsTest : public ::testing::Test {
 protected:
  tl::expected<Sessions::Begun, LoginError> login(const std::string& user, const std::string& password,
                                                  const std::string& from = "10.0.0.2") {
    return sessions.login(user, password, from, now);
  }

  std::vector<User> users{{"anna", Role::kOperator, "h:right"}, {"wall", Role::kViewer, "h:look"}};
  int hashed = 0;
  Sessions sessions{{[this] { return users; },
                     [this](const std::string& password, const std::string& hash) {
                       ++hashed;
                       return "h:" + password == hash;
                     },
                     "token"}};
  SteadyTime now = SteadyTime{} + hours(1000);
};

TEST_F(SessionsTest, begin_with_a_password_or_the_token_and_end) {
  const auto anna = login("anna", "right");
  ASSERT_TRUE(anna);
  EXPECT_EQ(anna->session.role, Role::kOperator);
  EXPECT_EQ(anna->cookie.size(), 64U);
  EXPECT_NE(anna->cookie, anna->session.csrf);
  EXPECT_EQ(sessions.find(anna->cookie, now)->user, "anna");
  EXPECT_EQ(login("wall", "look")->session.role, Role::kViewer);
  const auto token = sessions.login_with_token("token", "10.0.0.2", now);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->session.role, Role::kOperator);
  EXPECT_EQ(token->session.user, "");
  sessions.end(anna->cookie);
  EXPECT_FALSE(sessions.find(anna->cookie, now));
  EXPECT_FALSE(sessions.find("", now));
}

TEST_F(SessionsTest, end_after_a_day_and_when_they_are_not_used) {
  const auto idle = login("anna", "right");
  const auto used = login("anna", "right");
  for (int i = 0; i < 4; ++i) {
    now += hours(5);
    EXPECT_TRUE(sessions.find(used->cookie, now)) << i;
  }
  EXPECT_FALSE(sessions.find(idle->cookie, now));
  now += hours(5);
  EXPECT_FALSE(sessions.find(used->cookie, now));
}

TEST_F(SessionsTest, names_that_are_not_there_cost_as_much_as_wrong_passwords) {
  EXPECT_EQ(login("nobody", "x").error(), LoginError::kWrong);
  EXPECT_EQ(login("anna", "x").error(), LoginError::kWrong);
  EXPECT_EQ(hashed, 2);
}

TEST_F(SessionsTest, guessing_is_slowed_down_for_the_address_that_guesses) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(login("anna", "x").error(), LoginError::kWrong);
  EXPECT_EQ(login("anna", "right").error(), LoginError::kTooMany);
  EXPECT_EQ(sessions.login_with_token("token", "10.0.0.2", now).error(), LoginError::kTooMany);
  EXPECT_EQ(hashed, 5);  // what is refused costs nothing
  EXPECT_TRUE(login("anna", "right", "10.0.0.3"));
  now += seconds(11);
  EXPECT_TRUE(login("anna", "right"));
}

TEST_F(SessionsTest, guessing_from_everywhere_is_slowed_down_as_well) {
  int wrong = 0;
  for (int i = 0; i < 1000; ++i) {
    if (login("anna", "x", concat("10.0.", i / 250, '.', i % 250)).error() == LoginError::kWrong) ++wrong;
  }
  EXPECT_EQ(wrong, 50);
}

TEST_F(SessionsTest, are_bounded_in_number) {
  const auto first = login("anna", "right");
  for (std::size_t i = 0; i < Sessions::kMost; ++i) {
    now += seconds(1);
    ASSERT_TRUE(login("anna", "right"));
  }
  EXPECT_FALSE(sessions.find(first->cookie, now));
}

/// A router with one route that reads and one that changes something.
class SessionRoutesTest : public SessionsTest {
 protected:
  SessionRoutesTest() {
    config.web.changes_from = Config::Web::ChangesFrom::kEverywhere;
    guard = std::make_unique<ChangeGuard>(ChangeGuard{config, "token", "/var/lib/piman/api.token", &sessions});
    add_session_routes(router, *guard, log);
    router.add("GET", "/api/v1/nodes", [](const Request&) { return Response::text(200, "nodes"); });
    router.add("GET", "/", [](const Request&) { return Response::text(200, "page"); });
    router.add("POST", "/api/v1/actions", [this](const Request& request) {
      if (auto refused = guard->refuse(request)) return std::move(*refused);
      return Response::text(202, guard->who(request, "cron"));
    });
  }

  Response send(const std::string& method, const std::string& path, http::Headers headers = {}, std::string body = {},
                const std::string& from = "10.0.0.2") {
    Request request;
    request.method = method;
    request.path = path;
    request.remote_address = from;
    request.headers = std::move(headers);
    request.headers.emplace_back("Host", "127.0.0.1:8080");
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = std::move(body);
    return router.dispatch(request);
  }
  static std::string cookie_of(const Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Set-Cookie") return value.substr(0, value.find(';'));
    }
    return {};
  }
  static json data_of(const Response& response) { return json::parse(response.body, nullptr, false)["data"]; }
  Response log_in(const char* user, const char* password) {
    return send("POST", "/api/v1/session", {}, concat(R"({"user":")", user, R"(","password":")", password, "\"}"));
  }

  Config config;
  Logger log{LogLevel::kError, LogFormat::kLogfmt, [](std::string_view) {}};
  std::unique_ptr<ChangeGuard> guard;
  http::Router router;
};

TEST_F(SessionRoutesTest, an_operator_changes_something_with_cookie_and_csrf_token) {
  const auto answer = log_in("anna", "right");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.headers,
              testing::Contains(testing::Pair(
                  "Set-Cookie", AllOf(HasSubstr("HttpOnly"), HasSubstr("SameSite=Strict"), HasSubstr("Path=/")))));
  const std::string cookie = cookie_of(answer);
  const std::string csrf = data_of(answer)["csrf"];
  EXPECT_EQ(data_of(answer)["role"], "operator");
  EXPECT_EQ(data_of(answer)["may_change"], true);
  const auto done = send("POST", "/api/v1/actions", {{"Cookie", "a=b; " + cookie}, {"X-Piman-Csrf", csrf}});
  EXPECT_EQ(done.status, 202);
  EXPECT_EQ(done.body, "anna at 10.0.0.2");
  EXPECT_EQ(send("POST", "/api/v1/actions", {{"Cookie", cookie}}).status, 403);
  EXPECT_EQ(send("POST", "/api/v1/actions", {{"Cookie", cookie}, {"X-Piman-Csrf", std::string(64, '0')}}).status, 403);
  EXPECT_EQ(send("POST", "/api/v1/actions", {{"X-Piman-Csrf", csrf}}).status, 401);
  EXPECT_EQ(
      send("POST", "/api/v1/actions", {{"Cookie", cookie}, {"X-Piman-Csrf", csrf}, {"Origin", "http://evil"}}).status,
      403);
  EXPECT_EQ(send("DELETE", "/api/v1/session", {{"Cookie", cookie}}).status, 403);
  EXPECT_EQ(send("DELETE", "/api/v1/session", {{"Cookie", cookie}, {"X-Piman-Csrf", csrf}}).status, 200);
  EXPECT_EQ(send("POST", "/api/v1/actions", {{"Cookie", cookie}, {"X-Piman-Csrf", csrf}}).status, 401);
}

TEST_F(SessionRoutesTest, the_cookie_goes_over_tls_only_where_the_page_does) {
  const auto is_secure = [this] {
    for (const auto& [name, value] : log_in("anna", "right").headers) {
      if (name == "Set-Cookie") return value.ends_with("; Secure");
    }
    return false;
  };
  EXPECT_FALSE(is_secure());
  config.web.external_url = "https://pis.example";
  EXPECT_TRUE(is_secure());
  config.web.external_url.clear();
  config.web.tls = true;
  EXPECT_TRUE(is_secure());
}

TEST_F(SessionRoutesTest, a_viewer_may_look_only) {
  const auto answer = log_in("wall", "look");
  const http::Headers headers = {{"Cookie", cookie_of(answer)}, {"X-Piman-Csrf", data_of(answer)["csrf"]}};
  EXPECT_EQ(data_of(answer)["may_change"], false);
  const auto refused = send("POST", "/api/v1/actions", headers);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("only operators"));
}

TEST_F(SessionRoutesTest, the_bearer_token_goes_on_working_and_says_its_name) {
  const auto done = send("POST", "/api/v1/actions", {{"Authorization", "Bearer token"}});
  EXPECT_EQ(done.status, 202);
  EXPECT_EQ(done.body, "cron at 10.0.0.2");
}

TEST_F(SessionRoutesTest, logins_that_are_none_are_refused) {
  EXPECT_EQ(log_in("anna", "wrong").status, 401);
  for (const char* body : {"", "[]", "{}", R"({"user":"anna"})", R"({"user":"anna","password":1})", R"({"x":"y"})",
                           R"({"user":"anna","password":"right","token":"token"})"}) {
    EXPECT_EQ(send("POST", "/api/v1/session", {}, body).status, 400) << body;
  }
  EXPECT_EQ(send("POST", "/api/v1/session", {{"Sec-Fetch-Site", "cross-site"}}, R"({"token":"token"})").status, 403);
  EXPECT_EQ(send("POST", "/api/v1/session", {}, R"({"token":"token"})").status, 200);
  for (int i = 0; i < 5; ++i) (void)log_in("anna", "wrong");
  EXPECT_EQ(log_in("anna", "right").status, 429);
}

TEST_F(SessionRoutesTest, reading_needs_a_login_where_the_configuration_says_so) {
  EXPECT_EQ(send("GET", "/api/v1/nodes").status, 200);
  config.web.read_access = Config::Web::ReadAccess::kLogin;
  EXPECT_EQ(send("GET", "/api/v1/nodes").status, 401);
  EXPECT_NE(send("GET", "//api/v1/nodes").status, 200);
  EXPECT_EQ(send("HEAD", "/api/v1/nodes").status, 401);
  EXPECT_EQ(send("GET", "/").status, 200);
  const auto view = data_of(send("GET", "/api/v1/session"));
  EXPECT_EQ(view["may_read"], false);
  EXPECT_EQ(view["users"], true);
  EXPECT_EQ(send("GET", "/api/v1/nodes", {{"Authorization", "Bearer token"}}).status, 200);
  EXPECT_EQ(send("GET", "/api/v1/nodes", {{"Cookie", cookie_of(log_in("wall", "look"))}}).status, 200);
  EXPECT_EQ(send("GET", "/api/v1/nodes", {}, {}, "127.0.0.1").status, 401);
}

TEST_F(SessionRoutesTest, this_machine_needs_no_login_only_where_the_configuration_says_so) {
  EXPECT_EQ(send("POST", "/api/v1/actions", {}, {}, "127.0.0.1").status, 401);
  config.web.loopback_login = false;
  config.web.read_access = Config::Web::ReadAccess::kLogin;
  EXPECT_EQ(send("POST", "/api/v1/actions", {}, {}, "127.0.0.1").status, 202);
  EXPECT_EQ(send("GET", "/api/v1/nodes", {}, {}, "::1").status, 200);
  EXPECT_EQ(send("POST", "/api/v1/actions").status, 401);
  EXPECT_EQ(send("POST", "/api/v1/actions", {{"Origin", "http://evil"}}, {}, "127.0.0.1").status, 403);
  EXPECT_EQ(data_of(send("GET", "/api/v1/session", {}, {}, "127.0.0.1"))["may_change"], true);
}

}  // namespace
}  // namespace piman::manager::api
