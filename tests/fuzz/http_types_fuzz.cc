// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/check.h"
#include "common/http_types.h"
#include "common/text.h"

namespace {

using namespace piman;
using namespace piman::http;

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4U], kHex[byte & 0x0FU]};
  }
  return out;
}

const Router& router() {
  static const Router made = [] {
    Router router;
    const auto say = [](const char* name) { return [name](const Request&) { return Response::text(200, name); }; };
    router.add("GET", "/", say("root"));
    router.add("GET", "/metrics", say("metrics"));
    router.add("GET", "/nodes/{name}", say("node"));
    router.add("POST", "/nodes/{name}/actions/{action}", [](const Request& request) -> Response {
      PIMAN_CHECK(!request.path_parameter("name").empty() && !request.path_parameter("action").empty());
      PIMAN_CHECK(request.path == concat("/nodes/", request.path_parameter("name"), "/actions/",
                                         request.path_parameter("action")) ||
                  !request.path.starts_with('/'));
      throw std::runtime_error("always");
    });
    return router;
  }();
  return made;
}

void check_dispatch(std::string_view method, std::string_view path) {
  Request request;
  request.method = method;
  request.path = path;
  const Response response = router().dispatch(request);
  PIMAN_CHECK(response.status == 200 || response.status == 404 || response.status == 405 || response.status == 500);
  PIMAN_CHECK((response.status == 405) == !response.headers.empty());
  PIMAN_CHECK(response.status != 404 || request.path_parameters.empty());
  if (response.status == 200 && response.body == "metrics") PIMAN_CHECK(path == "/metrics" || path == "metrics");
}

void check_percent(std::string_view text) {
  const std::string decoded = percent_decoded(text, false);
  PIMAN_CHECK(decoded.size() <= text.size());
  if (text.find('%') == std::string_view::npos) PIMAN_CHECK(decoded == text);
  PIMAN_CHECK(percent_decoded(percent_encoded(text), false) == text);
  PIMAN_CHECK(percent_decoded(percent_encoded(text), true) == text);
}

void check_query(std::string_view text) {
  // A value is found under its key whatever the two hold, and nothing of it leaks into a neighbour.
  std::string_view value = text;
  const std::string_view key = next_until(value, '\n');
  const std::string query = concat("a=1&", percent_encoded(key), "=", percent_encoded(value), "&b");
  const auto found = query_values(query, key);
  PIMAN_CHECK(!found.empty() && (key == "a" || key == "b" || (found.size() == 1 && found.front() == value)));
  std::size_t pairs = 0;
  for (std::string_view rest = text; !rest.empty(); ++pairs) next_until(rest, '&');
  PIMAN_CHECK(query_values(text, key).size() <= pairs);
}

}  // namespace

/// The first line is a method, the rest of it all a path, a query, a header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view path = text;
  const std::string_view method = next_until(path, '\n');
  check_dispatch(method, path);
  check_dispatch("GET", text);
  check_dispatch("POST", percent_decoded(text, false));
  check_percent(text);
  check_query(text);
  if (accepts_gzip(text)) PIMAN_CHECK(to_lower(text).find("gzip") != std::string::npos || text.find('*') != text.npos);
  return 0;
}
