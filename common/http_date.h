// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"

/// Dates as HTTP writes them, to the second and always GMT. Source: RFC 9110 section 5.6.7.
namespace piman::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT"; fractions of the second are cut off.
std::string format_http_date(WallTime time);

/// Takes that form and the two obsolete ones that a recipient must still take: "Sunday, 06-Nov-94 08:49:37 GMT" (years
/// 70-99 are of the last century) and "Sun Nov  6 08:49:37 1994". The day's name is not looked at.
std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace piman::http
