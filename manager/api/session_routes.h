// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/http_types.h"
#include "common/log.h"
#include "manager/api/change_guard.h"

/// Logging in and out, and what may be read without. docs/http_api.md describes it to users.
namespace piman::manager {

/// `guard` has sessions, which must outlive the router as `log` does. Thread-safety: the handlers run on the server's
/// threads, several at once.
void add_session_routes(http::Router& router, const api::ChangeGuard& guard, Logger& log);

}  // namespace piman::manager
