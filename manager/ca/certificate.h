// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"
#include "common/result.h"

/// Certificates of a small fleet: a CA, and what it signs for agents, the manager and Prometheus. Keys on the curve
/// P-256, signatures by SHA-256, everything in PEM. No I/O: the time is a parameter, randomness is OpenSSL's.
namespace piman::manager::ca {

using Days = std::chrono::duration<int, std::ratio<86'400>>;

struct Identity {
  std::string certificate, key;
};

/// Signs certificates, and no other CA. Errors: OpenSSL's.
Result<Identity> make_authority(const std::string& name, WallTime now, Days valid);

struct Wanted {
  std::string name;  ///< REQUIRES: is_host_name(); the certificate is for it
  std::vector<Ipv4Address> addresses;
  bool for_server = true, for_client = false;
  Days valid{397};
};
/// A new key with its certificate, which is good from an hour before `now` on, as clocks differ. Its end is that of the
/// CA at most. Errors: the authority can't be read, or its key is another's.
Result<Identity> issue(const Identity& authority, const Wanted& wanted, WallTime now);

/// The certificate alone, for whoever made a key and sent a request for it (PKCS #10, in PEM) that the key has signed.
/// Names and uses are those of `wanted`, whatever the request says. Errors: no request, or a weak or odd key.
Result<std::string> sign_request(const Identity& authority, std::string_view request, const Wanted& wanted,
                                 WallTime now);
inline constexpr std::size_t kMostRequestBytes = 4096;

/// The same names, uses and key as an older certificate, signed anew. Errors: as issue()'s.
Result<std::string> renew(const Identity& authority, std::string_view certificate, Days valid, WallTime now);

/// Whether the key is the one of the certificate.
bool is_pair(const Identity& identity);
/// Whether the key of `authority` has signed `certificate`.
bool is_issued_by(std::string_view certificate, std::string_view authority);
/// The certificates in a text, one after another, at most kMostCertificates.
std::vector<std::string> certificates_in(std::string_view pem);
inline constexpr std::size_t kMostCertificates = 16;

struct Facts {
  std::string subject, serial, names;  ///< as OpenSSL writes them
  std::string common_name;             ///< in UTF-8; empty: there is none
  WallTime ends;
  bool is_authority = false;
  bool is_for_clients = false;  ///< it shows who asks, not only who is asked
};
/// Of the first certificate in a text of PEM. Errors: there is none.
Result<Facts> facts_of(std::string_view certificate);

}  // namespace piman::manager::ca
