// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "manager/ca/certificate.h"

/// The list of certificates that a CA takes back (RFC 5280 section 5). No I/O.
namespace piman::manager::ca {

struct Revoked {
  std::string serial;  ///< hexadecimal
  WallTime when;
};

/// In PEM, good until the CA's own end: a list that runs out would lock out the whole fleet. Errors: OpenSSL's, or a
/// serial that is none.
Result<std::string> revocation_list(const Identity& authority, std::span<const Revoked> revoked, WallTime now);

}  // namespace piman::manager::ca
