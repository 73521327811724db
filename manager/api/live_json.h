// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "manager/api/json.h"
#include "manager/fleet/fleet.h"

/// What browsers are told of the fleet as it changes: all of it once, then each second the keys that have other values.
/// Pure.
namespace piman::manager::api {

/// What there is beside the nodes, each by a number that is another one when something about it changed: whoever shows
/// it asks for it then. `count` is what there is to look at.
struct LiveTopic {
  std::string name;
  std::uint64_t version = 0, count = 0;

  bool operator==(const LiveTopic&) const = default;
};

class LiveJson {
 public:
  LiveJson();
  ~LiveJson();
  LiveJson(const LiveJson&) = delete;
  LiveJson& operator=(const LiveJson&) = delete;

  struct Told {
    enum class Kind : std::uint8_t { kNothing, kChange, kFleet };
    Kind kind = Kind::kNothing;
    std::string data;  ///< JSON on one line
  };
  /// What is new since the last call; all of the fleet when nodes came or went, or the server says something else of
  /// itself.
  Told look(const FleetSnapshot& fleet, const ServerFacts& facts, const std::vector<LiveTopic>& topics);
  /// All of the fleet as of the last look().
  std::string whole() const;
  /// Frees what it remembers: the next look() tells of all of the fleet.
  void forget();

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace piman::manager::api
