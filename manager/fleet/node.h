// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/event.h"
#include "common/net_types.h"
#include "manager/fleet/health_facts.h"
#include "manager/fleet/phase.h"

/// What the manager knows of one node, as plain values.
namespace piman::manager {

/// One line of the inventory.
struct Host {
  std::string name;  ///< unique; also the value of the `node` label
  Ipv4Address address;
  MacAddress mac;

  bool operator==(const Host&) const = default;
};

/// Why a scrape failed. The text is the metric label, the log word and what tests assert.
enum class ScrapeError : std::uint8_t {
  kNone,
  kTimeout,      ///< connected or not, no whole answer in time
  kRefused,      ///< the host answered that nothing listens
  kUnreachable,  ///< no route, or no host
  kHttpStatus,   ///< answered with something else than 200
  kTooLarge,     ///< more bytes or samples than a page may have
  kMalformed,    ///< not the exposition format, or not the events object
  kTls,          ///< no TLS could be agreed on: a certificate is not trusted, or one is wanted
  kOther,
};
std::string_view to_string(ScrapeError error);
inline constexpr std::size_t kScrapeErrorCount = 9;

/// What one scrape (both /metrics and /events) came to.
struct ScrapeResult {
  WallTime at{};
  std::chrono::duration<double> duration{};
  ScrapeError error = ScrapeError::kNone;
  std::string error_text;      ///< in words; empty when all went well
  bool host_answered = false;  ///< any byte or TCP reset came from the host
  std::size_t body_bytes = 0;
  std::size_t samples = 0;
  std::optional<NodeEvent> event;
  std::optional<double> temperature_celsius;
  std::optional<double> boot_time_seconds;  ///< Unix time
  std::string model;                        ///< empty when the page does not say
  HealthFacts health;
  std::chrono::duration<double> delay{};    ///< how much later than due it began
  std::shared_ptr<const std::string> page;  ///< the /metrics body, kept once for all; null after a failure
  bool page_is_gzip = false;                ///< as it came: compressed
  std::string page_content_type;            ///< what the agent called it
};

/// Pure: what a scrape alone says.
Phase phase_after(const ScrapeResult& result);

/// A phase that a node came into.
struct PhaseSpan {
  Phase phase = Phase::kPending;
  WallTime since{};

  bool operator==(const PhaseSpan&) const = default;
};

struct NodeState {
  Host host;
  Phase phase = Phase::kPending;
  WallTime phase_since{};
  std::string phase_detail;         ///< where it stands in the phase, or why it is in it; may be empty
  std::optional<unsigned> percent;  ///< of the phase's work
  bool stuck = false;               ///< too long in this phase
  std::uint32_t failed_boots = 0;   ///< in a row
  std::shared_ptr<const std::vector<PhaseSpan>> phases;  ///< the last ones, oldest first, the present one last
  std::optional<WallTime> last_seen;                     ///< the last successful scrape
  ScrapeResult last;                                     ///< the last scrape, good or not
  std::optional<NodeEvent> event;                        ///< of the last successful scrape
  std::optional<double> temperature_celsius;
  std::optional<double> boot_time_seconds;
  std::string model;
  HealthFacts health;  ///< of the last successful scrape
  std::uint64_t scrapes = 0;
  std::uint64_t failures = 0;
  std::uint32_t consecutive_failures = 0;
};

/// One point of a chart. NaN where the node did not say.
struct HistoryPoint {
  WallTime at{};
  float cpu_percent, memory_percent, disk_percent, temperature_celsius;
};

}  // namespace piman::manager
