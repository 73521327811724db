// SPDX-License-Identifier: Apache-2.0
#include "manager/api/event_routes.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/text.h"
#include "manager/api/event_json.h"
#include "manager/api/json.h"

namespace piman::manager {
namespace {

using http::Request;
using http::Response;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMostEvents = 1000;
constexpr std::size_t kUsualEvents = 100;
constexpr std::size_t kMostWords = 64;
/// What a stream takes out of the journal at once: what a slow client may hold of the server's memory.
constexpr std::size_t kStreamEvents = 200;

Response json_response(int status, std::string body) {
  Response response = Response::json(status, std::move(body));
  response.headers = {{"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}};
  return response;
}

Response api_error(int status, std::string_view type, const std::string& message) {
  return json_response(status, api::error_json(type, message));
}

/// Errors name the parameter and its value.
Result<std::optional<std::uint64_t>> number_of(const Request& request, std::string_view name, std::uint64_t least,
                                               std::uint64_t most) {
  const auto values = http::query_values(request.query, name);
  if (values.empty()) return std::optional<std::uint64_t>();
  const auto number = parse_u64(values.back());
  if (!number || *number < least || *number > most) {
    return fail(
        concat("parameter ", name, " is ", quote(values.back()), ", not a whole number from ", least, " to ", most));
  }
  return number;
}

Result<JournalQuery> query_of(const Request& request) {
  constexpr std::uint64_t kMostId = std::uint64_t{1} << 53U;  // beyond it a JSON number is not exact
  JournalQuery query;
  const auto since = number_of(request, "since", 0, kMostId);
  if (!since) return tl::unexpected<Error>(since.error());
  const auto limit = number_of(request, "limit", 1, kMostEvents);
  if (!limit) return tl::unexpected<Error>(limit.error());
  query.since = *since;
  query.most = limit->value_or(kUsualEvents);
  query.kinds = http::query_values(request.query, "kind");
  query.subjects = http::query_values(request.query, "node");
  for (const auto& [name, words] : {std::pair("kind", &query.kinds), std::pair("node", &query.subjects)}) {
    if (words->size() > kMostWords)
      return fail(concat("parameter ", name, " is given more than ", kMostWords, " times"));
  }
  return query;
}

/// Counts itself as long as it lives.
class Place {
 public:
  static std::optional<Place> take(const std::shared_ptr<std::atomic<int>>& taken, int most) {
    if (taken->fetch_add(1) < most) return Place(taken);
    taken->fetch_sub(1);
    return std::nullopt;
  }
  Place(Place&&) = default;
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (taken_) taken_->fetch_sub(1);
  }

 private:
  explicit Place(std::shared_ptr<std::atomic<int>> taken) : taken_(std::move(taken)) {}
  std::shared_ptr<std::atomic<int>> taken_;  // its move leaves none behind
};

/// Server-sent events (the HTML standard, section 9.2).
class EventStream final : public http::BodyStream {
 public:
  EventStream(const Journal& journal, JournalQuery query, milliseconds heartbeat, Place place)
      : journal_(journal), query_(std::move(query)), heartbeat_(heartbeat), place_(std::move(place)) {}

  bool next(std::string& out, milliseconds wait) override {
    if (!has_begun_) {
      // How long a browser waits before it comes back, in milliseconds.
      out += "retry: 2000\n\n";
      has_begun_ = true;
      said_ = steady_clock::now();
    } else if (!is_behind_) {
      const auto quiet = std::chrono::duration_cast<milliseconds>(steady_clock::now() - said_);
      const milliseconds until_heartbeat = std::max(milliseconds(0), heartbeat_ - quiet);
      if (!journal_.wait_beyond(*query_.since, std::min(wait, until_heartbeat))) {
        if (until_heartbeat <= wait) say(out, ": nothing new\n\n");
        return true;
      }
    }
    const auto page = journal_.read(query_);
    if (!page) return false;  // it comes back, and finds the same or better
    for (const JournalEvent& event : page->events) {
      say(out, concat("id: ", event.id, "\ndata: ", api::event_json(event), "\n\n"));
    }
    query_.since = page->next;
    is_behind_ = page->next < page->last;
    return true;
  }

 private:
  void say(std::string& out, std::string_view text) {
    out += text;
    said_ = steady_clock::now();
  }

  const Journal& journal_;
  JournalQuery query_;
  const milliseconds heartbeat_;
  const Place place_;
  bool has_begun_ = false, is_behind_ = true;
  steady_clock::time_point said_{};
};

class EventRoutes {
 public:
  EventRoutes(const Journal& journal, int most_streams, milliseconds heartbeat)
      : journal_(journal), most_streams_(most_streams), heartbeat_(heartbeat) {}

  Response events(const Request& request) const {
    const auto query = query_of(request);
    if (!query) return api_error(400, "bad_data", query.error().message);
    const auto page = journal_.read(*query);
    if (!page) return api_error(503, "unavailable", concat("the journal can't be read: ", page.error().message));
    return json_response(200, api::events_json(*page, std::chrono::system_clock::now()));
  }

  Response stream(const Request& request) const {
    auto query = query_of(request);
    if (!query) return api_error(400, "bad_data", query.error().message);
    // A browser that comes back says where it was; that is newer than what its address says.
    if (const auto last = parse_u64(request.header("Last-Event-ID"))) query->since = *last;
    if (!query->since) query->since = journal_.last_id();
    query->most = kStreamEvents;
    auto place = Place::take(streams_, most_streams_);
    if (!place) {
      Response response = api_error(503, "too_many_streams",
                                    concat(most_streams_,
                                           " clients follow the events already; ask /api/v1/events "
                                           "every few seconds, or raise web.threads"));
      response.headers.emplace_back("Retry-After", "10");
      return response;
    }
    Response response;
    response.content_type = "text/event-stream";
    response.headers = {
        {"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}, {"X-Accel-Buffering", "no"}};
    response.stream = std::make_shared<EventStream>(journal_, std::move(*query), heartbeat_, std::move(*place));
    return response;
  }

 private:
  const Journal& journal_;
  const int most_streams_;
  const milliseconds heartbeat_;
  const std::shared_ptr<std::atomic<int>> streams_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace

void add_event_routes(http::Router& router, const Journal& journal, int server_threads, milliseconds heartbeat) {
  const int most = std::clamp(server_threads / 4, 1, kMostEventStreams);
  const auto routes = std::make_shared<const EventRoutes>(journal, most, heartbeat);
  router.add("GET", "/api/v1/events", [routes](const Request& request) { return routes->events(request); });
  router.add("GET", "/api/v1/events/stream", [routes](const Request& request) { return routes->stream(request); });
}

}  // namespace piman::manager
