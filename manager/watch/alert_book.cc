// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/alert_book.h"

#include <algorithm>
#include <utility>

#include "common/text.h"

namespace piman::watch {
namespace {

using manager::AlertRecord;
using manager::NodeBootRecord;
using manager::NoticeRecord;
using manager::SilenceRecord;
using manager::WatchChanges;

/// More starts than these in half an hour say nothing new.
constexpr std::size_t kMostBoots = 64;

AlertRecord record_of(const std::string& node, const Alert& alert) {
  AlertRecord record;
  record.node = node;
  record.condition = to_string(alert.condition);
  record.since_ms = to_ms(alert.since);
  record.fired_ms = to_ms(alert.fired);
  record.ended_ms = to_ms(alert.ended);
  record.value = alert.value;
  record.threshold = alert.threshold;
  record.detail = alert.detail;
  record.told = alert.told;
  return record;
}

}  // namespace

std::int64_t to_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
/// Rows may say what no clock can hold; it is then the farthest that one of ours goes.
WallTime from_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(std::clamp<std::int64_t>(ms, 0, kFarthestTime.count())));
}

void AlertBook::restore(const WatchChanges& stored) {
  for (const AlertRecord& record : stored.alerts) {
    const auto condition = parse_condition(record.condition);
    if (!condition) continue;  // a word of another version
    Alert alert;
    alert.condition = *condition;
    alert.state.state = record.ended_ms == 0 ? AlertState::kFiring : AlertState::kResolved;
    alert.since = from_ms(record.since_ms);
    alert.fired = from_ms(record.fired_ms);
    alert.ended = from_ms(record.ended_ms);
    alert.value = record.value;
    alert.threshold = record.threshold;
    alert.detail = record.detail;
    alert.told = record.told;
    nodes_[record.node].alerts.push_back(std::move(alert));
  }
  for (const NodeBootRecord& boot : stored.boots) nodes_[boot.node].boots.push_back(boot.at_ms);
  for (const SilenceRecord& silence : stored.silences) {
    silences_.push_back(silence_of(silence));
    last_silence_ = std::max(last_silence_, silence.id);
  }
  for (const NoticeRecord& each : stored.notices) last_notice_ = std::max(last_notice_, each.id);
}

const Rules& AlertBook::rules_of(const std::string& node) {
  const bool has_own = std::any_of(config_.overrides.begin(), config_.overrides.end(), [&](const Override& each) {
    return std::find(each.nodes.begin(), each.nodes.end(), node) != each.nodes.end();
  });
  if (!has_own) return config_.rules;
  const auto [entry, is_new] = rules_.try_emplace(node);
  if (is_new) entry->second = rules_for(config_, node);
  return entry->second;
}

void AlertBook::observe(const std::string& node, NodeFacts facts, std::optional<WallTime> booted, Moment now,
                        WatchChanges& out) {
  NodeWatch& watch = nodes_[node];
  const Rules& rules = rules_of(node);
  facts.boots = count_boots(node, watch, facts, booted, now, out);
  for (std::size_t i = 0; i < kNodeConditionCount; ++i) {
    const Condition condition = condition_at(i);
    look(node, watch, condition, piman::watch::observe(condition, facts, rules[i]), rules[i], now, out);
  }
}

void AlertBook::observe_site(Condition condition, bool bad, std::string_view detail, Moment now, WatchChanges& out) {
  const Rule& rule = config_.rules[index_of(condition)];
  const Observation seen{bad ? Reading::kBad : Reading::kGood, bad ? 1.0 : 0.0, detail};
  look({}, nodes_[std::string()], condition, seen, rule, now, out);
}

void AlertBook::look(const std::string& node, NodeWatch& watch, Condition condition, const Observation& seen,
                     const Rule& rule, Moment now, WatchChanges& out) {
  auto found = std::find_if(watch.alerts.begin(), watch.alerts.end(),
                            [&](const Alert& alert) { return alert.condition == condition; });
  if (found == watch.alerts.end()) {
    if (seen.reading != Reading::kBad) return;  // nearly always
    watch.alerts.emplace_back();
    found = watch.alerts.end() - 1;
    found->condition = condition;
  }
  Alert& alert = *found;
  const auto good_since = alert.state.good_since.value_or(now.steady);
  const AlertState before = alert.state.state;
  const Turn turn = advance(alert.state, seen.reading, rule, config_.resolve_after, now.steady);
  const bool is_bad = alert.state.state == AlertState::kPending || alert.state.state == AlertState::kFiring;
  if (is_bad && seen.reading == Reading::kBad) {
    const bool is_anew = before == AlertState::kOk || before == AlertState::kResolved;
    if (is_anew) {
      if (before == AlertState::kResolved && turn != Turn::kFired) {
        out.gone_alerts.emplace_back(node, to_string(condition));  // what is pending has no row
      }
      alert.since = now.wall;
      alert.fired = alert.ended = {};
      alert.told = false;
    }
    alert.value = seen.value;
    alert.threshold = rule.threshold;
    alert.detail = seen.detail;
  }
  if (turn == Turn::kFired) {
    alert.fired = now.wall;
    out.alerts.push_back(record_of(node, alert));  // settle() tells it
  } else if (turn == Turn::kResolved) {
    resolve(node, alert, now.wall - std::chrono::duration_cast<WallTime::duration>(now.steady - good_since), now, out);
  } else if (alert.state.state == AlertState::kOk) {
    watch.alerts.erase(found);
  }
}

