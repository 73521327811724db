// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/http/credentials.h"
#include "common/result.h"

namespace piman::http {

/// bcrypt by crypt(3). libcrypt is on every Debian and loaded only here, so that who needs no passwords does not pay
/// for it. What is returned may be called by one thread at a time. Errors: it can't be loaded, or knows no bcrypt.
Result<Credentials::Matches> load_bcrypt();

}  // namespace piman::http
