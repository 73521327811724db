// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/result.h"

/// What becomes of a damaged database: it is set aside, whole, under a name of its own, and a new one takes its place.
/// Only what can make piman more careful is taken over: leases, by which no address is given twice, and the cards that
/// an install left half written. Never an order: what formats cards and switches power is not made of doubtful bytes.
/// Nodes and their addresses are in the inventory, and are there again by themselves.
namespace piman::manager {

/// What was done about a damaged database.
struct Recovery {
  std::string damage;     ///< what was wrong, in words
  std::string set_aside;  ///< where the damaged file is now; "-wal" and "-shm" beside it, where there were some
  std::size_t leases = 0, broken_cards = 0;  ///< taken over
  /// Orders that were open, as far as they could be read, and are not any more: "restart of pi7".
  std::vector<std::string> forgotten_orders;
};

/// More damaged files than these are the work of a disk that keeps nothing: it is not filled with them.
inline constexpr std::size_t kMostSetAside = 8;

/// Sets the database at `path` aside and makes a new one there, so that a crash at any point leaves the old one, the
/// new one, or what finish_recovery() makes whole. Errors: the disk's; there are kMostSetAside already.
Result<Recovery> replace_damaged(const std::string& path, std::string damage, WallTime now);

/// Goes on where a crash interrupted replace_damaged(). REQUIRES: there is no file at `path`.
Result<void> finish_recovery(const std::string& path);

/// How many files are set aside beside `path`.
std::size_t count_set_aside(const std::string& path);

}  // namespace piman::manager
