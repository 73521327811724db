// SPDX-License-Identifier: Apache-2.0
#include "manager/http_boot/install_routes.h"

#include <chrono>
#include <utility>
#include <vector>

#include "common/http/body_sources.h"
#include "common/http_content.h"
#include "common/net_types.h"
#include "common/text.h"

namespace piman::manager {
namespace {

constexpr const char* kNoInstall = "no such install runs\n";

}  // namespace

/// An image for as long as its install runs: a transfer that outlives it breaks off.
class InstallRoutes::GrantedSource final : public http::BodySource {
 public:
  GrantedSource(std::shared_ptr<const http::BodySource> image, std::shared_ptr<Grant> grant)
      : image_(std::move(image)), grant_(std::move(grant)) {}
  ~GrantedSource() override { --grant_->transfers; }
  GrantedSource(const GrantedSource&) = delete;
  GrantedSource& operator=(const GrantedSource&) = delete;

  std::uint64_t size_bytes() const override { return image_->size_bytes(); }
  std::string_view read(std::uint64_t offset, std::span<char> buffer) const override {
    return grant_->is_revoked ? std::string_view() : image_->read(offset, buffer);
  }

 private:
  const std::shared_ptr<const http::BodySource> image_;
  const std::shared_ptr<Grant> grant_;
};

void InstallRoutes::add_to(http::Router& router) {
  router.add("GET", "/install/image/{sha256}",
             [this](const http::Request& request) { return answer(request, request.path_parameter("sha256")); });
  if (sign_ == nullptr) return;
  router.add("POST", "/install/certificate", [this](const http::Request& request) { return certify(request); });
}

void InstallRoutes::grant(const netboot::install::ImageGrant& grant) {
  auto made = std::make_shared<Grant>();
  made->what = grant;
  const MutexLock lock(mutex_);
  grants_[grant.token] = std::move(made);
}

void InstallRoutes::revoke(std::string_view token) {
  const MutexLock lock(mutex_);
  const auto found = grants_.find(token);
  if (found == grants_.end()) return;
  found->second->is_revoked = true;
  grants_.erase(found);
}

std::shared_ptr<InstallRoutes::Grant> InstallRoutes::find(std::string_view token) const {
  const MutexLock lock(mutex_);
  const auto found = grants_.find(token);
  return found == grants_.end() ? nullptr : found->second;
}

std::shared_ptr<InstallRoutes::Grant> InstallRoutes::find(const http::Request& request) const {
  const std::vector<std::string> tokens = http::query_values(request.query, "token");
  auto grant = tokens.size() == 1 ? find(tokens.front()) : nullptr;
  const auto client = Ipv4Address::parse(request.remote_address);
  return grant && client && grant->what.client == *client ? grant : nullptr;
}

http::Response InstallRoutes::certify(const http::Request& request) {
  const auto grant = find(request);
  if (!grant) return http::Response::text(403, kNoInstall);
  const MutexLock lock(grant->signing);
  if (grant->is_revoked) return http::Response::text(403, kNoInstall);
  // The same request once more is a client whose connection broke; another one is somebody else who saw the token.
  if (!grant->certificate.empty() && grant->request != request.body) {
    return http::Response::text(409, "this install has its certificate\n");
  }
  if (grant->certificate.empty()) {
    if (grant->refused == kMostRefusals) return http::Response::text(403, kNoInstall);
    auto certificate = sign_(request.body, grant->what.node);
    if (!certificate) {
      ++grant->refused;
      return http::Response::text(400, certificate.error().message + '\n');
    }
    grant->certificate = std::move(*certificate);
    grant->request = request.body;
  }
  http::Response response = http::Response::text(200, grant->certificate);
  response.content_type = "application/x-pem-file";
  return response;
}

http::Response InstallRoutes::answer(const http::Request& request, std::string_view sha256) {
  const auto grant = find(request);
  // One answer for all of it: nothing is to be learnt by trying.
  if (!grant || grant->what.image.sha256 != sha256) return http::Response::text(403, kNoInstall);
  auto content = http::open_content(grant->what.image.path);
  if (!content || content->source->size_bytes() != grant->what.image.size_bytes) {
    return http::Response::text(500, "the image can't be read\n");
  }
  if (++grant->transfers > kMaxTransfers) {
    --grant->transfers;
    http::Response busy = http::Response::text(503, "too many transfers of this install\n");
    busy.headers.emplace_back("Retry-After", "5");
    return busy;
  }
  content->source = std::make_shared<GrantedSource>(std::move(content->source), grant);
  content->etag = concat('"', sha256, '"');
  return http::respond_with(request, *std::move(content), std::chrono::system_clock::now());
}

}  // namespace piman::manager
