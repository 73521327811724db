// SPDX-License-Identifier: Apache-2.0
#include "manager/store/tables.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

#include "common/text.h"
#include "manager/store/columns.h"
#include "manager/store/row_time.h"

namespace piman::manager {
namespace {

using netboot::dhcp::Lease;
using netboot::dhcp::LeaseChange;
using netboot::dhcp::LeaseState;

std::int64_t seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}
/// Data as one text: pairs end in one separator, keys in another, which stand in no text of ours.
constexpr char kPairEnd = '\x1e', kKeyEnd = '\x1f';

std::string encoded(const std::vector<std::pair<std::string, std::string>>& data) {
  std::string out;
  const auto append = [&out](std::string_view text, char end) {
    for (const char c : text) out += c == kPairEnd || c == kKeyEnd ? ' ' : c;
    out += end;
  };
  for (const auto& [key, value] : data) {
    append(key, kKeyEnd);
    append(value, kPairEnd);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> decoded(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> data;
  while (!text.empty()) {
    std::string_view pair = next_until(text, kPairEnd);
    const std::string_view key = next_until(pair, kKeyEnd);
    data.emplace_back(key, pair);
  }
  return data;
}

/// Times that no clock can hold come from no clock of ours: they end up at the limits instead of wrapping round, also
/// when they are compared with another.
WallTime time_of(std::int64_t seconds) {
  constexpr auto kMost = std::chrono::duration_cast<std::chrono::seconds>(kFarthestTime);
  return WallTime(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kMost.count())));
}

template <class Number>
std::optional<std::int64_t> widened(const std::optional<Number>& number) {
  return number ? std::optional<std::int64_t>(*number) : std::nullopt;
}
std::optional<std::uint32_t> narrowed(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(static_cast<std::uint32_t>(row.number(column)));
}

Lease lease_of(const Statement& row, const MacAddress& mac) {
  Lease lease;
  lease.address = Ipv4Address(static_cast<std::uint32_t>(row.number(0)));
  lease.mac = mac;
  const auto client_id = row.blob(2);
  lease.client_id.assign(client_id.begin(), client_id.end());
  lease.state = static_cast<LeaseState>(row.number(3));  // the table takes no other numbers
  if (!row.is_null(4)) lease.expires = time_of(row.number(4));
  lease.since = time_of(row.number(5));
  lease.hostname = row.text(6);
  return lease;
}

PendingHost pending_of(const Statement& row, const MacAddress& mac) {
  PendingHost host;
  host.mac = mac;
  host.model = row.text(1);
  host.serial = narrowed(row, 2);
  host.revision = narrowed(row, 3);
  host.first_seen = time_of(row.number(4));
  host.last_seen = time_of(row.number(5));
  host.messages = static_cast<std::uint64_t>(row.number(6));
  host.interface = row.text(7);
  host.address = Ipv4Address(static_cast<std::uint32_t>(row.number(8)));
  return host;
}

/// Every row of `sql`, whose column `mac_column` is a hardware address, by `make(row, mac)`.
template <class Value, class Make>
Result<std::vector<Value>> all_rows(Database& database, const char* sql, int mac_column, const Make& make) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  std::vector<Value> values;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return values;
    const auto mac = mac_of(statement->blob(mac_column));
    if (!mac) return fail("a stored hardware address has not six bytes");
    values.push_back(make(*statement, *mac));
  }
}

}  // namespace

