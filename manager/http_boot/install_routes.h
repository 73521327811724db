// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/http_types.h"
#include "common/mutex.h"
#include "netboot/install/orders.h"

/// Images over HTTP, for initramfs that can fetch them in ranges and go on where a connection broke:
///     GET /install/image/SHA256?token=TOKEN
/// A token is good for one node's address and one image, while the install that it was made for runs.
namespace piman::manager {

/// Thread-safety: all methods may be called from any thread.
class InstallRoutes final : public netboot::install::ImageAccess {
 public:
  /// Adds the route; this must outlive `router`'s last dispatch.
  void add_to(http::Router& router);

  void grant(const netboot::install::ImageGrant& grant) override;
  void revoke(std::string_view token) override;

  http::Response answer(const http::Request& request, std::string_view sha256);

 private:
  /// Connections of one install at the same time: the one that runs, and one that the client has given up.
  static constexpr unsigned kMaxTransfers = 4;

  struct Grant {
    netboot::install::ImageGrant what;
    std::atomic<bool> is_revoked = false;
    std::atomic<unsigned> transfers = 0;
  };
  class GrantedSource;

  std::shared_ptr<Grant> find(std::string_view token) const;

  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Grant>, std::less<>> grants_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::manager
