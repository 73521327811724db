// SPDX-License-Identifier: Apache-2.0
#include "manager/api/live_hub.h"

#include <algorithm>
#include <utility>

#include "common/text.h"

namespace piman::manager::api {
namespace {

/// What is kept for browsers that were away for a moment; whoever was away for longer gets all of the fleet.
constexpr std::size_t kMostFrames = 120;
constexpr std::size_t kMostFrameBytes = 8UL * 1024 * 1024;

}  // namespace

std::uint64_t mixed(std::uint64_t mark, std::uint64_t value) {
  constexpr std::uint64_t kPrime = 0x100000001b3;  // FNV-1a, by words
  return (mark ^ value) * kPrime;
}
std::uint64_t mixed(std::uint64_t mark, std::string_view text) {
  for (const char c : text) mark = mixed(mark, static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  return mixed(mark, text.size());
}

LiveHub::LiveHub(Parts parts, int most_listeners, bool run)
    : parts_(std::move(parts)),
      most_listeners_(most_listeners),
      run_(concat(
          std::chrono::duration_cast<std::chrono::milliseconds>(parts_.facts().started.time_since_epoch()).count())) {
  if (run) thread_ = std::jthread([this](const std::stop_token& stop) { this->run(stop); });
}

LiveHub::~LiveHub() = default;

void LiveHub::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      const MutexLock lock(mutex_);
      const auto has_listeners = [this]() PIMAN_REQUIRES(mutex_) { return listeners_ > 0; };
      if (!said_.wait(mutex_, stop, has_listeners)) return;
    }
    step(std::chrono::steady_clock::now());
    {
      const MutexLock lock(mutex_);
      const auto never = [] { return false; };
      said_.wait_until(mutex_, stop, std::chrono::steady_clock::now() + kTick, never);
    }
    const MutexLock rendering(rendering_);
    if (listeners() > 0) continue;
    json_.forget();
    whole_ = {};
  }
}

std::vector<LiveTopic> LiveHub::look_at_sources() {
  topics_.resize(parts_.sources.size());
  marks_.resize(parts_.sources.size());
  for (std::size_t i = 0; i < parts_.sources.size(); ++i) {
    const LiveSource::State state = parts_.sources[i].look();
    LiveTopic& topic = topics_[i];
    if (topic.version == 0 || marks_[i] != state.mark) ++topic.version;
    marks_[i] = state.mark;
    topic.name = parts_.sources[i].name;
    topic.count = state.count;
  }
  return topics_;
}

void LiveHub::step(SteadyTime now) {
  const MutexLock rendering(rendering_);
  const ServerFacts facts = parts_.facts();
  LiveJson::Told told = json_.look(*parts_.fleet.snapshot(), facts, look_at_sources());
  const MutexLock lock(mutex_);
  if (told.kind == LiveJson::Told::Kind::kNothing) {
    if (now - said_at_ < kHeartbeat) return;
    told.kind = LiveJson::Told::Kind::kChange;
    told.data = concat("{\"now\":", unix_seconds(facts.now), '}');
  }
  said_at_ = now;
  const bool is_fleet = told.kind == LiveJson::Told::Kind::kFleet;
  Frame frame{++last_id_, event(is_fleet ? "fleet" : "change", last_id_, told.data)};
  frame_bytes_ += frame.text->size();
  frames_.push_back(std::move(frame));
  while (frames_.size() > kMostFrames || (frame_bytes_ > kMostFrameBytes && frames_.size() > 1)) {
    frame_bytes_ -= frames_.front().text->size();
    frames_.pop_front();
  }
  said_.notify_all();
}

LiveHub::Text LiveHub::event(std::string_view kind, std::uint64_t id, std::string_view data) const {
  return std::make_shared<const std::string>(
      concat("event: ", kind, "\nid: ", run_, '-', id, "\ndata: ", data, "\n\n"));
}

std::optional<std::uint64_t> LiveHub::number_of(std::string_view id) const {
  const std::size_t dash = id.find('-');
  if (dash == std::string_view::npos || id.substr(0, dash) != run_) return std::nullopt;
  return parse_u64(id.substr(dash + 1));
}

LiveHub::Frame LiveHub::whole() {
  const MutexLock rendering(rendering_);
  std::uint64_t id = 0;
  {
    const MutexLock lock(mutex_);
    id = last_id_;
  }
  // Only step() gives ids, and it renders under the same lock: this is the fleet as of that id.
  if (!whole_.text || whole_.id != id) whole_ = {id, event("fleet", id, json_.whole())};
  return whole_;
}

std::optional<LiveHub::Listener> LiveHub::join() {
  bool is_first = false;
  {
    const MutexLock lock(mutex_);
    if (listeners_ >= most_listeners_) return std::nullopt;
    is_first = listeners_++ == 0;
    if (is_first) said_.notify_all();
  }
  // What was told last may be long ago: while nobody listened, nobody looked.
  if (is_first) step(std::chrono::steady_clock::now());
  return Listener(*this);
}

void LiveHub::leave() {
  const MutexLock lock(mutex_);
  if (--listeners_ > 0) return;
  frames_.clear();  // whoever comes back later would miss what nobody looked at
  frame_bytes_ = 0;
}

int LiveHub::listeners() const {
  const MutexLock lock(mutex_);
  return listeners_;
}

void LiveHub::read(Listener& listener, std::string& out, std::chrono::milliseconds wait) {
  bool needs_whole = !listener.since_;
  if (!needs_whole) {
    const MutexLock lock(mutex_);
    const std::uint64_t since = *listener.since_;
    const auto is_new = [this, since]() PIMAN_REQUIRES(mutex_) { return last_id_ != since; };
    if (!said_.wait_for(mutex_, wait, is_new)) return;
    needs_whole = frames_.empty() || since > last_id_ || since + 1 < frames_.front().id;
    for (const Frame& frame : frames_) {
      if (!needs_whole && frame.id > since) out += *frame.text;
    }
    if (!needs_whole) listener.since_ = last_id_;
  }
  if (!needs_whole) return;
  const Frame all = whole();
  out += *all.text;
  listener.since_ = all.id;
}

}  // namespace piman::manager::api