Result<Tables> Tables::prepare(Database& database) {
  Tables tables(database);
  const auto prepared = database.prepare_all({
      {&tables.put_lease_,
       "INSERT OR REPLACE INTO leases (address, mac, client_id, state, expires, since, hostname) "
       "VALUES (?, ?, ?, ?, ?, ?, ?)"},
      {&tables.erase_lease_, "DELETE FROM leases WHERE address = ?"},
      {&tables.put_pending_,
       "INSERT OR REPLACE INTO pending_hosts (mac, model, serial, revision, first_seen, last_seen, messages, "
       "interface, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&tables.erase_pending_, "DELETE FROM pending_hosts WHERE mac = ?"},
      {&tables.put_boot_,
       "INSERT INTO boots (mac, started_ms, data) VALUES (?, ?, ?) "
       "ON CONFLICT (mac, started_ms) DO UPDATE SET data = excluded.data"},
      {&tables.trim_boots_,
       "DELETE FROM boots WHERE mac = ?1 AND started_ms < "
       "(SELECT started_ms FROM boots WHERE mac = ?1 ORDER BY started_ms DESC LIMIT 1 OFFSET ?2)"},
      {&tables.append_,
       "INSERT OR REPLACE INTO journal (id, at_ms, kind, subject, text, data) VALUES (?, ?, ?, ?, ?, ?)"},
      // Both look at the oldest rows only: the journal is long, and this runs with every write.
      {&tables.trim_count_, "DELETE FROM journal WHERE id IN (SELECT id FROM journal ORDER BY id LIMIT ?)"},
      {&tables.trim_age_,
       "DELETE FROM journal WHERE id IN (SELECT id FROM (SELECT id, at_ms FROM journal ORDER BY id LIMIT 500) "
       "WHERE at_ms < ?) AND id < (SELECT max(id) FROM journal)"},
  });
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  return tables;
}

Result<void> Tables::apply(const LeaseChange& change) {
  const Lease& lease = change.lease;
  const std::int64_t address = lease.address.value();
  if (change.kind == LeaseChange::Kind::kErase) return erase_lease_.bind(1, address).run();
  std::optional<std::int64_t> expires;
  if (lease.expires) expires = seconds_of(*lease.expires);
  return put_lease_.bind(1, address)
      .bind(2, lease.mac.bytes())
      .bind(3, std::span<const std::uint8_t>(lease.client_id))
      .bind(4, static_cast<std::int64_t>(lease.state))
      .bind(5, expires)
      .bind(6, seconds_of(lease.since))
      .bind(7, lease.hostname)
      .run();
}

Result<std::vector<Lease>> Tables::leases() {
  return all_rows<Lease>(*database_,
                         "SELECT address, mac, client_id, state, expires, since, hostname FROM leases ORDER BY address",
                         1, lease_of);
}

Result<LeaseCounts> Tables::count_leases(WallTime now) {
  auto statement =
      database_->prepare("SELECT state, expires IS NOT NULL AND expires <= ?, count(*) FROM leases GROUP BY 1, 2");
  if (!statement) return tl::unexpected<Error>(statement.error());
  statement->bind(1, seconds_of(now));
  LeaseCounts counts;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return counts;
    const auto state = static_cast<LeaseState>(statement->number(0));
    const auto count = static_cast<std::uint64_t>(statement->number(2));
    if (state == LeaseState::kReleased) {
      counts.released += count;
    } else if (statement->number(1) != 0) {
      counts.expired += count;
    } else {
      (state == LeaseState::kBound ? counts.bound : counts.declined) += count;
    }
  }
}

Result<void> Tables::put(const PendingHost& host) {
  return put_pending_.bind(1, host.mac.bytes())
      .bind(2, host.model)
      .bind(3, widened(host.serial))
      .bind(4, widened(host.revision))
      .bind(5, seconds_of(host.first_seen))
      .bind(6, seconds_of(host.last_seen))
      .bind(7, static_cast<std::int64_t>(host.messages))
      .bind(8, host.interface)
      .bind(9, std::int64_t{host.address.value()})
      .run();
}

Result<void> Tables::erase_pending(const MacAddress& mac) { return erase_pending_.bind(1, mac.bytes()).run(); }

Result<std::vector<PendingHost>> Tables::pending_hosts() {
  return all_rows<PendingHost>(*database_,
                               "SELECT mac, model, serial, revision, first_seen, last_seen, messages, interface, "
                               "address FROM pending_hosts ORDER BY first_seen, mac",
                               0, pending_of);
}

