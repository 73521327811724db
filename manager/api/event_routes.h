// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "common/http_types.h"
#include "manager/store/journal.h"

/// What happened, and what happens: the journal as a list and as a stream. docs/http_api.md describes them to users.
namespace piman::manager {

/// At most so many streams at once, and never more than a quarter of the server's threads: each holds one, and so does
/// each browser that listens live (live_routes.h).
inline constexpr int kMostEventStreams = 64;
/// A stream with nothing to say says so this often: proxies keep it open, and a client that is gone is noticed.
inline constexpr std::chrono::seconds kHeartbeat{15};

/// `journal` must outlive the router. Thread-safety: the handlers run on the server's threads, several at once.
void add_event_routes(http::Router& router, const Journal& journal, int server_threads,
                      std::chrono::milliseconds heartbeat = kHeartbeat);

}  // namespace piman::manager
