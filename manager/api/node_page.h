// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "common/clock.h"
#include "common/http_types.h"
#include "manager/config.h"
#include "manager/fleet/fleet.h"

/// `/nodes/NAME/metrics`: the node's own page, byte for byte and without timestamps, so that Prometheus sees a node
/// that is gone as gone. A page younger than the scrape interval is passed on; else the node is scraped now, once for
/// all who ask.
namespace piman::manager::api {

/// Scrapes the node now and waits; false when that was not possible in time. Safe to call from any thread.
using ScrapeNow = std::function<bool(const std::string& name, std::chrono::milliseconds most)>;

/// A page is passed on while it is at most this many scrape intervals old, if the node can't be scraped now: a scraper
/// that hangs must not look like a fleet whose values stand still.
inline constexpr int kPageIntervals = 3;
inline constexpr std::size_t kMostDecompressedBytes = 256UL * 1024 * 1024;

/// 200 with the page; 404 for an unknown node; 503 for one that is not up, or whose page is too old. The page goes out
/// compressed as it came where the client allows that.
http::Response node_page(const http::Request& request, const Fleet& fleet, const Config& config,
                         const ScrapeNow& scrape_now);

}  // namespace piman::manager::api