Result<void> Tables::put(const BootRecord& boot, std::size_t most) {
  auto put = put_boot_.bind(1, boot.mac.bytes())
                 .bind(2, boot.started_ms)
                 .bind(3, std::span<const std::uint8_t>(boot.data))
                 .run();
  if (!put || most == 0) return put;
  return trim_boots_.bind(1, boot.mac.bytes()).bind(2, static_cast<std::int64_t>(most) - 1).run();
}

Result<std::vector<BootRecord>> Tables::boots() {
  return all_rows<BootRecord>(*database_, "SELECT mac, started_ms, data FROM boots ORDER BY started_ms, id", 0,
                              [](const Statement& row, const MacAddress& mac) {
                                const auto data = row.blob(2);
                                return BootRecord{mac, time_ms(row, 1), {data.begin(), data.end()}};
                              });
}

Result<void> Tables::append(const JournalEvent& event) {
  const std::string data = encoded(event.entry.data);
  auto done = append_.bind(1, static_cast<std::int64_t>(event.id))
                  .bind(2, event.entry.at_ms)
                  .bind(3, event.entry.kind)
                  .bind(4, event.entry.subject)
                  .bind(5, event.entry.text)
                  .bind(6, data)
                  .run();
  if (done && journal_rows_) ++*journal_rows_;
  return done;
}

Result<std::vector<JournalEvent>> Tables::journal(const JournalQuery& query, std::uint64_t before) {
  std::string sql = "SELECT id, at_ms, kind, subject, text, data FROM journal WHERE id < ? AND id > ?";
  for (const auto& [column, words] : {std::pair("kind", &query.kinds), std::pair("subject", &query.subjects)}) {
    if (words->empty()) continue;
    sql += concat(" AND ", column, " IN (?");
    for (std::size_t i = 1; i < words->size(); ++i) sql += ", ?";
    sql += ')';
  }
  sql += query.since ? " ORDER BY id LIMIT ?" : " ORDER BY id DESC LIMIT ?";
  auto statement = database_->prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  statement->bind(1, static_cast<std::int64_t>(before)).bind(2, static_cast<std::int64_t>(query.since.value_or(0)));
  int index = 2;
  for (const std::string& word : query.kinds) statement->bind(++index, word);
  for (const std::string& word : query.subjects) statement->bind(++index, word);
  statement->bind(++index, static_cast<std::int64_t>(query.most));
  std::vector<JournalEvent> events;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) break;
    events.push_back({static_cast<std::uint64_t>(statement->number(0)),
                      {time_ms(*statement, 1), statement->text(2), statement->text(3), statement->text(4),
                       decoded(statement->text(5))}});
  }
  if (!query.since) std::reverse(events.begin(), events.end());
  return events;
}

Result<void> Tables::trim_boots(std::size_t most) {
  const std::string sql = concat(
      "DELETE FROM boots WHERE id IN (SELECT id FROM boots ORDER BY started_ms DESC LIMIT -1 OFFSET ", most, ')');
  return database_->run(sql.c_str());
}

Result<void> Tables::trim_journal(std::size_t most, std::int64_t oldest_ms) {
  if (!journal_rows_) {
    const auto rows = database_->number("SELECT count(*) FROM journal");
    if (!rows) return tl::unexpected<Error>(rows.error());
    journal_rows_ = *rows;
  }
  const std::int64_t excess = *journal_rows_ - static_cast<std::int64_t>(most);
  if (excess > 0) {
    if (auto trimmed = trim_count_.bind(1, excess).run(); !trimmed) return trimmed;
    *journal_rows_ -= excess;
  }
  if (auto trimmed = trim_age_.bind(1, oldest_ms).run(); !trimmed) return trimmed;
  const auto aged = database_->number("SELECT changes()");
  if (!aged) return tl::unexpected<Error>(aged.error());
  *journal_rows_ -= *aged;
  return {};
}

}  // namespace piman::manager
