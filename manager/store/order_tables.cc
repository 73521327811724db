// SPDX-License-Identifier: Apache-2.0
#include "manager/store/order_tables.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/text.h"
#include "manager/store/columns.h"
#include "manager/store/row_time.h"

namespace piman::manager {
namespace {

std::uint64_t unsigned_at(const Statement& row, int column) { return static_cast<std::uint64_t>(row.number(column)); }
std::uint32_t small_at(const Statement& row, int column) { return static_cast<std::uint32_t>(row.number(column)); }

/// Every row of `sql`, by `read(row)`.
template <class Value, class Read>
Result<std::vector<Value>> rows_of(Database& database, const std::string& sql, const Read& read) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  std::vector<Value> values;
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return values;
    auto value = read(*statement);
    if (!value) return fail("a stored hardware address has not six bytes");
    values.push_back(std::move(*value));
  }
}

std::optional<RolloutRecord> rollout_of(const Statement& row) {
  RolloutRecord rollout;
  rollout.id = unsigned_at(row, 0);
  rollout.action = static_cast<OrderAction>(row.number(1));  // the table takes no other numbers, here and below
  rollout.state = static_cast<RolloutState>(row.number(2));
  rollout.canary = small_at(row, 3);
  rollout.max_parallel = small_at(row, 4);
  rollout.stop_after_failures = small_at(row, 5);
  rollout.created_ms = time_ms(row, 6);
  rollout.ended_ms = time_ms(row, 7);
  rollout.who = row.text(8);
  rollout.why = row.text(9);
  rollout.detail = row.text(10);
  return rollout;
}

std::optional<OrderRecord> order_of(const Statement& row) {
  const auto mac = mac_of(row.blob(2));
  if (!mac) return std::nullopt;
  OrderRecord order;
  order.id = unsigned_at(row, 0);
  order.rollout = unsigned_at(row, 1);
  order.mac = *mac;
  order.node = row.text(3);
  order.action = static_cast<OrderAction>(row.number(4));
  order.state = static_cast<OrderState>(row.number(5));
  order.power = static_cast<OrderPower>(row.number(6));
  order.forced = row.number(7) != 0;
  order.attempts = small_at(row, 8);
  order.created_ms = time_ms(row, 9);
  order.expires_ms = time_ms(row, 10);
  order.since_ms = time_ms(row, 11);
  order.image = {row.text(12), row.text(13), row.text(14), row.text(15), row.text(16), unsigned_at(row, 17)};
  order.who = row.text(18);
  order.why = row.text(19);
  order.detail = row.text(20);
  return order;
}

std::optional<InstallRecord> install_of(const Statement& row) {
  const auto mac = mac_of(row.blob(2));
  if (!mac) return std::nullopt;
  return InstallRecord{unsigned_at(row, 0), unsigned_at(row, 1), *mac,        row.text(3),     row.text(4),
                       row.text(5),         row.text(6),         row.text(7), time_ms(row, 8), time_ms(row, 9),
                       row.text(10),        row.text(11),        row.text(12)};
}

std::optional<CardRecord> card_of(const Statement& row) {
  const auto mac = mac_of(row.blob(0));
  if (!mac) return std::nullopt;
  return CardRecord{*mac,
                    static_cast<CardRecord::State>(row.number(1)),
                    row.number(2) != 0,
                    time_ms(row, 3),
                    time_ms(row, 4),
                    row.text(5),
                    row.text(6),
                    row.text(7)};
}

}  // namespace

