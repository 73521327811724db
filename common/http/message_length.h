// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/http_types.h"

namespace piman::http {

/// Whether every parser agrees on where this request ends. A proxy that reads another length than we do takes the rest
/// of one client's request for the beginning of another's. Refused are: Content-Length and Transfer-Encoding together
/// or repeated, a length that is not digits alone, any coding but "chunked", and header names that are no token, as a
/// folded line makes them. Pure. Source: RFC 9112 sections 5 and 6.3.
bool has_plain_length(const Headers& headers);

}  // namespace piman::http