void AlertBook::resolve(const std::string& node, Alert& alert, WallTime ended, Moment now, WatchChanges& out) {
  alert.state.state = AlertState::kResolved;
  alert.ended = std::max(ended, alert.fired);
  out.alerts.push_back(record_of(node, alert));
  // Who was never told that it fired needs no word that it does not.
  if (alert.told) notice(NoticeRecord::Kind::kResolved, out.alerts.back(), now, out);
}

void AlertBook::notice(NoticeRecord::Kind kind, const AlertRecord& alert, Moment now, WatchChanges& out) {
  if (owed_ == 0) return;
  NoticeRecord record;
  record.id = ++last_notice_;
  record.kind = kind;
  record.owed = owed_;
  record.at_ms = to_ms(now.wall);
  record.alert = alert;
  out.notices.push_back(std::move(record));
}

double AlertBook::count_boots(const std::string& node, NodeWatch& watch, const NodeFacts& facts,
                              std::optional<WallTime> booted, Moment now, WatchChanges& out) {
  // A boot that comes to nothing shows when the next one begins. So each start but the last is counted here, and the
  // last one when the node is up.
  const bool has_failed = facts.failed_boots > watch.failed_boots;
  watch.failed_boots = facts.failed_boots;
  if (has_failed && !booted) booted = now.wall;
  const std::int64_t oldest = to_ms(now.wall - kBootWindow);
  const bool is_new =
      booted && (watch.boots.empty() || is_new_boot(from_ms(watch.boots.back()), *booted)) && *booted <= now.wall;
  if (is_new && watch.boots.size() < kMostBoots) {
    // One that was long ago is kept too, as what the next one is compared with; but needs no row.
    watch.boots.push_back(to_ms(*booted));
    if (watch.boots.back() >= oldest) out.boots.push_back({node, watch.boots.back()});
  }
  // The last one stays, for the same reason.
  while (watch.boots.size() > 1 && watch.boots.front() < oldest) {
    out.gone_boots.push_back({node, watch.boots.front()});
    watch.boots.erase(watch.boots.begin());
  }
  return static_cast<double>(
      std::count_if(watch.boots.begin(), watch.boots.end(), [&](std::int64_t at) { return at >= oldest; }));
}

bool AlertBook::has_timers(const std::string& node) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return true;
  const NodeWatch& watch = found->second;
  // A boot loop ends by time alone.
  return std::any_of(watch.alerts.begin(), watch.alerts.end(), [](const Alert& alert) {
    return alert.state.has_timer() ||
           (alert.condition == Condition::kBootLoop && alert.state.state == AlertState::kFiring);
  });
}

void AlertBook::keep_only(const std::function<bool(std::string_view node)>& is_there, Moment now, WatchChanges& out) {
  for (auto entry = nodes_.begin(); entry != nodes_.end();) {
    const auto& [name, watch] = *entry;
    if (name.empty() || is_there(name)) {
      ++entry;
      continue;
    }
    for (Alert& alert : entry->second.alerts) {
      if (alert.state.state == AlertState::kFiring) {
        alert.detail = "it has left the inventory";
        resolve(name, alert, now.wall, now, out);
        out.alerts.pop_back();  // no row of a node that is not there: only the message is left
      }
      out.gone_alerts.emplace_back(name, to_string(alert.condition));
    }
    for (const std::int64_t at : watch.boots) out.gone_boots.push_back({name, at});
    rules_.erase(name);
    entry = nodes_.erase(entry);
  }
}

