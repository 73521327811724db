// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "manager/init/machine.h"

/// What `piman init` says at its end: what it looked at, what it wrote, what comes next. Pure.
namespace piman::manager {

enum class CheckResult : std::uint8_t { kGood, kNote, kProblem };
/// "ok", "note", "problem".
std::string_view to_text(CheckResult result);

struct InitCheck {
  CheckResult result = CheckResult::kGood;
  std::string subject;  ///< "eth1", "udp 67, DHCP"
  std::string words;
};

/// The interfaces of the configuration. `wires` is what this machine has.
std::vector<InitCheck> check_wires(const Config& config, const std::vector<WireFacts>& wires);
/// `search` is of an interface that nodes are at.
InitCheck check_servers(const Config& config, const WireSearch& search);
std::vector<InitCheck> check_ports(const std::vector<WantedPort>& wanted, const std::vector<PortFacts>& facts);

struct InitReport {
  std::string config_file, hosts_file;
  bool is_written = false;        ///< else it was only shown
  bool hosts_were_there = false;  ///< the inventory stays as it was
  std::string kept_as;            ///< where the former configuration is; empty: there was none
  std::vector<InitCheck> checks;
  std::vector<std::string> next;  ///< what to do now, a step each

  bool has_problems() const;
};
/// The steps from here to the first node.
std::vector<std::string> next_steps(const Config& config, const std::string& config_file);

/// `colours`: whether a terminal shows it.
std::string render_report(const InitReport& report, bool colours);
std::string report_json(const InitReport& report, std::string_view yaml);

}  // namespace piman::manager
