// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/http_types.h"
#include "common/mutex.h"
#include "common/result.h"
#include "netboot/hosts.h"
#include "netboot/install/orders.h"

/// Images over HTTP, for initramfs that can fetch them in ranges and go on where a connection broke:
///     GET /install/image/SHA256?token=TOKEN
/// and where there is a CA for agents, the certificate of the node's agent for the request in the body (PKCS #10):
///     POST /install/certificate?token=TOKEN
/// A token is good for one node's address, one image and one key, while the install that it was made for runs.
namespace piman::manager {

/// Signs `request` for the agent of `node`: the certificate in PEM. May block; called from several threads.
using SignForNode = std::function<Result<std::string>(const std::string& request, const netboot::Host& node)>;

/// Thread-safety: all methods may be called from any thread, but for sign_with().
class InstallRoutes final : public netboot::install::ImageAccess {
 public:
  /// From here on nodes get certificates. Before add_to() and the first grant.
  void sign_with(SignForNode sign) { sign_ = std::move(sign); }
  /// Adds the routes; this must outlive `router`'s last dispatch.
  void add_to(http::Router& router);

  bool gives_certificates() const override { return sign_ != nullptr; }
  void grant(const netboot::install::ImageGrant& grant) override;
  void revoke(std::string_view token) override;

  http::Response answer(const http::Request& request, std::string_view sha256);
  http::Response certify(const http::Request& request);

 private:
  /// Connections of one install at the same time: the one that runs, and one that the client has given up.
  static constexpr unsigned kMaxTransfers = 4;
  /// Requests of one install that could not be signed; each is a line in the log.
  static constexpr unsigned kMostRefusals = 16;

  struct Grant {
    netboot::install::ImageGrant what;
    std::atomic<bool> is_revoked = false;
    std::atomic<unsigned> transfers = 0;
    Mutex signing;  ///< one request is signed at a time
    std::string request PIMAN_GUARDED_BY(signing), certificate PIMAN_GUARDED_BY(signing);
    unsigned refused PIMAN_GUARDED_BY(signing) = 0;
  };
  class GrantedSource;

  std::shared_ptr<Grant> find(std::string_view token) const;
  /// The grant that a request names, when it comes from whom it was given to.
  std::shared_ptr<Grant> find(const http::Request& request) const;

  SignForNode sign_;
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Grant>, std::less<>> grants_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::manager
