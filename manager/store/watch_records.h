// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// Alerts, silences and messages on their way, as the store keeps them. Plain values; times are Unix milliseconds, 0
/// where there is none. Conditions are words, so that a row outlives a change of the list of conditions.
namespace piman::manager {

/// One condition of one node that fires, or has ceased to a short while ago. Key: node and condition.
struct AlertRecord {
  std::string node;  ///< empty: of the whole site
  std::string condition;
  std::int64_t since_ms = 0;  ///< when it began to be so
  std::int64_t fired_ms = 0;  ///< when it had lasted long enough
  std::int64_t ended_ms = 0;  ///< 0: it fires
  double value = 0, threshold = 0;
  std::string detail;  ///< in words: which file system, what the last scrape came to
  bool told = false;   ///< a message that it fires was put into the queue

  bool operator==(const AlertRecord&) const = default;
};

/// Something to be told to the notifiers whose bits are in `owed`.
struct NoticeRecord {
  enum class Kind : std::uint8_t { kFired, kResolved, kTest };
  std::uint64_t id = 0;
  Kind kind = Kind::kFired;
  std::uint32_t owed = 0;
  std::int64_t at_ms = 0;
  AlertRecord alert;  ///< as it was then

  bool operator==(const NoticeRecord&) const = default;
};

/// No messages about these nodes until then.
struct SilenceRecord {
  std::uint64_t id = 0;
  std::string nodes;       ///< names with a blank between them; "*": every node, also later ones
  std::string conditions;  ///< words with a blank between them; empty: all
  std::int64_t created_ms = 0, expires_ms = 0;
  std::string who, why;

  bool operator==(const SilenceRecord&) const = default;
};

/// A start of a node, on the manager's clock: three of them in half an hour are a boot loop.
struct NodeBootRecord {
  std::string node;
  std::int64_t at_ms = 0;

  bool operator==(const NodeBootRecord&) const = default;
};

/// Rows to be put and to be forgotten, all or none.
struct WatchChanges {
  bool everything = false;  ///< what is not among these rows is forgotten
  std::vector<AlertRecord> alerts;
  std::vector<NoticeRecord> notices;
  std::vector<SilenceRecord> silences;
  std::vector<NodeBootRecord> boots;
  std::vector<std::pair<std::string, std::string>> gone_alerts;  ///< node and condition
  std::vector<std::uint64_t> gone_notices, gone_silences;
  std::vector<NodeBootRecord> gone_boots;

  bool empty() const {
    return !everything && alerts.empty() && notices.empty() && silences.empty() && boots.empty() &&
           gone_alerts.empty() && gone_notices.empty() && gone_silences.empty() && gone_boots.empty();
  }
};

}  // namespace piman::manager
