// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/net_types.h"

/// The `power` section of the configuration as plain values.
namespace piman::power {

struct SwitchConfig {
  enum class Kind : std::uint8_t { kSnmp, kCommand, kNone };
  enum class Version : std::uint8_t { kV1, kV2c, kV3 };

  std::string name;
  Kind kind = Kind::kSnmp;
  HostPort address{"", 161, false};  ///< of its SNMP agent
  Version version = Version::kV2c;
  std::string community_file;               ///< v1, v2c
  std::string user;                         ///< v3, with authentication by SHA-256 and privacy by AES
  std::string auth_key_file;                ///< the pass phrase
  std::string priv_key_file;                ///< the pass phrase; empty: not encrypted
  std::uint32_t vlan = 0;                   ///< not 0: "community@vlan", as Cisco's switches want it
  std::uint32_t group = 1;                  ///< pethPsePortGroupIndex
  std::chrono::milliseconds timeout{1000};  ///< of one try; of a script, for all of it
  std::uint32_t retries = 2;
  double start_watts = 0;                      ///< what nodes that start at once may draw together; 0: any
  std::string command;                         ///< absolute path of the operator's script
  std::map<std::string, std::uint32_t> ports;  ///< node name to port
};

struct PowerConfig {
  bool armed = false;  ///< off: everything is decided and told, nothing is switched
  std::chrono::milliseconds off_time{4000};
  std::chrono::milliseconds cooldown{120'000};      ///< between two times that one node is switched
  std::uint32_t most_off = 4;                       ///< nodes of the fleet that are off at the same moment
  std::chrono::milliseconds starting_time{10'000};  ///< how long a node counts as one that starts
  double starting_watts = 10;                       ///< what such a node draws
  std::vector<SwitchConfig> switches;

  /// The switch that has a port for the node; null: none.
  const SwitchConfig* switch_of(const std::string& node) const {
    for (const SwitchConfig& each : switches) {
      if (each.ports.contains(node)) return &each;
    }
    return nullptr;
  }
};

}  // namespace piman::power
