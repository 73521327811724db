// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "manager/store/order_records.h"
#include "manager/store/records.h"

/// What the journal says of orders and installs: a line for people, and the same for programs. Pure.
namespace piman::manager {

/// It was given, and is not begun.
JournalEntry order_given(const OrderRecord& order, std::int64_t at_ms);
/// It came into a state in which nothing more happens to it.
JournalEntry order_ended(const OrderRecord& order, std::int64_t at_ms);
/// From here on the node's card is written.
JournalEntry install_begun(const InstallRecord& install, const OrderRecord& order, std::int64_t at_ms);
/// `order` is that of the install; null: it is not remembered.
JournalEntry install_ended(const InstallRecord& install, const OrderRecord* order, std::int64_t at_ms);

}  // namespace piman::manager
