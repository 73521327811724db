// SPDX-License-Identifier: Apache-2.0
#include "common/http_types.h"

#include <algorithm>
#include <exception>

#include "common/text.h"

namespace piman::http {
namespace {

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return segments;
  bool trailing_slash = path.ends_with('/');
  while (!path.empty()) segments.emplace_back(next_until(path, '/'));
  if (trailing_slash) segments.emplace_back();
  return segments;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

bool is_rest(std::string_view segment) { return is_parameter(segment) && segment.ends_with("...}"); }

bool segment_matches(const std::string& wanted, const std::string& given) {
  return is_parameter(wanted) ? !given.empty() : wanted == given;
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (!pattern.empty() && is_rest(pattern.back())) {
    return path.size() >= pattern.size() &&
           std::equal(pattern.begin(), pattern.end() - 1, path.begin(), segment_matches);
  }
  return std::equal(pattern.begin(), pattern.end(), path.begin(), path.end(), segment_matches);
}

/// What stands in `path` from the segment `first` on.
std::string rest_of(const std::vector<std::string>& path, std::size_t first) {
  std::string rest;
  for (std::size_t i = first; i < path.size(); ++i) rest += concat(i == first ? "" : "/", path[i]);
  return rest;
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

std::string_view Request::path_parameter(std::string_view name) const {
  for (const auto& [key, value] : path_parameters) {
    if (key == name) return value;
  }
  return {};
}

Response Response::text(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response Response::json(int status, std::string body) {
  Response response = text(status, std::move(body));
  response.content_type = "application/json";
  return response;
}

Response Response::html(std::string body) {
  Response response = text(200, std::move(body));
  response.content_type = "text/html; charset=utf-8";
  return response;
}

std::vector<std::string> query_values(std::string_view query, std::string_view key) {
  std::vector<std::string> values;
  while (!query.empty()) {
    std::string_view pair = next_until(query, '&');
    const std::string_view name = next_until(pair, '=');
    if (percent_decoded(name, true) == key) values.push_back(percent_decoded(pair, true));
  }
  return values;
}

std::string percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && text.size() - i > 2 ? parse_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (byte) {
      out.push_back(static_cast<char>(*byte));
      i += 2;
    } else {
      out.push_back(text[i] == '+' && plus_is_blank ? ' ' : text[i]);
    }
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (is_alphanumeric || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4U], kDigits[byte & 0xFU]};
    }
  }
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view item = next_until(accept_encoding, ',');
    const std::string_view coding = trim(next_until(item, ';'));
    const std::string weight = to_lower(trim(item));
    const bool refused = weight.starts_with("q=0") && weight.find_first_not_of("0.", 2) == std::string::npos;
    if (equals_ignoring_case(coding, "gzip")) return !refused;
    if (coding == "*") any = !refused;
  }
  return any;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  routes_.push_back(Route{std::string(method), segments_of(pattern), std::move(handler)});
}

Response Router::dispatch(Request& request) const {
  const std::string_view method = request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
  const std::vector<std::string> path = segments_of(request.path);
  std::vector<std::string_view> allowed;
  for (const Route& route : routes_) {
    if (!matches(route.segments, path)) continue;
    if (route.method != method) {
      if (std::find(allowed.begin(), allowed.end(), route.method) == allowed.end()) allowed.push_back(route.method);
      continue;
    }
    for (std::size_t i = 0; i < route.segments.size(); ++i) {
      const std::string& name = route.segments[i];
      if (is_rest(name)) {
        request.path_parameters.emplace_back(name.substr(1, name.size() - 5), rest_of(path, i));
      } else if (is_parameter(name)) {
        request.path_parameters.emplace_back(name.substr(1, name.size() - 2), path[i]);
      }
    }
    try {
      if (guard_) {
        if (auto refused = guard_(request)) return std::move(*refused);
      }
      return route.handler(request);
    } catch (const std::exception& thrown) {  // barrier: one bad request must not take the service down
      if (report_) report_(request, thrown.what());
    } catch (...) {
      if (report_) report_(request, "not a std::exception");
    }
    return Response::text(500, "internal error\n");
  }
  if (allowed.empty()) return Response::text(404, "not found\n");
  Response response = Response::text(405, "method not allowed\n");
  std::string allow;
  for (const std::string_view each : allowed) {
    allow += concat(allow.empty() ? "" : ", ", each, each == "GET" ? ", HEAD" : "");
  }
  response.headers.emplace_back("Allow", allow);
  return response;
}

}  // namespace piman::http
