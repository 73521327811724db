// SPDX-License-Identifier: Apache-2.0
#include "manager/api/live_routes.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "manager/api/change_guard.h"

namespace piman::manager {
namespace {

class LiveStream final : public http::BodyStream {
 public:
  explicit LiveStream(api::LiveHub::Listener listener) : listener_(std::move(listener)) {}

  bool next(std::string& out, std::chrono::milliseconds wait) override {
    if (!std::exchange(has_begun_, true)) out += "retry: 2000\n\n";
    listener_.read(out, wait);
    return true;
  }

 private:
  api::LiveHub::Listener listener_;
  bool has_begun_ = false;
};

http::Response live(const http::Request& request, api::LiveHub& hub) {
  auto listener = hub.join();
  if (!listener) {
    http::Response response = api::api_error(
        503, "too_many_streams", "as many browsers listen as may; ask /api/v1/nodes every few seconds instead");
    response.headers.emplace_back("Retry-After", "30");
    return response;
  }
  const auto since = http::query_values(request.query, "since");
  // A browser that comes back by itself says where it was; that is newer than what its address says.
  const std::string last(request.header("Last-Event-ID"));
  if (const std::string& id = last.empty() && !since.empty() ? since.back() : last; !id.empty()) {
    listener->begin_after(id);
  }
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers = {
      {"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}, {"X-Accel-Buffering", "no"}};
  response.stream = std::make_shared<LiveStream>(std::move(*listener));
  return response;
}

}  // namespace

void add_live_routes(http::Router& router, api::LiveHub& hub) {
  router.add("GET", "/api/v1/live", [&hub](const http::Request& request) { return live(request, hub); });
}

int most_live_listeners(int server_threads) { return std::clamp(server_threads / 2, 1, api::LiveHub::kMostListeners); }

}  // namespace piman::manager
