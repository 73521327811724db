// SPDX-License-Identifier: Apache-2.0
#include "manager/api/page_routes.h"

#include <string>
#include <string_view>

#include "common/text.h"
#include "manager/api/negotiate.h"
#include "manager/web/assets.h"

namespace piman::manager::api {
namespace {

using http::Request;
using http::Response;

/// Nothing but our own files runs or loads, and no other site may frame the page to steal clicks.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

Response asset_response(const Request& request, const web::Asset& asset, std::string_view cache_control) {
  const bool gzip = asset.gzip.size() < asset.plain.size() && http::accepts_gzip(request.header("Accept-Encoding"));
  // A strong ETag stands for exact bytes, so the compressed ones need another.
  const std::string etag = concat('"', asset.sha256.substr(0, 32), gzip ? "-gz\"" : "\"");
  Response response;
  response.headers = {{"ETag", etag},
                      {"Cache-Control", std::string(cache_control)},
                      {"Vary", "Accept-Encoding"},
                      {"X-Content-Type-Options", "nosniff"}};
  if (etag_matches(request.header("If-None-Match"), etag)) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  response.content_type = asset.content_type;
  response.body = gzip ? asset.gzip : asset.plain;
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

Response page(const Request& request) {
  Response response = asset_response(request, *web::find_asset("index.html"), "no-cache");
  response.headers.emplace_back("Content-Security-Policy", kContentSecurityPolicy);
  response.headers.emplace_back("X-Frame-Options", "DENY");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

Response file(const Request& request) {
  const web::Asset* asset = web::find_asset(request.path_parameter("file"));
  // A page of another piman version asks for another bundle: these files would not fit together with what it has.
  if (asset == nullptr || request.path_parameter("bundle") != web::bundle()) return Response::text(404, "not found\n");
  return asset_response(request, *asset, "public, max-age=31536000, immutable");
}

}  // namespace

void add_page_routes(http::Router& router) {
  router.add("GET", "/", page);
  router.add("GET", "/assets/{bundle}/{file}", file);
  router.add("GET", "/api/v1/openapi.json", [](const Request& request) {
    return asset_response(request, *web::find_asset("openapi.json"), "no-cache");
  });
  router.add("GET", "/favicon.ico", [](const Request& request) {
    return asset_response(request, *web::find_asset("favicon.svg"), "public, max-age=86400");
  });
}

}  // namespace piman::manager::api
