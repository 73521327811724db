// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "common/http_types.h"
#include "common/result.h"
#include "manager/config.h"

/// Whether a request that changes something may do so. A browser sends requests for any page that it shows, and one
/// that stands in this machine's network reaches piman where that page's owner does not. Pure.
namespace piman::manager::api {

enum class Refusal { kFarAway, kCrossSite, kNotJson };
struct RefusedChange {
  Refusal kind;
  std::string message;
};

/// Refused are: requests from other machines, where web.changes_from is loopback; those that a page of another origin
/// sends (Origin, Sec-Fetch-Site); those by a name that may be anybody's (DNS rebinding): the Host must be an address,
/// localhost or the host of web.external_url; and everything but JSON, which no form can send.
tl::expected<void, RefusedChange> check_change(const http::Request& request, const Config& config);
/// The same from whatever machine it comes.
tl::expected<void, RefusedChange> check_origin(const http::Request& request, const Config& config);

/// Whether a peer's address is one of this machine's own, 127.0.0.0/8 or ::1.
bool is_loopback(std::string_view address);

/// Whether the program that asks runs on this machine, and is not a proxy that asks for somebody else.
bool is_local(const http::Request& request);
bool is_json(const http::Request& request);

}  // namespace piman::manager::api
