// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "manager/api/live_json.h"
#include "manager/fleet/fleet.h"

/// One look at the fleet a second for all browsers together: what changed is rendered once and shared. Without browsers
/// it does nothing.
/// Thread-safety: all methods may be called from any thread, but for the constructor and the destructor.
namespace piman::manager::api {

/// Something beside the nodes that views show.
struct LiveSource {
  struct State {
    std::uint64_t mark = 0;  ///< another one when something changed
    std::uint64_t count = 0;
  };
  std::string name;
  std::function<State()> look;  ///< called from any thread; must be quick
};

/// Mixes a value into a mark.
std::uint64_t mixed(std::uint64_t mark, std::uint64_t value);
std::uint64_t mixed(std::uint64_t mark, std::string_view text);

class LiveHub {
 public:
  static constexpr int kMostListeners = 64;
  static constexpr std::chrono::milliseconds kTick{1000};
  /// When nothing changes, something is said this often: so a page knows that it is connected.
  static constexpr std::chrono::seconds kHeartbeat{5};

  struct Parts {
    const Fleet& fleet;
    std::function<ServerFacts()> facts;
    std::vector<LiveSource> sources;
  };
  /// `run`: by a thread of its own; else only step() moves it on.
  LiveHub(Parts parts, int most_listeners, bool run = true);
  ~LiveHub();
  LiveHub(const LiveHub&) = delete;
  LiveHub& operator=(const LiveHub&) = delete;

  /// As long as it lives, the hub works for somebody.
  class Listener {
   public:
    explicit Listener(LiveHub& hub) : hub_(&hub) {}
    Listener(Listener&& other) noexcept : hub_(std::exchange(other.hub_, nullptr)) {}
    Listener& operator=(Listener&&) = delete;
    ~Listener() {
      if (hub_ != nullptr) hub_->leave();
    }

    /// Appends what was said after the last call, as server-sent events; waits for it, at most so long. The first time
    /// that is all of the fleet, or what `since` (the id that a browser had last) lacks.
    void read(std::string& out, std::chrono::milliseconds wait) { hub_->read(*this, out, wait); }
    void begin_after(std::string_view id) { since_ = hub_->number_of(id); }

   private:
    friend class LiveHub;
    LiveHub* hub_;
    std::optional<std::uint64_t> since_;
  };
  /// Nothing: there are as many as may be.
  std::optional<Listener> join() PIMAN_EXCLUDES(mutex_, rendering_);

  /// Looks at the fleet once.
  void step(SteadyTime now) PIMAN_EXCLUDES(mutex_, rendering_);
  int listeners() const PIMAN_EXCLUDES(mutex_);

 private:
  using Text = std::shared_ptr<const std::string>;
  struct Frame {
    std::uint64_t id = 0;
    Text text;
  };

  void leave() PIMAN_EXCLUDES(mutex_);
  void read(Listener& listener, std::string& out, std::chrono::milliseconds wait) PIMAN_EXCLUDES(mutex_, rendering_);
  /// Nothing for an id of another run.
  std::optional<std::uint64_t> number_of(std::string_view id) const;
  Text event(std::string_view kind, std::uint64_t id, std::string_view data) const;
  std::vector<LiveTopic> look_at_sources() PIMAN_REQUIRES(rendering_);
  Frame whole() PIMAN_EXCLUDES(mutex_, rendering_);
  void run(const std::stop_token& stop);

  const Parts parts_;
  const int most_listeners_;
  const std::string run_;  ///< in front of ids, so that those of an earlier run are known as such

  Mutex rendering_;  ///< held while JSON is made; before mutex_ where both are needed
  LiveJson json_ PIMAN_GUARDED_BY(rendering_);
  std::vector<LiveTopic> topics_ PIMAN_GUARDED_BY(rendering_);
  std::vector<std::uint64_t> marks_ PIMAN_GUARDED_BY(rendering_);
  Frame whole_ PIMAN_GUARDED_BY(rendering_);

  mutable Mutex mutex_;
  ConditionVariable said_;  ///< a frame, or the first listener
  std::deque<Frame> frames_ PIMAN_GUARDED_BY(mutex_);
  std::size_t frame_bytes_ PIMAN_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_id_ PIMAN_GUARDED_BY(mutex_) = 0;
  SteadyTime said_at_ PIMAN_GUARDED_BY(mutex_){};
  int listeners_ PIMAN_GUARDED_BY(mutex_) = 0;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace piman::manager::api
