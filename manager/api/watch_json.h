// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manager/store/watch_records.h"
#include "manager/watch/alert_book.h"
#include "manager/watch/outbox.h"

/// Alerts, silences and notifiers as the API's JSON, both ways. Pure. Times are Unix seconds but in what Prometheus's
/// own alerts API has, where they are RFC 3339.
namespace piman::manager::api {

/// In the shape of Prometheus's /api/v1/alerts, with more keys.
std::string alerts_json(const std::vector<watch::AlertView>& alerts, const std::string& site, WallTime now);
std::string silences_json(const std::vector<SilenceRecord>& silences, WallTime now);
std::string silence_json(const SilenceRecord& silence, WallTime now);
std::string notifiers_json(const std::array<watch::NotifierState, watch::kNotifierCount>& states, WallTime now);
std::string test_json(std::uint64_t id);

/// What POST /api/v1/silences takes. Errors: no JSON, an unknown key, a wrong type or a value that can't be.
struct SilenceRequest {
  std::vector<std::string> nodes;  ///< as they are named on the command line
  std::vector<watch::Condition> conditions;
  std::chrono::milliseconds duration{0};
  std::string by, why;
};
inline constexpr std::chrono::hours kLongestSilence{24 * 365};
Result<SilenceRequest> parse_silence_request(std::string_view json);
std::string silence_request_json(const SilenceRequest& request);

/// What a client reads.
struct AlertEntry {
  std::string node, condition, alert, state, severity, what;
  double since = 0, ended = 0;
  bool silenced = false;
};
struct AlertList {
  double now = 0;
  std::vector<AlertEntry> alerts;
};
Result<AlertList> parse_alerts_json(std::string_view json);

struct SilenceEntry {
  std::uint64_t id = 0;
  std::vector<std::string> nodes, conditions;
  double left_seconds = 0;
  std::string who, why;
};
/// Of one silence, too.
Result<std::vector<SilenceEntry>> parse_silences_json(std::string_view json);

struct NotifierEntry {
  std::string name, error;
  std::uint64_t last_sent_id = 0;
  double queued = 0, next_try_seconds = 0;
};
Result<std::vector<NotifierEntry>> parse_notifiers_json(std::string_view json);
Result<std::uint64_t> parse_test_json(std::string_view json);

}  // namespace piman::manager::api
