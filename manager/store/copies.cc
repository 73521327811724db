// SPDX-License-Identifier: Apache-2.0
#include "manager/store/copies.h"

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "common/text.h"
#include "manager/store/database.h"
#include "manager/store/inspect.h"
#include "manager/store/order_records.h"
#include "manager/store/schema.h"

namespace piman::manager {
namespace {

constexpr std::string_view kWithdrawn = "it was open when the backup was made: give it again if it is still wanted";

Result<void> tell(Database& database, const std::string& origin, std::size_t withdrawn, WallTime now) {
  const auto last = database.number("SELECT coalesce(max(id), 0) FROM journal");
  if (!last) return tl::unexpected<Error>(last.error());
  auto entry = database.prepare("INSERT INTO journal (id, at_ms, kind, subject, text) VALUES (?, ?, 'store', '', ?)");
  if (!entry) return tl::unexpected<Error>(entry.error());
  const std::string text = concat("restored from ", origin, "; ", withdrawn, " orders that were open are withdrawn");
  const auto at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  return entry->bind(1, last_id_after_loss(*last, now))
      .bind(2, std::int64_t{at_ms})
      .bind(3, std::string_view(text))
      .run();
}

}  // namespace

Result<std::size_t> withdraw_open_orders(Database& database, std::string_view why, WallTime now) {
  const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const auto open = database.number("SELECT count(*) FROM orders WHERE state < 4");
  if (!open) return tl::unexpected<Error>(open.error());
  auto orders = database.prepare("UPDATE orders SET state = ?, since_ms = ?, detail = ? WHERE state < ?");
  if (!orders) return tl::unexpected<Error>(orders.error());
  if (auto done = orders->bind(1, static_cast<std::int64_t>(OrderState::kWithdrawn))
                      .bind(2, now_ms)
                      .bind(3, why)
                      .bind(4, static_cast<std::int64_t>(OrderState::kDone))
                      .run();
      !done)
    return tl::unexpected<Error>(done.error());
  auto rollouts = database.prepare("UPDATE rollouts SET state = ?, ended_ms = ?, detail = ? WHERE state = ?");
  if (!rollouts) return tl::unexpected<Error>(rollouts.error());
  if (auto done = rollouts->bind(1, static_cast<std::int64_t>(RolloutState::kWithdrawn))
                      .bind(2, now_ms)
                      .bind(3, why)
                      .bind(4, static_cast<std::int64_t>(RolloutState::kRunning))
                      .run();
      !done)
    return tl::unexpected<Error>(done.error());
  return static_cast<std::size_t>(*open);
}

Result<void> copy_store(const std::string& folder, const std::string& path) {
  const std::string from = database_in(folder);
  auto database = Database::open(from, Database::Mode::kExisting);
  if (!database) return fail_with("opening the database", database.error());
  const auto application = database->number("PRAGMA application_id");
  if (!application) return tl::unexpected<Error>(application.error());
  if (*application != kApplicationId) return fail(concat(from, ": is not a database of piman"));
  if (auto copied = database->copy_to(path); !copied) return copied;
  ::chmod(path.c_str(), 0600);
  // An index that does not match its table is left out of no copy.
  auto copy = Database::open(path, Database::Mode::kExisting);
  if (!copy) return tl::unexpected<Error>(copy.error());
  const auto verdict = copy->check(std::chrono::minutes(10));
  if (!verdict) return tl::unexpected<Error>(verdict.error());
  if (!*verdict || **verdict != "ok")
    return fail(concat(from, ": is damaged: ", verdict->value_or("it takes too long")));
  return {};
}

Result<RevivedCopy> revive_copy(const std::string& path, const std::string& origin, WallTime now) {
  auto database = open_database(path);
  if (!database) return tl::unexpected<Error>(database.error());
  RevivedCopy revived;
  Result<void> done = database->run("PRAGMA synchronous=FULL");
  if (done) done = database->begin();
  if (!done) return tl::unexpected<Error>(done.error());
  const auto withdrawn = withdraw_open_orders(*database, kWithdrawn, now);
  if (!withdrawn) return tl::unexpected<Error>(withdrawn.error());
  revived.withdrawn_orders = *withdrawn;
  done = tell(*database, origin, revived.withdrawn_orders, now);
  if (done) done = database->commit();
  if (!done) return tl::unexpected<Error>(done.error());
  return revived;
}

}  // namespace piman::manager
