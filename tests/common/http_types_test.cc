// SPDX-License-Identifier: Apache-2.0
#include "common/http_types.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "common/text.h"

namespace piman::http {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Response answer(const Router& router, const std::string& method, const std::string& path) {
  Request request;
  request.method = method;
  request.path = path;
  return router.dispatch(request);
}

/// Answers with the route's name and what its parameters matched.
Handler echo(const std::string& name) {
  return [name](const Request& request) {
    std::string text = name;
    for (const auto& [key, value] : request.path_parameters) text += concat(' ', key, '=', value);
    return Response::text(200, text);
  };
}

Router example() {
  Router router;
  router.add("GET", "/", echo("root"));
  router.add("GET", "/metrics", echo("metrics"));
  router.add("GET", "/nodes", echo("nodes"));
  router.add("POST", "/nodes/{name}/actions/{action}", echo("action"));
  router.add("GET", "/nodes/special", echo("special"));
  router.add("GET", "/nodes/{name}", echo("node"));
  router.add("PUT", "/nodes/{name}", echo("put node"));
  router.add("DELETE", "/nodes/{name}", echo("delete node"));
  return router;
}

TEST(Router, Paths) {
  struct Case {
    const char* method;
    const char* path;
    int status;
    const char* body;
  };
  const Router router = example();
  for (const Case& expected : {
           Case{"GET", "/", 200, "root"},
           {"GET", "", 200, "root"},
           {"GET", "//", 404, "not found\n"},
           {"GET", "/metrics", 200, "metrics"},
           {"HEAD", "/metrics", 200, "metrics"},
           {"GET", "/metrics/", 404, "not found\n"},
           {"GET", "/metricsx", 404, "not found\n"},
           {"GET", "/metrics/foo", 404, "not found\n"},
           {"GET", "/METRICS", 404, "not found\n"},
           {"GET", "/nodes/special", 200, "special"},
           {"GET", "/nodes/pi-17", 200, "node name=pi-17"},
           {"PUT", "/nodes/pi-17", 200, "put node name=pi-17"},
           {"GET", "/nodes/", 404, "not found\n"},
           {"GET", "/nodes//", 404, "not found\n"},
           {"GET", "/nodes/a/b", 404, "not found\n"},
           {"GET", "/nodes/..", 200, "node name=.."},  // no file system behind it
           {"GET", "/nodes/{name}", 200, "node name={name}"},
           {"POST", "/nodes/a/actions/reboot", 200, "action name=a action=reboot"},
           {"POST", "/nodes//actions/reboot", 404, "not found\n"},
           {"POST", "/metrics", 405, "method not allowed\n"},
           {"get", "/metrics", 405, "method not allowed\n"},
       }) {
    const Response response = answer(router, expected.method, expected.path);
    EXPECT_EQ(response.status, expected.status) << expected.method << ' ' << expected.path;
    EXPECT_EQ(response.body, expected.body) << expected.method << ' ' << expected.path;
  }
}

TEST(Router, AllowNamesEveryMethodOfThePath) {
  const Router router = example();
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(answer(router, "POST", "/metrics").headers, ElementsAre(Pair("Allow", "GET, HEAD")));
  EXPECT_THAT(answer(router, "PATCH", "/nodes/x").headers, ElementsAre(Pair("Allow", "GET, HEAD, PUT, DELETE")));
  EXPECT_THAT(answer(router, "GET", "/nodes/a/actions/b").headers, ElementsAre(Pair("Allow", "POST")));
}

TEST(Router, AllowNamesAMethodOnce) {
  // Two patterns that both match.
  EXPECT_THAT(answer(example(), "PATCH", "/nodes/special").headers,
              ElementsAre(std::pair<std::string, std::string>("Allow", "GET, HEAD, PUT, DELETE")));
}

TEST(Router, ExceptionsBecome500AndAreReported) {
  Router router;
  std::vector<std::string> reports;
  router.add("GET", "/std", [](const Request&) -> Response { throw std::runtime_error("secret detail"); });
  router.add("GET", "/odd", [](const Request&) -> Response { throw 42; });
  router.add("GET", "/none", Handler());
  EXPECT_EQ(answer(router, "GET", "/std").status, 500);  // also without anyone to report to
  router.on_exception(
      [&](const Request& request, std::string_view what) { reports.push_back(concat(request.path, ": ", what)); });
  for (const char* path : {"/std", "/odd", "/none"}) {
    const Response response = answer(router, "GET", path);
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body, "internal error\n") << "the client learns no details";
  }
  EXPECT_THAT(reports, ElementsAre("/std: secret detail", "/odd: not a std::exception", "/none: bad_function_call"));
}

