// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/http_types.h"
#include "manager/api/live_hub.h"

/// `/api/v1/live`: the fleet as it changes, as server-sent events. docs/http_api.md describes it to users.
namespace piman::manager {

/// `hub` must outlive the router. Thread-safety: the handlers run on the server's threads, several at once.
void add_live_routes(http::Router& router, api::LiveHub& hub);

/// How many browsers may listen: each holds a thread of the server, which has others to do, too.
int most_live_listeners(int server_threads);

}  // namespace piman::manager
