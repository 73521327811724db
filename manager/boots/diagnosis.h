// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"
#include "manager/boots/boot.h"
#include "manager/store/records.h"

/// Why a node does not boot, in words, from what was recorded. Pure.
namespace piman::manager {

/// What holds for all nodes.
struct ServiceFacts {
  bool netboot_enabled = false;
  bool is_proxy = false;       ///< another server gives the addresses
  std::string unknown_policy;  ///< "pending", "pool" or "ignore"
  std::string store_error;     ///< why the last lease could not be stored; empty: it could
};

/// What is known of one machine.
struct MachineFacts {
  std::string name;  ///< as people call it: the node's name, or its hardware address
  std::optional<MacAddress> mac;
  bool in_inventory = false;
  bool is_up = false;  ///< its agent answers
  std::optional<PendingHost> pending;
  std::vector<Boot> boots;  ///< newest first
  WallTime now;
};

/// The text is the JSON value and what tests compare.
enum class FindingCode : std::uint8_t {
  kNetbootOff,
  kStoreFailing,
  kNeverSeen,
  kPending,
  kIgnored,
  kNoFreeAddress,
  kWrongNetwork,
  kAddressConflict,
  kUnanswered,
  kRomGaveUp,
  kLinkLate,
  kOtherServer,
  kRefused,
  kOfferNotTaken,
  kNoFileAsked,
  kFileMissing,
  kFileRefused,
  kPrefixCleared,
  kStuckAtBlock,
  kRetransmits,
  kBootLoop,
  kKernelSilent,
  kLocalBoot,
  kInProgress,
  kBooted,
};
std::string_view to_string(FindingCode code);

enum class Severity : std::uint8_t { kGood, kNote, kProblem };
/// "good", "note", "problem".
std::string_view to_string(Severity severity);

struct Finding {
  FindingCode code;
  Severity severity;
  std::string summary;  ///< what was seen
  std::string next;     ///< what to do about it; empty: nothing
};

/// The problems first, in the order in which a boot meets them; never empty.
std::vector<Finding> diagnose(const ServiceFacts& service, const MachineFacts& machine);

}  // namespace piman::manager
