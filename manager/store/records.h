// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"

/// What the store keeps beside leases, as plain values.
namespace piman::manager {

/// A machine that asked to boot and is not in the inventory.
struct PendingHost {
  MacAddress mac;
  std::string model;  ///< a word of netboot's client model; empty: it did not say
  std::optional<std::uint32_t> serial, revision;
  WallTime first_seen, last_seen;  ///< whole seconds
  std::uint64_t messages = 0;      ///< DHCP messages from it
  std::string interface;           ///< where the last one came in
  Ipv4Address address;             ///< from the pool, when unknown hosts get one; else 0.0.0.0

  bool operator==(const PendingHost&) const = default;
};

/// One boot; manager/boots knows what `data` says.
struct BootRecord {
  MacAddress mac;
  std::int64_t started_ms = 0;  ///< Unix time; with `mac` the key
  std::vector<std::uint8_t> data;
};

/// An entry of the journal: what a person may want to know weeks later.
struct JournalEntry {
  std::int64_t at_ms = 0;  ///< Unix time
  std::string kind;        ///< one word; docs/http_api.md lists them
  std::string subject;     ///< the node's name, or the hardware address of one without
  std::string text;
  std::vector<std::pair<std::string, std::string>> data = {};  ///< the same for programs: who, why, result, ...

  bool operator==(const JournalEntry&) const = default;
};

/// An entry with its place in the journal.
struct JournalEvent {
  std::uint64_t id = 0;
  JournalEntry entry;

  bool operator==(const JournalEvent&) const = default;
};

/// Leases by what they are at one moment.
struct LeaseCounts {
  std::uint64_t bound = 0, expired = 0, released = 0, declined = 0;
};

}  // namespace piman::manager
