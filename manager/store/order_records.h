// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/net_types.h"

/// Orders as the store keeps them: who asked for what to be done to which node, and what came of it. Plain values;
/// times are Unix milliseconds, 0 where there is none.
namespace piman::manager {

/// What is to be done to a node. The text is the API's word, the metric label and the word in the journal.
enum class OrderAction : std::uint8_t {
  kReinstall,
  kRestart,
  kPowerOn,
  kPowerOff,
  kFirst,       ///< made by the first install of an accepted node itself
  kAutoFormat,  ///< made by an install under install.auto_format: always
};
inline constexpr std::size_t kOrderActionCount = 6;
/// "reinstall", "restart", "power_on", "power_off", "first", "auto_format".
std::string_view to_string(OrderAction action);
bool is_install(OrderAction action);

/// How an order stands. The text is the API's word.
enum class OrderState : std::uint8_t {
  kWaiting,     ///< its turn has not come
  kOpen,        ///< to be acted on: its node is switched, or expected to ask for its install
  kInstalling,  ///< an install of it has begun
  kChecking,    ///< switched or installed: its node must show that it is well
  kDone,
  kFailed,
  kExpired,
  kWithdrawn,
};
inline constexpr std::size_t kOrderStateCount = 8;
std::string_view to_string(OrderState state);
/// Nothing more will happen to it.
bool is_over(OrderState state);

/// How far the switching of its power is. kOrdered after a start means that nobody knows: it is done again.
enum class OrderPower : std::uint8_t { kNone, kWanted, kOrdered, kDone };

/// An image as it was when the order was given. All empty: none.
struct OrderImage {
  std::string name, version, format, sha256, path;
  std::uint64_t size_bytes = 0;

  bool operator==(const OrderImage&) const = default;
};
/// "raspios@2026-11", as images are named on the command line.
std::string to_words(const OrderImage& image);

/// One thing to be done to one node: the recorded intent without which nothing is formatted or switched.
struct OrderRecord {
  std::uint64_t id = 0;
  std::uint64_t rollout = 0;  ///< 0: of none
  MacAddress mac;
  std::string node;
  OrderAction action = OrderAction::kRestart;
  OrderState state = OrderState::kWaiting;
  OrderPower power = OrderPower::kNone;
  bool forced = false;
  std::uint32_t attempts = 0;  ///< installs that were begun for it
  std::int64_t created_ms = 0, expires_ms = 0;
  std::int64_t since_ms = 0;  ///< when it came into its state
  OrderImage image;
  std::string who, why;
  std::string detail;  ///< in words: what it waits for, or why it failed

  bool operator==(const OrderRecord&) const = default;
};

enum class RolloutState : std::uint8_t { kRunning, kDone, kStopped, kWithdrawn };
/// "running", "done", "stopped", "withdrawn".
std::string_view to_string(RolloutState state);

/// One request: an action on some nodes, and how carefully.
struct RolloutRecord {
  std::uint64_t id = 0;
  OrderAction action = OrderAction::kRestart;
  RolloutState state = RolloutState::kRunning;
  std::uint32_t canary = 0;               ///< so many must be well before the others begin; 0: all begin
  std::uint32_t max_parallel = 0;         ///< at the same time; 0: as many as installs and power allow
  std::uint32_t stop_after_failures = 0;  ///< 0: never
  std::int64_t created_ms = 0, ended_ms = 0;
  std::string who, why;
  std::string detail;

  bool operator==(const RolloutRecord&) const = default;
};

/// One install from its claim to its end.
struct InstallRecord {
  std::uint64_t id = 0;
  std::uint64_t order = 0;
  MacAddress mac;
  std::string node;
  std::string cause;  ///< a word of netboot/install: "reinstall", "first", "auto_format"
  std::string image, version, sha256;
  std::int64_t started_ms = 0, ended_ms = 0;  ///< ended_ms 0: it runs
  std::string result;                         ///< "installed", "failed", "cut", ...; empty while it runs
  std::string stage, reason;

  bool operator==(const InstallRecord&) const = default;
};

/// What is known of the card of a node, by its hardware address.
struct CardRecord {
  enum class State : std::uint8_t { kNever, kInstalled, kBroken };  ///< as netboot::install::NodeRecord has them
  MacAddress mac;
  State state = State::kNever;
  bool was_ever_installed = false;
  std::int64_t accepted_ms = 0;  ///< when an operator took it in; 0: never through piman
  std::int64_t installed_ms = 0;
  std::string image, version, sha256;  ///< of the last install that succeeded

  bool operator==(const CardRecord&) const = default;
};

/// Rows to be put, all or none.
struct OrderChanges {
  std::vector<RolloutRecord> rollouts;
  std::vector<OrderRecord> orders;
  std::vector<InstallRecord> installs;
  std::vector<CardRecord> cards;

  bool empty() const { return rollouts.empty() && orders.empty() && installs.empty() && cards.empty(); }
};

}  // namespace piman::manager
