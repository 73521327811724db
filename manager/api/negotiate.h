// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "common/prom_text.h"

/// What a client's request headers ask for. Pure functions.
namespace piman::manager::api {

/// The exposition format for an Accept header: OpenMetrics 1.0.0 when it is named there and not liked less than plain
/// text, else text. Source: RFC 9110 section 12.5.1.
prom_text::Format negotiate_format(std::string_view accept);

/// Whether an If-None-Match header holds `etag` (given with its quotes), compared weakly as RFC 9110 section 13.1.2
/// demands: "W/" does not count.
bool etag_matches(std::string_view if_none_match, std::string_view etag);

}  // namespace piman::manager::api
