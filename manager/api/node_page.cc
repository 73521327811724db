// SPDX-License-Identifier: Apache-2.0
#include "manager/api/node_page.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "common/gzip.h"
#include "common/prom_parse.h"
#include "common/text.h"

namespace piman::manager::api {
namespace {

using http::Request;
using http::Response;

std::int64_t seconds(WallTime::duration age) {
  return std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count());
}

Response not_up(const NodeState& node, const std::string& why) {
  return Response::text(503, concat("node ", node.host.name, ' ', why, '\n'));
}

WallTime::duration age_of(const NodeState& node) { return std::chrono::system_clock::now() - node.last.at; }

/// Whether there is no page, or one that is not of this interval. Of a node that is not up there is no page either, but
/// asking it holds a thread for a timeout: its next turn will tell.
bool wants_scrape(const NodeState& node, const Config& config) {
  if (node.phase == Phase::kPending) return node.scrapes == 0;
  return node.last.page != nullptr && age_of(node) > config.scrape.interval;
}

Response response_of(const Request& request, const NodeState& node) {
  const ScrapeResult& last = node.last;
  const bool as_it_came = last.page_is_gzip && http::accepts_gzip(request.header("Accept-Encoding"));
  Response response;
  if (last.page_is_gzip && !as_it_came) {
    GzipDecompressor decompressor;
    // It has become a page before, so its size is known to be within the limit of pages.
    if (decompressor.decompress(*last.page, kMostDecompressedBytes) != GzipDecompressor::Outcome::kGood) {
      return not_up(node, "has a page that can't be decompressed any more");
    }
    response = Response::text(200, std::string(decompressor.text()));
  } else {
    response = Response::text(200, *last.page);
  }
  // Named as the agent named it, but in our words: what a node sends does not become a header of ours.
  response.content_type = prom_text::content_type(prom_text::format_of_content_type(last.page_content_type));
  response.headers = {
      {"Age", concat(seconds(age_of(node)))}, {"Vary", "Accept-Encoding"}, {"X-Content-Type-Options", "nosniff"}};
  if (as_it_came) response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

}  // namespace

Response node_page(const Request& request, const Fleet& fleet, const Config& config, const ScrapeNow& scrape_now) {
  const std::string name(request.path_parameter("name"));
  auto node = fleet.find(name);
  if (node == nullptr) return Response::text(404, concat("no node ", quote(name), " in the inventory\n"));
  if (scrape_now && wants_scrape(*node, config)) {
    scrape_now(name, config.scrape.timeout);
    node = fleet.find(name);
    if (node == nullptr) return Response::text(404, concat("node ", quote(name), " has left the inventory\n"));
  }
  if (node->scrapes == 0) return not_up(*node, "was not scraped yet");
  if (node->last.error != ScrapeError::kNone) {
    return not_up(*node, concat("is ", to_string(node->phase), ": ", node->last.error_text));
  }
  if (node->last.page == nullptr) return not_up(*node, "has no page");
  const auto age = age_of(*node);
  if (age > config.scrape.interval * kPageIntervals + config.scrape.timeout) {
    return not_up(*node, concat("has no page younger than ", seconds(age), " s: the manager is late with its scrapes"));
  }
  return response_of(request, *node);
}

}  // namespace piman::manager::api
