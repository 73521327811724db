// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/digest.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <optional>
#include <utility>

#include "common/text.h"

namespace piman::watch {
namespace {

using manager::AlertRecord;
using manager::NoticeRecord;
using std::chrono::milliseconds;
using Colour = DigestGroup::Colour;

/// What a node says of itself may be long.
constexpr std::size_t kMostDetailBytes = 160;

std::string shortened(std::string_view text) {
  if (text.size() <= kMostDetailBytes) return std::string(text);
  std::size_t end = kMostDetailBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;  // not in the middle of a letter
  return concat(text.substr(0, end), "...");
}

std::string line_of(const NoticeRecord& notice) {
  const AlertRecord& alert = notice.alert;
  std::string line = alert.node.empty() ? std::string() : concat(alert.node, ": ");
  if (notice.kind == NoticeRecord::Kind::kResolved) {
    line += concat("lasted ", lasting(milliseconds(std::max<std::int64_t>(alert.ended_ms - alert.since_ms, 0))));
    // Else its detail is that of when it began.
    if (alert.detail == "it has left the inventory") line += concat("; ", alert.detail);
    return line;
  }
  const std::string what = describe(alert);
  return line + concat(what, what.empty() ? "" : ", ", "since ", show_time(alert.since_ms));
}

}  // namespace

std::string lasting(milliseconds duration) {
  const std::int64_t seconds = duration.count() / 1000;
  if (seconds < 60) return concat(seconds, " s");
  if (seconds < 3600) return concat(seconds / 60, " min");
  const bool is_days = seconds >= 86'400;
  const std::int64_t large = is_days ? seconds / 86'400 : seconds / 3600;
  const std::int64_t small = is_days ? seconds % 86'400 / 3600 : seconds % 3600 / 60;
  const std::string rest = small == 0 ? std::string() : concat(' ', small, is_days ? " h" : " min");
  return concat(large, is_days ? " d" : " h", rest);
}

std::string show_time(std::int64_t ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "-";
  char text[40];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts)};
}

std::string describe(const AlertRecord& alert) {
  const auto condition = parse_condition(alert.condition);
  if (!condition) return shortened(alert.detail);
  const ConditionWords& words = words_of(*condition);
  std::string text;
  if (words.unit != Unit::kNone) {
    text = show_value(words.unit, alert.value);
    if (!words.reason.empty()) text += concat(' ', words.reason);
    text += concat(" (threshold ", show_value(words.unit, alert.threshold), ')');
  }
  if (!alert.detail.empty()) text += concat(text.empty() ? "" : ", ", shortened(alert.detail));
  return text;
}

std::string headline(Condition condition, const std::vector<std::string>& nodes, bool resolved) {
  const std::string_view state = words_of(condition).state;
  const bool is_site = nodes.size() == 1 && nodes.front().empty();
  const std::string who = is_site             ? std::string("the site")
                          : nodes.size() == 1 ? nodes.front()
                                              : concat(nodes.size(), " nodes");
  return concat(who, resolved ? " no longer " : " ", state);
}

Digest make_digest(const std::string& site, const std::vector<NoticeRecord>& notices) {
  Digest digest;
  digest.site = site;
  std::map<std::pair<std::string, std::string>, std::size_t> last;
  for (std::size_t i = 0; i < notices.size(); ++i) {
    if (notices[i].kind == NoticeRecord::Kind::kTest) {
      digest.is_test = true;
    } else {
      last[{notices[i].alert.node, notices[i].alert.condition}] = i;
    }
  }
  std::string title;
  // What fires first, the gravest in front: the order of the conditions.
  for (const bool resolved : {false, true}) {
    for (std::size_t c = 0; c < kConditionCount; ++c) {
      DigestGroup group;
      group.condition = condition_at(c);
      std::vector<std::string> nodes;
      for (std::size_t i = 0; i < notices.size(); ++i) {
        const NoticeRecord& notice = notices[i];
        const bool is_of_group = notice.kind != NoticeRecord::Kind::kTest &&
                                 (notice.kind == NoticeRecord::Kind::kResolved) == resolved &&
                                 parse_condition(notice.alert.condition) == group.condition;
        if (!is_of_group || last[{notice.alert.node, notice.alert.condition}] != i) continue;
        nodes.push_back(notice.alert.node);
        if (group.lines.size() < Digest::kMostLines) {
          group.lines.push_back(line_of(notice));
        } else {
          ++group.more;
        }
      }
      if (nodes.empty()) continue;
      group.colour = resolved                                                    ? Colour::kGood
                     : words_of(group.condition).severity == Severity::kCritical ? Colour::kCritical
                                                                                 : Colour::kWarning;
      group.title = headline(group.condition, nodes, resolved);
      digest.is_firing = digest.is_firing || !resolved;
      title += concat(title.empty() ? "" : ", ", group.title);
      digest.groups.push_back(std::move(group));
    }
  }
  if (digest.is_test) title += concat(title.empty() ? "" : ", ", "a test: messages of piman arrive here");
  if (!title.empty()) digest.title = concat('[', site, "] ", title);
  return digest;
}

}  // namespace piman::watch
