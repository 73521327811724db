// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/log.h"
#include "common/result.h"
#include "manager/fleet/node.h"

/// How requests to agents are protected, and how the manager proves to them who it is.
namespace piman::manager {

/// Of one request.
struct HttpAccess {
  bool tls = false;
  std::string ca_file;              ///< whom to trust, and nobody else; empty: whom this machine trusts
  std::string crl_file;             ///< whom not to trust any more; empty: nobody
  SteadyTime crl_changed{};         ///< connections from before are not believed
  std::string cert_file, key_file;  ///< shown to who asks for one; empty: none
  std::string user, password;       ///< basic auth; empty: none
  std::string bearer;               ///< a token; empty: none
};

/// As the configuration says it: secrets are files.
struct AccessSettings {
  bool tls = false;
  std::string ca_file, crl_file, cert_file, key_file;
  std::string server_name = "{name}";  ///< what an agent's certificate must be for; {name} and {address} of the node
  std::string user, password_file, token_file;
};

/// The name that the certificate of this node's agent must have. Pure.
std::string server_name_of(std::string_view pattern, const Host& host);

/// The present access of the settings: secrets are read again when their files change, looked for at most each ten
/// seconds; a change of the revoked ones is looked for each second. Certificates are read by libcurl, for each
/// connection.
/// Thread-safety: one thread.
class AccessFiles {
 public:
  /// Errors: a file can't be read, or every user of the machine can read a secret one.
  static Result<AccessFiles> open(AccessSettings settings);

  const HttpAccess& access() const { return access_; }
  const AccessSettings& settings() const { return settings_; }
  /// A secret that can't be read any more is logged once, and the old one stays.
  void look(SteadyTime now, Logger& log);

 private:
  explicit AccessFiles(AccessSettings settings) : settings_(std::move(settings)) {}
  Result<void> read_secrets();
  void look_at_crl(SteadyTime now);

  AccessSettings settings_;
  HttpAccess access_;
  SteadyTime next_look_{}, next_crl_look_{};
  /// Of the list: its place, size and time on the disk.
  std::array<std::int64_t, 4> crl_mark_{};
  std::string last_problem_;
};

}  // namespace piman::manager
