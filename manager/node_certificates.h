// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/log.h"
#include "common/result.h"
#include "netboot/hosts.h"

/// Certificates for the agents of nodes that are being installed. The key is made on the node and never leaves it.
namespace piman::manager {

/// Thread-safety: sign() may be called from several threads.
class NodeCertificates {
 public:
  /// `server_name` is what the manager expects a certificate to be for (agents.server_name). `log` must outlive it.
  /// Errors: no CA in the folder, or it can't be written to.
  static Result<NodeCertificates> open(std::string folder, std::string server_name, Logger& log);

  /// It is on record before it is returned. Errors: what is wrong with the request or the folder.
  Result<std::string> sign(const std::string& request, const netboot::Host& node) const;

 private:
  NodeCertificates(std::string folder, std::string server_name, Logger& log)
      : folder_(std::move(folder)), server_name_(std::move(server_name)), log_(&log) {}

  std::string folder_, server_name_;
  Logger* log_;
};

}  // namespace piman::manager
