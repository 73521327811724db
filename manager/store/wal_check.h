// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// What SQLite does not say of its journal ("-wal"): it reads that up to the first frame whose sum is wrong, and
/// forgets the rest. After a power cut that is a transaction of which nobody was told; after damage it is also what was
/// told. Pure. Source: sqlite.org/fileformat2.html, section 4 (the write-ahead log).
namespace piman::manager {

/// Whether transactions stand behind the first broken frame that were whole once: each one is on the disk before the
/// next begins, so that only the last one can be torn. REQUIRES: no transaction is acknowledged before it is on the
/// disk.
bool has_lost_transactions(std::string_view wal);

}  // namespace piman::manager
