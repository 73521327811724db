// SPDX-License-Identifier: Apache-2.0
#include "manager/store/journal.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace piman::manager {
namespace {

constexpr std::size_t kMostWordBytes = 128;
constexpr std::size_t kMostTextBytes = 1000;
constexpr std::size_t kMostData = 16;

void cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return;
  // Not in the middle of a character.
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  text.resize(most);
}

void bound(JournalEntry& entry) {
  cut(entry.kind, kMostWordBytes);
  cut(entry.subject, kMostWordBytes);
  cut(entry.text, kMostTextBytes);
  if (entry.data.size() > kMostData) entry.data.resize(kMostData);
  for (auto& [key, value] : entry.data) {
    cut(key, kMostWordBytes);
    cut(value, kMostTextBytes);
  }
}

bool is_one_of(const std::vector<std::string>& words, const std::string& word) {
  return words.empty() || std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

bool JournalQuery::wants(const JournalEntry& entry) const {
  return is_one_of(kinds, entry.kind) && is_one_of(subjects, entry.subject);
}

Journal::Journal(const JournalSettings& settings, std::uint64_t last_id, JournalArchive* archive)
    : settings_(settings), archive_(archive), last_id_(last_id) {}

void Journal::append(JournalEntry entry) {
  bound(entry);
  JournalEvent event{0, std::move(entry)};
  const std::int64_t oldest = event.entry.at_ms - settings_.longest_age.count();
  {
    const MutexLock lock(mutex_);
    event.id = ++last_id_;
    recent_.push_back(event);
    const std::size_t most = std::min(settings_.most_in_memory, settings_.most_entries);
    while (recent_.size() > most || (recent_.size() > 1 && recent_.front().entry.at_ms < oldest)) recent_.pop_front();
    grown_.notify_all();
  }
  if (archive_ != nullptr) archive_->write(std::move(event));
}

Result<JournalPage> Journal::read(const JournalQuery& asked) const {
  JournalQuery query = asked;
  JournalPage page;
  std::vector<JournalEvent> recent;
  std::uint64_t before = std::numeric_limits<std::int64_t>::max();
  {
    const MutexLock lock(mutex_);
    page.last = last_id_;
    if (!recent_.empty()) before = recent_.front().id;
    if (query.since && *query.since > last_id_) query.since = 0;
    const auto first = std::partition_point(recent_.begin(), recent_.end(), [&](const JournalEvent& event) {
      return query.since && event.id <= *query.since;
    });
    if (query.since) {
      for (auto it = first; it != recent_.end() && recent.size() < query.most; ++it) {
        if (query.wants(it->entry)) recent.push_back(*it);
      }
    } else {
      for (auto it = recent_.rbegin(); it != recent_.rend() && recent.size() < query.most; ++it) {
        if (query.wants(it->entry)) recent.push_back(*it);
      }
      std::reverse(recent.begin(), recent.end());
    }
  }
  const bool memory_has_all =
      query.since ? *query.since >= page.last || *query.since + 1 >= before : recent.size() >= query.most;
  if (archive_ != nullptr && !memory_has_all) {
    JournalQuery older = query;
    if (!query.since) older.most -= recent.size();
    auto events = archive_->read(older, before);
    if (!events) return tl::unexpected<Error>(events.error());
    page.events = std::move(*events);
  }
  const std::size_t room = query.most - std::min(query.most, page.events.size());
  const bool is_cut = query.since && recent.size() >= room;
  recent.resize(std::min(recent.size(), room));
  page.events.insert(page.events.end(), std::make_move_iterator(recent.begin()), std::make_move_iterator(recent.end()));
  page.next = is_cut && !page.events.empty() ? page.events.back().id : page.last;
  return page;
}

std::uint64_t Journal::last_id() const {
  const MutexLock lock(mutex_);
  return last_id_;
}

bool Journal::wait_beyond(std::uint64_t id, std::chrono::milliseconds most) const {
  const MutexLock lock(mutex_);
  const auto has_grown = [this, id]() PIMAN_REQUIRES(mutex_) { return last_id_ > id; };
  return grown_.wait_for(mutex_, most, has_grown);
}

}  // namespace piman::manager