void AlertBook::settle(Moment now, WatchChanges& out) {
  std::erase_if(silences_, [&](const Silence& silence) {
    if (from_ms(silence.record.expires_ms) > now.wall) return false;
    out.gone_silences.push_back(silence.record.id);
    return true;
  });
  for (auto& [name, watch] : nodes_) {
    for (auto alert = watch.alerts.begin(); alert != watch.alerts.end();) {
      if (alert->state.state == AlertState::kFiring && !alert->told && owed_ != 0 &&
          !is_silenced(name, alert->condition, now.wall)) {
        alert->told = true;
        out.alerts.push_back(record_of(name, *alert));
        notice(NoticeRecord::Kind::kFired, out.alerts.back(), now, out);
      }
      const bool is_old =
          alert->state.state == AlertState::kResolved &&
          (now.wall - alert->ended > kKeepResolved || alert->ended > now.wall + kKeepResolved);  // the clock jumped
      if (is_old) {
        out.gone_alerts.emplace_back(name, to_string(alert->condition));
        alert = watch.alerts.erase(alert);
      } else {
        ++alert;
      }
    }
  }
}

std::uint64_t AlertBook::add_test(Moment now, WatchChanges& out) {
  notice(NoticeRecord::Kind::kTest, {}, now, out);
  return last_notice_;
}

AlertBook::Silence AlertBook::silence_of(const SilenceRecord& record) {
  Silence silence{record, {}, false, record.conditions.empty(), {}};
  std::string_view rest = record.nodes;
  while (!rest.empty()) {
    const std::string_view name = next_until(rest, ' ');
    if (name == "*") silence.all_nodes = true;
    silence.nodes.emplace(name);
  }
  rest = record.conditions;
  while (!rest.empty()) {
    if (const auto condition = parse_condition(next_until(rest, ' '))) silence.conditions.insert(*condition);
  }
  return silence;
}

std::optional<SilenceRecord> AlertBook::add_silence(SilenceRecord wanted, WatchChanges& out) {
  if (silences_.size() >= kMostSilences) return std::nullopt;
  wanted.id = ++last_silence_;
  silences_.push_back(silence_of(wanted));
  out.silences.push_back(wanted);
  return wanted;
}

bool AlertBook::end_silence(std::uint64_t id, WatchChanges& out) {
  const auto ended = std::erase_if(silences_, [id](const Silence& silence) { return silence.record.id == id; });
  if (ended > 0) out.gone_silences.push_back(id);
  return ended > 0;
}

std::vector<SilenceRecord> AlertBook::silences() const {
  std::vector<SilenceRecord> records;
  for (const Silence& silence : silences_) records.push_back(silence.record);
  return records;
}

bool AlertBook::is_silenced(std::string_view node, Condition condition, WallTime now) const {
  return std::any_of(silences_.begin(), silences_.end(), [&](const Silence& silence) {
    return (silence.all_nodes || silence.nodes.contains(node)) &&
           (silence.all_conditions || silence.conditions.contains(condition)) &&
           from_ms(silence.record.expires_ms) > now;
  });
}

std::vector<std::string_view> AlertBook::firing(const std::string& node) const {
  std::vector<std::string_view> words;
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return words;
  for (const Alert& alert : found->second.alerts) {
    if (alert.state.state == AlertState::kFiring) words.push_back(to_string(alert.condition));
  }
  return words;
}

std::vector<AlertView> AlertBook::alerts(WallTime now) const {
  std::vector<AlertView> views;
  for (const auto& [name, watch] : nodes_) {
    for (const Alert& alert : watch.alerts) {
      views.push_back({record_of(name, alert), alert.state.state, is_silenced(name, alert.condition, now)});
    }
  }
  std::stable_sort(views.begin(), views.end(), [](const AlertView& a, const AlertView& b) {
    return parse_condition(a.alert.condition) < parse_condition(b.alert.condition);
  });
  return views;
}

void AlertBook::add_rows(WatchChanges& out) const {
  for (const auto& [name, watch] : nodes_) {
    for (const Alert& alert : watch.alerts) {
      if (alert.state.state != AlertState::kPending) out.alerts.push_back(record_of(name, alert));
    }
    for (const std::int64_t at : watch.boots) out.boots.push_back({name, at});
  }
  for (const Silence& silence : silences_) out.silences.push_back(silence.record);
}

std::vector<AlertRecord> AlertBook::told() const {
  std::vector<AlertRecord> records;
  for (const auto& [name, watch] : nodes_) {
    for (const Alert& alert : watch.alerts) {
      if (alert.state.state == AlertState::kFiring && alert.told) records.push_back(record_of(name, alert));
    }
  }
  return records;
}

}  // namespace piman::watch
