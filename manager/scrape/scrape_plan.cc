// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/scrape_plan.h"

#include <algorithm>
#include <string_view>

#include "common/check.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

/// FNV-1a with a final mix: the same on every machine and in every run, unlike std::hash.
std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
  hash ^= hash >> 33U;
  hash *= 0xff51'afd7'ed55'8ccdULL;  // names differ in their last byte only: spread that over all bits
  return hash ^ (hash >> 33U);
}

/// How many places an interval has. Nodes that share one are asked together: a fleet of 1,000 costs a hundred wake-ups
/// a round instead of a thousand, and what they answer comes together, too.
constexpr std::uint64_t kPlaces = 100;

/// A place within `span` that depends on the name alone.
milliseconds offset_within(std::string_view name, milliseconds span) {
  return span * static_cast<milliseconds::rep>(hash_of(name) % kPlaces) / static_cast<milliseconds::rep>(kPlaces);
}

}  // namespace

ScrapeEnd scrape_end(ScrapeError error) {
  switch (error) {
    case ScrapeError::kNone:
      return ScrapeEnd::kGood;
    case ScrapeError::kTimeout:
    case ScrapeError::kUnreachable:
    case ScrapeError::kTooLarge:
      return ScrapeEnd::kFailedSlow;
    case ScrapeError::kRefused:
    case ScrapeError::kHttpStatus:
    case ScrapeError::kMalformed:
    case ScrapeError::kTls:
    case ScrapeError::kOther:
      break;
  }
  return ScrapeEnd::kFailedFast;
}

void ScrapePlan::set_hosts(const std::vector<Host>& hosts, SteadyTime now) {
  std::map<std::string, Node, std::less<>> nodes;
  const milliseconds first_round = std::max(std::min(settings_.first_round, settings_.interval), milliseconds(1));
  for (const Host& host : hosts) {
    const auto old = nodes_.find(host.name);
    if (old != nodes_.end() && old->second.host.address == host.address) {
      Node node = old->second;
      node.host = host;
      nodes.emplace(host.name, std::move(node));
    } else {
      nodes.emplace(host.name, Node{host, now + offset_within(host.name, first_round), false, false, 0});
    }
  }
  nodes_ = std::move(nodes);
  ready_.clear();
  slow_.clear();
  unscraped_ = 0;
  for (const auto& [name, node] : nodes_) {
    if (!node.in_flight) enqueue(node);
    if (!node.scraped) ++unscraped_;
  }
}

std::optional<Host> ScrapePlan::take_due(SteadyTime now, bool slow_too) {
  Queue* queue = nullptr;
  if (!ready_.empty() && ready_.begin()->first <= now) queue = &ready_;
  if (slow_too && !slow_.empty() && slow_.begin()->first <= now &&
      (queue == nullptr || slow_.begin()->first < ready_.begin()->first)) {
    queue = &slow_;
  }
  if (queue == nullptr) return std::nullopt;
  const auto found = nodes_.find(queue->begin()->second);
  PIMAN_CHECK(found != nodes_.end());
  queue->erase(queue->begin());
  found->second.in_flight = true;
  return found->second.host;
}

std::optional<Host> ScrapePlan::take(const std::string& name, SteadyTime now) {
  const auto found = nodes_.find(name);
  if (found == nodes_.end() || found->second.in_flight) return std::nullopt;
  Node& node = found->second;
  queue_of(node).erase({node.due, name});
  node.due = std::min(node.due, now);  // its next turn counts from this one
  node.in_flight = true;
  return node.host;
}

SteadyTime ScrapePlan::due_of(const std::string& name) const {
  const auto found = nodes_.find(name);
  PIMAN_CHECK(found != nodes_.end());
  return found->second.due;
}

std::optional<SteadyTime> ScrapePlan::next_due(bool slow_too) const {
  std::optional<SteadyTime> next;
  if (!ready_.empty()) next = ready_.begin()->first;
  if (slow_too && !slow_.empty()) next = std::min(next.value_or(SteadyTime::max()), slow_.begin()->first);
  return next;
}

/// The first of the node's own places, one each interval, that is not before `earliest`.
SteadyTime ScrapePlan::slot_after(const std::string& name, SteadyTime earliest) const {
  const auto interval = std::chrono::duration_cast<SteadyTime::duration>(settings_.interval);
  const auto offset = std::chrono::duration_cast<SteadyTime::duration>(offset_within(name, settings_.interval));
  auto past = (earliest.time_since_epoch() - offset) % interval;
  if (past < SteadyTime::duration::zero()) past += interval;
  return past == SteadyTime::duration::zero() ? earliest : earliest + (interval - past);
}

milliseconds ScrapePlan::pause_of(const Node& node) const {
  milliseconds pause = settings_.interval;
  const milliseconds most = std::max(settings_.max_backoff, settings_.interval);
  for (unsigned i = 1; i < node.slow_failures && pause < most; ++i) pause *= 2;
  return std::min(pause, most);
}

void ScrapePlan::finish(const Host& host, ScrapeEnd end, SteadyTime now) {
  const auto found = nodes_.find(host.name);
  if (found == nodes_.end() || found->second.host.address != host.address || !found->second.in_flight) return;
  Node& node = found->second;
  const bool first = !node.scraped;
  if (first) --unscraped_;
  node.in_flight = false;
  node.scraped = true;
  if (end == ScrapeEnd::kFailedSlow) {
    ++node.slow_failures;
    // From the time it was due, not from the end of its timeout; but in the future.
    node.due = std::max(node.due + pause_of(node), now);
  } else {
    node.slow_failures = 0;
    // After the first scrape, and back from a pause, the node joins its place: half an interval to one and a half
    // later.
    const SteadyTime earliest = node.due + settings_.interval / 2;
    node.due = slot_after(host.name, std::max(earliest, now));
  }
  enqueue(node);
}

bool ScrapePlan::has(const Host& host) const {
  const auto found = nodes_.find(host.name);
  return found != nodes_.end() && found->second.host.address == host.address;
}

bool ScrapePlan::is_slow(const std::string& name) const {
  const auto found = nodes_.find(name);
  return found != nodes_.end() && found->second.slow_failures > 0;
}

}  // namespace piman::manager