Result<OrderTables> OrderTables::prepare(Database& database) {
  OrderTables tables(database);
  const auto prepared = database.prepare_all({
      {&tables.put_rollout_,
       "INSERT OR REPLACE INTO rollouts (id, action, state, canary, max_parallel, stop_after_failures, created_ms, "
       "ended_ms, who, why, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&tables.put_order_,
       "INSERT OR REPLACE INTO orders (id, rollout, mac, node, action, state, power, forced, attempts, created_ms, "
       "expires_ms, since_ms, image, version, format, sha256, path, size_bytes, who, why, detail) "
       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&tables.put_install_,
       "INSERT OR REPLACE INTO installs (id, order_id, mac, node, cause, image, version, sha256, started_ms, ended_ms, "
       "result, stage, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&tables.put_card_,
       "INSERT OR REPLACE INTO cards (mac, state, was_ever_installed, accepted_ms, installed_ms, image, version, "
       "sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
  });
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  return tables;
}

Result<void> OrderTables::put(const RolloutRecord& rollout) {
  return put_rollout_.bind(1, static_cast<std::int64_t>(rollout.id))
      .bind(2, static_cast<std::int64_t>(rollout.action))
      .bind(3, static_cast<std::int64_t>(rollout.state))
      .bind(4, std::int64_t{rollout.canary})
      .bind(5, std::int64_t{rollout.max_parallel})
      .bind(6, std::int64_t{rollout.stop_after_failures})
      .bind(7, rollout.created_ms)
      .bind(8, rollout.ended_ms)
      .bind(9, rollout.who)
      .bind(10, rollout.why)
      .bind(11, rollout.detail)
      .run();
}

Result<void> OrderTables::put(const OrderRecord& order) {
  return put_order_.bind(1, static_cast<std::int64_t>(order.id))
      .bind(2, static_cast<std::int64_t>(order.rollout))
      .bind(3, order.mac.bytes())
      .bind(4, order.node)
      .bind(5, static_cast<std::int64_t>(order.action))
      .bind(6, static_cast<std::int64_t>(order.state))
      .bind(7, static_cast<std::int64_t>(order.power))
      .bind(8, std::int64_t{order.forced ? 1 : 0})
      .bind(9, std::int64_t{order.attempts})
      .bind(10, order.created_ms)
      .bind(11, order.expires_ms)
      .bind(12, order.since_ms)
      .bind(13, order.image.name)
      .bind(14, order.image.version)
      .bind(15, order.image.format)
      .bind(16, order.image.sha256)
      .bind(17, order.image.path)
      .bind(18, static_cast<std::int64_t>(order.image.size_bytes))
      .bind(19, order.who)
      .bind(20, order.why)
      .bind(21, order.detail)
      .run();
}

Result<void> OrderTables::put(const InstallRecord& install) {
  return put_install_.bind(1, static_cast<std::int64_t>(install.id))
      .bind(2, static_cast<std::int64_t>(install.order))
      .bind(3, install.mac.bytes())
      .bind(4, install.node)
      .bind(5, install.cause)
      .bind(6, install.image)
      .bind(7, install.version)
      .bind(8, install.sha256)
      .bind(9, install.started_ms)
      .bind(10, install.ended_ms)
      .bind(11, install.result)
      .bind(12, install.stage)
      .bind(13, install.reason)
      .run();
}

Result<void> OrderTables::put(const CardRecord& card) {
  return put_card_.bind(1, card.mac.bytes())
      .bind(2, static_cast<std::int64_t>(card.state))
      .bind(3, std::int64_t{card.was_ever_installed ? 1 : 0})
      .bind(4, card.accepted_ms)
      .bind(5, card.installed_ms)
      .bind(6, card.image)
      .bind(7, card.version)
      .bind(8, card.sha256)
      .run();
}

Result<void> OrderTables::apply(const OrderChanges& changes) {
  for (const RolloutRecord& rollout : changes.rollouts) {
    if (auto done = put(rollout); !done) return done;
  }
  for (const OrderRecord& order : changes.orders) {
    if (auto done = put(order); !done) return done;
  }
  for (const InstallRecord& install : changes.installs) {
    if (auto done = put(install); !done) return done;
  }
  for (const CardRecord& card : changes.cards) {
    if (auto done = put(card); !done) return done;
  }
  return {};
}

Result<OrderChanges> OrderTables::load(std::size_t most_installs) {
  OrderChanges all;
  auto rollouts = rows_of<RolloutRecord>(*database_,
                                         "SELECT id, action, state, canary, max_parallel, stop_after_failures, "
                                         "created_ms, ended_ms, who, why, detail FROM rollouts ORDER BY id",
                                         rollout_of);
  if (!rollouts) return tl::unexpected<Error>(rollouts.error());
  auto orders = rows_of<OrderRecord>(
      *database_,
      "SELECT id, rollout, mac, node, action, state, power, forced, attempts, created_ms, expires_ms, since_ms, image, "
      "version, format, sha256, path, size_bytes, who, why, detail FROM orders ORDER BY id",
      order_of);
  if (!orders) return tl::unexpected<Error>(orders.error());
  auto installs = rows_of<InstallRecord>(
      *database_,
      concat("SELECT * FROM (SELECT id, order_id, mac, node, cause, image, version, sha256, started_ms, ended_ms, "
             "result, stage, reason FROM installs ORDER BY id DESC LIMIT ",
             most_installs, ") ORDER BY id"),
      install_of);
  if (!installs) return tl::unexpected<Error>(installs.error());
  auto cards = rows_of<CardRecord>(*database_,
                                   "SELECT mac, state, was_ever_installed, accepted_ms, installed_ms, image, version, "
                                   "sha256 FROM cards ORDER BY mac",
                                   card_of);
  if (!cards) return tl::unexpected<Error>(cards.error());
  all.rollouts = std::move(*rollouts);
  all.orders = std::move(*orders);
  all.installs = std::move(*installs);
  all.cards = std::move(*cards);
  return all;
}

Result<void> OrderTables::trim(std::size_t most_orders, std::size_t most_installs) {
  const auto over = static_cast<int>(OrderState::kDone);
  const std::string sql = concat(
      "DELETE FROM orders WHERE state >= ", over, " AND id <= (SELECT coalesce(max(id), 0) FROM orders) - ",
      most_orders, ";DELETE FROM installs WHERE ended_ms <> 0 AND id <= (SELECT coalesce(max(id), 0) FROM installs) - ",
      most_installs, ";DELETE FROM rollouts WHERE state <> 0 AND id NOT IN (SELECT rollout FROM orders)");
  return database_->run(sql.c_str());
}

}  // namespace piman::manager
