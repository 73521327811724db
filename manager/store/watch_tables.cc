// SPDX-License-Identifier: Apache-2.0
#include "manager/store/watch_tables.h"

#include <string>

#include "manager/store/row_time.h"

namespace piman::manager {
namespace {

using Kind = NoticeRecord::Kind;

/// The columns of an alert from `first` on, as both tables have them.
void bind_alert(Statement& statement, int first, const AlertRecord& alert) {
  statement.bind(first, alert.node)
      .bind(first + 1, alert.condition)
      .bind(first + 2, alert.since_ms)
      .bind(first + 3, alert.fired_ms)
      .bind(first + 4, alert.ended_ms)
      .bind(first + 5, alert.value)
      .bind(first + 6, alert.threshold)
      .bind(first + 7, alert.detail)
      .bind(first + 8, std::int64_t{alert.told ? 1 : 0});
}

AlertRecord alert_at(const Statement& row, int first) {
  AlertRecord alert;
  alert.node = row.text(first);
  alert.condition = row.text(first + 1);
  alert.since_ms = time_ms(row, first + 2);
  alert.fired_ms = time_ms(row, first + 3);
  alert.ended_ms = time_ms(row, first + 4);
  alert.value = row.real(first + 5);
  alert.threshold = row.real(first + 6);
  alert.detail = row.text(first + 7);
  alert.told = row.number(first + 8) != 0;
  return alert;
}

/// Runs `sql` once for each of `values`.
template <class Values, class Bind>
Result<void> run_each(Database& database, const char* sql, const Values& values, const Bind& bind) {
  if (values.empty()) return {};
  auto statement = database.prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  for (const auto& value : values) {
    bind(*statement, value);
    if (auto done = statement->run(); !done) return done;
  }
  return {};
}

template <class Read>
Result<void> read_each(Database& database, const char* sql, const Read& read) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return {};
    read(*statement);
  }
}

void bind_id(Statement& statement, std::uint64_t id) { statement.bind(1, static_cast<std::int64_t>(id)); }

}  // namespace

Result<void> apply_watch_changes(Database& database, const WatchChanges& changes) {
  Result<void> done;
  if (changes.everything) {
    done = database.run("DELETE FROM alerts; DELETE FROM notices; DELETE FROM silences; DELETE FROM node_boots");
  }
  const auto each = [&](const char* sql, const auto& values, const auto& bind) {
    if (done) done = run_each(database, sql, values, bind);
  };
  each(
      "INSERT OR REPLACE INTO alerts (node, condition, since_ms, fired_ms, ended_ms, value, threshold, detail, told) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      changes.alerts, [](Statement& row, const AlertRecord& alert) { bind_alert(row, 1, alert); });
  each(
      "INSERT OR REPLACE INTO notices (id, kind, owed, at_ms, node, condition, since_ms, fired_ms, ended_ms, value, "
      "threshold, detail, told) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      changes.notices, [](Statement& row, const NoticeRecord& notice) {
        row.bind(1, static_cast<std::int64_t>(notice.id))
            .bind(2, static_cast<std::int64_t>(notice.kind))
            .bind(3, std::int64_t{notice.owed})
            .bind(4, notice.at_ms);
        bind_alert(row, 5, notice.alert);
      });
  each(
      "INSERT OR REPLACE INTO silences (id, nodes, conditions, created_ms, expires_ms, who, why) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      changes.silences, [](Statement& row, const SilenceRecord& silence) {
        row.bind(1, static_cast<std::int64_t>(silence.id))
            .bind(2, silence.nodes)
            .bind(3, silence.conditions)
            .bind(4, silence.created_ms)
            .bind(5, silence.expires_ms)
            .bind(6, silence.who)
            .bind(7, silence.why);
      });
  const auto bind_boot = [](Statement& row, const NodeBootRecord& boot) { row.bind(1, boot.node).bind(2, boot.at_ms); };
  each("INSERT OR REPLACE INTO node_boots (node, at_ms) VALUES (?, ?)", changes.boots, bind_boot);
  each("DELETE FROM alerts WHERE node = ? AND condition = ?", changes.gone_alerts,
       [](Statement& row, const auto& key) { row.bind(1, key.first).bind(2, key.second); });
  each("DELETE FROM notices WHERE id = ?", changes.gone_notices, bind_id);
  each("DELETE FROM silences WHERE id = ?", changes.gone_silences, bind_id);
  each("DELETE FROM node_boots WHERE node = ? AND at_ms = ?", changes.gone_boots, bind_boot);
  return done;
}

Result<WatchChanges> load_watch_tables(Database& database) {
  WatchChanges loaded;
  Result<void> done =
      read_each(database,
                "SELECT node, condition, since_ms, fired_ms, ended_ms, value, threshold, detail, told FROM alerts "
                "ORDER BY fired_ms, node, condition",
                [&](const Statement& row) { loaded.alerts.push_back(alert_at(row, 0)); });
  if (done) {
    done = read_each(database,
                     "SELECT id, kind, owed, at_ms, node, condition, since_ms, fired_ms, ended_ms, value, threshold, "
                     "detail, told FROM notices ORDER BY id",
                     [&](const Statement& row) {
                       NoticeRecord notice;
                       notice.id = static_cast<std::uint64_t>(row.number(0));
                       notice.kind = static_cast<Kind>(row.number(1));  // the table takes no other numbers
                       notice.owed = static_cast<std::uint32_t>(row.number(2));
                       notice.at_ms = time_ms(row, 3);
                       notice.alert = alert_at(row, 4);
                       loaded.notices.push_back(std::move(notice));
                     });
  }
  if (done) {
    done =
        read_each(database, "SELECT id, nodes, conditions, created_ms, expires_ms, who, why FROM silences ORDER BY id",
                  [&](const Statement& row) {
                    loaded.silences.push_back({static_cast<std::uint64_t>(row.number(0)), row.text(1), row.text(2),
                                               time_ms(row, 3), time_ms(row, 4), row.text(5), row.text(6)});
                  });
  }
  if (done) {
    done = read_each(database, "SELECT node, at_ms FROM node_boots ORDER BY at_ms, node", [&](const Statement& row) {
      loaded.boots.push_back({row.text(0), time_ms(row, 1)});
    });
  }
  if (!done) return tl::unexpected<Error>(done.error());
  return loaded;
}

}  // namespace piman::manager
