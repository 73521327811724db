// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "common/result.h"
#include "manager/store/database.h"
#include "manager/store/order_records.h"

/// Rows of the tables of orders from and to values. Errors: SQLite's. Thread-safety: none.
namespace piman::manager {

class OrderTables {
 public:
  /// `database` must outlive it.
  static Result<OrderTables> prepare(Database& database);

  /// Puts or replaces every row; the caller has begun a transaction.
  Result<void> apply(const OrderChanges& changes);
  /// Everything, oldest first; of installs the newest `most_installs`.
  Result<OrderChanges> load(std::size_t most_installs);
  /// Forgets what is over beyond these numbers, oldest first.
  Result<void> trim(std::size_t most_orders, std::size_t most_installs);

 private:
  explicit OrderTables(Database& database) : database_(&database) {}
  Result<void> put(const RolloutRecord& rollout);
  Result<void> put(const OrderRecord& order);
  Result<void> put(const InstallRecord& install);
  Result<void> put(const CardRecord& card);

  Database* database_;
  Statement put_rollout_, put_order_, put_install_, put_card_;
};

}  // namespace piman::manager