TEST(Router, AnEmptyOneKnowsNothing) { EXPECT_EQ(answer(Router(), "GET", "/").status, 404); }

TEST(Router, LongPathsAreJustUnknown) {
  EXPECT_EQ(answer(example(), "GET", std::string(100'000, '/')).status, 404);
  EXPECT_EQ(answer(example(), "GET", "/nodes/" + std::string(100'000, 'x')).status, 200);
}

TEST(Request, HeadersInAnyCase) {
  Request request;
  request.headers = {{"Host", "a"}, {"X-Twice", "first"}, {"x-twice", "second"}};
  EXPECT_EQ(request.header("hOST"), "a");
  EXPECT_EQ(request.header("X-TWICE"), "first");
  EXPECT_EQ(request.header("Hos"), "");
  EXPECT_EQ(request.path_parameter("name"), "");
}

TEST(Query, Values) {
  EXPECT_THAT(query_values("collect[]=cpu&collect[]=disk&x=1", "collect[]"), ElementsAre("cpu", "disk"));
  EXPECT_THAT(query_values("collect%5B%5D=cpu", "collect[]"), ElementsAre("cpu"));
  EXPECT_THAT(query_values("a", "a"), ElementsAre(""));
  EXPECT_THAT(query_values("a=", "a"), ElementsAre(""));
  EXPECT_THAT(query_values("a=b=c", "a"), ElementsAre("b=c"));
  EXPECT_THAT(query_values("a=x+y%2Bz", "a"), ElementsAre("x y+z"));
  EXPECT_THAT(query_values("&&a=1&", "a"), ElementsAre("1"));
  EXPECT_THAT(query_values("A=1&aa=2", "a"), IsEmpty());
  EXPECT_THAT(query_values("", "a"), IsEmpty());
}

TEST(Query, PercentDecoding) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},       {"%41%62", "Ab"}, {"%", "%"},      {"%4", "%4"},   {"%zz", "%zz"},   {"%-1", "%-1"},
      {"%%41", "%A"}, {"%2541", "%41"}, {"%c3%BC", "ü"}, {"%00", "\0"s}, {"100%", "100%"}, {"a%2fb", "a/b"},
  };
  for (const auto& [given, wanted] : cases) EXPECT_EQ(percent_decoded(given, false), wanted) << given;
  EXPECT_EQ(percent_decoded("a+b", false), "a+b");
  EXPECT_EQ(percent_decoded("a+b%2B", true), "a b+");
}

TEST(AcceptEncoding, Gzip) {
  for (const char* yes : {"gzip", "GZip", "deflate, gzip", "gzip;q=1.0", "gzip;q=0.001", "gzip ; q=0.5",
                          "br,gzip,*;q=0", "*", "*;q=0.1", "identity;q=0, gzip"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const char* no : {"", "identity", "deflate, br", "gzip;q=0", "gzip;q=0.0", "gzip; q=0.000", "gzip;Q=0", "*;q=0",
                         "*, gzip;q=0", "gzip;q=0, *", "xgzip", "gzipx", "x;gzip"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

TEST(Response, Kinds) {
  EXPECT_EQ(Response::text(404, "x").content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(Response::json(202, "{}").content_type, "application/json");
  EXPECT_EQ(Response::html("<p>").content_type, "text/html; charset=utf-8");
  EXPECT_EQ(Response::json(202, "{}").status, 202);
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(799), "Unknown");
}

}  // namespace
}  // namespace piman::http
