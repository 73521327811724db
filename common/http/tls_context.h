// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/http/tls_library.h"
#include "common/http/web_config.h"
#include "common/result.h"

namespace piman::http {

/// What a TLS connection is made from: certificate, key, whom it trusts, what it speaks.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// Reads the files that the settings name. Errors: one can't be used, in words that name it; a key that every user of
/// this machine can read is refused, too.
Result<TlsContext> make_tls_context(const TlsLibrary& library, const TlsSettings& settings);

/// A context without a certificate, for a server that takes the real one from somewhere else for each connection.
/// `owner` is found by tls_owner() again.
Result<TlsContext> make_empty_tls_context(const TlsLibrary& library, void* owner);
void* tls_owner(const TlsLibrary& library, const ssl_ctx_st* context);

}  // namespace piman::http
