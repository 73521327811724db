// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "manager/fleet/node.h"

/// When is which node due? Pure: time is passed in.
///
/// Each node has a place in the interval, one of a hundred, made from its name, so that a fleet is asked evenly over
/// time and a restart changes nothing. New nodes are asked sooner, within `first_round`. A node whose scrapes fail and
/// take long (a timeout, or a page without end) is "slow": its pauses double up to max_backoff, and it may be held to a
/// part of the places in flight, so that dead nodes never delay live ones. One good answer puts it back into its place.
namespace piman::manager {

/// How a scrape ended, as far as the plan cares.
enum class ScrapeEnd : std::uint8_t {
  kGood,
  kFailedFast,  ///< refused, a wrong status, a bad page: asking again costs nothing, so the node keeps its interval
  kFailedSlow,  ///< it held a place in flight for long
};
ScrapeEnd scrape_end(ScrapeError error);

class ScrapePlan {
 public:
  struct Settings {
    std::chrono::milliseconds interval{15'000};
    std::chrono::milliseconds max_backoff{120'000};
    std::chrono::milliseconds first_round{1'000};  ///< new nodes are spread over this, or the interval if shorter
  };
  explicit ScrapePlan(const Settings& settings) : settings_(settings) {}

  /// Replaces the nodes. Those that stay with the same address keep their plan.
  void set_hosts(const std::vector<Host>& hosts, SteadyTime now);
  /// The node that has been due for longest and is not in flight; it is in flight from now on. Slow nodes are left out
  /// when not `slow_too`.
  std::optional<Host> take_due(SteadyTime now, bool slow_too);
  /// A node out of turn; nothing when it is unknown or in flight.
  std::optional<Host> take(const std::string& name, SteadyTime now);
  /// When the node is due, or was when it was taken. REQUIRES: has_name().
  SteadyTime due_of(const std::string& name) const;
  /// When take_due() has the next one; nothing when all are in flight.
  std::optional<SteadyTime> next_due(bool slow_too) const;
  /// A node taken by take_due() is done. Ignored when it has left or was replaced in the meantime.
  void finish(const Host& host, ScrapeEnd end, SteadyTime now);
  /// Whether the node is planned with this very address.
  bool has(const Host& host) const;
  bool has_name(const std::string& name) const { return nodes_.contains(name); }
  /// Whether the node counts as slow.
  bool is_slow(const std::string& name) const;
  /// How many nodes have not been scraped once.
  std::size_t unscraped() const { return unscraped_; }

 private:
  struct Node {
    Host host;
    SteadyTime due{};
    bool in_flight = false;
    bool scraped = false;
    unsigned slow_failures = 0;  ///< without a good answer in between
  };
  using Queue = std::set<std::pair<SteadyTime, std::string>>;

  Queue& queue_of(const Node& node) { return node.slow_failures > 0 ? slow_ : ready_; }
  void enqueue(const Node& node) { queue_of(node).emplace(node.due, node.host.name); }
  SteadyTime slot_after(const std::string& name, SteadyTime earliest) const;
  std::chrono::milliseconds pause_of(const Node& node) const;

  Settings settings_;
  std::map<std::string, Node, std::less<>> nodes_;
  Queue ready_;
  Queue slow_;
  std::size_t unscraped_ = 0;
};

}  // namespace piman::manager
