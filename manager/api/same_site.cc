// SPDX-License-Identifier: Apache-2.0
#include "manager/api/same_site.h"

#include "common/net_types.h"
#include "common/text.h"

namespace piman::manager::api {
namespace {

/// "host:port" of "http://host:port/path", in lower case; empty when it is no such URL.
std::string authority_of(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    return to_lower(next_until(url, '/'));
  }
  return {};
}

/// Without its port; an IPv6 address keeps its brackets.
std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

}  // namespace

bool is_json(const http::Request& request) {
  const std::string_view type = request.header("Content-Type");
  return equals_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json");
}

bool is_local(const http::Request& request) {
  for (const char* const header : {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"}) {
    if (!request.header(header).empty()) return false;
  }
  return is_loopback(request.remote_address);
}

bool is_loopback(std::string_view address) {
  if (address.starts_with("::ffff:")) address.remove_prefix(7);
  const auto ipv4 = Ipv4Address::parse(address);
  return address == "::1" || (ipv4 && ipv4->value() >> 24U == 127);
}

tl::expected<void, RefusedChange> check_change(const http::Request& request, const Config& config) {
  if (config.web.changes_from == Config::Web::ChangesFrom::kLoopback && !is_loopback(request.remote_address)) {
    return tl::unexpected<RefusedChange>(
        {Refusal::kFarAway, "changes are taken from this machine only; web.changes_from: everywhere lets others, too"});
  }
  return check_origin(request, config);
}

tl::expected<void, RefusedChange> check_origin(const http::Request& request, const Config& config) {
  const auto refuse = [](Refusal kind, std::string message) {
    return tl::unexpected<RefusedChange>({kind, std::move(message)});
  };
  const std::string host = to_lower(request.header("Host"));
  const std::string external = authority_of(config.web.external_url);
  const std::string_view name = host_of(host);
  const bool is_known = name.starts_with('[') || Ipv4Address::parse(name) || name == "localhost" ||
                        (!external.empty() && host == external);
  if (!is_known) {
    return refuse(Refusal::kCrossSite, concat("the host ", quote(host), " is neither an address nor web.external_url"));
  }
  const std::string_view origin = request.header("Origin");
  const std::string origin_authority = authority_of(origin);
  if (!origin.empty() && (origin_authority.empty() || (origin_authority != host && origin_authority != external))) {
    return refuse(Refusal::kCrossSite, concat("a page of ", quote(origin), " may not change anything here"));
  }
  const std::string_view site = request.header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") {
    return refuse(Refusal::kCrossSite, "a page of another site may not change anything here");
  }
  if (!is_json(request)) {
    return refuse(Refusal::kNotJson, "the Content-Type must be application/json");
  }
  return {};
}

}  // namespace piman::manager::api
