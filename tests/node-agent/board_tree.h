// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/text.h"
#include "node-agent/all_collectors.h"
#include "node-agent/board_watch.h"
#include "tests/node-agent/scripted_mailbox.h"

/// The trees of tests/testdata/trees: what procfs, sysfs, devfs, udev and the root file system of a board say, each
/// made by hand in the formats of the real ones, and the words of its firmware.
namespace piman::agent::test_board {

inline constexpr std::array<std::string_view, 4> kBoards = {"pi3bplus", "pi4", "pi5", "zero2w"};

/// What a test can't hold still: they ask the kernel itself, or the file system that the tree lies on.
inline constexpr std::array<std::string_view, 4> kOutsideTheTree = {"filesystem", "time", "timex", "uname"};

inline HostPaths paths_of(const std::string& root) {
  return HostPaths{root + "/proc", root + "/sys", root + "/root", root + "/dev", root + "/udev"};
}

/// The firmware's words; that of the Zero may not be asked by the agent's user, and there is no group for it.
inline std::shared_ptr<MailboxScript> firmware_of(std::string_view board) {
  auto script = std::make_shared<MailboxScript>();
  script->present = board != "zero2w";
  const auto clocks = [&](std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> rates) {
    for (const auto& [clock, hertz] : rates) script->words_by_first[{MailboxTag::kMeasuredClock, clock}] = hertz;
  };
  const auto rails = [&](std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> volts) {
    for (const auto& [rail, microvolts] : volts) script->words_by_first[{MailboxTag::kVoltage, rail}] = microvolts;
  };
  const auto build = [&](std::uint32_t time, std::uint32_t variant) {
    script->words[MailboxTag::kFirmwareBuildTime] = {time};
    script->words[MailboxTag::kFirmwareVariant] = {variant};
    script->words[MailboxTag::kFirmwareHash] = {0x5560078d, 0xcc8591a0, 0x0f57b906, 0x8d13e554, 0x4aeef3aa};
  };
  if (board == "pi3bplus") {
    script->words[MailboxTag::kThrottled] = {0x50005};
    script->commands["get_throttled"] = "throttled=0x50005";
    clocks({{3, 600000000}, {4, 250000000}, {1, 200000000}, {6, 250000000}, {7, 250000000}, {5, 250000000}});
    rails({{1, 1200000}, {2, 1225000}, {3, 1225000}, {4, 1225000}});
    script->words_by_first[{MailboxTag::kTemperature, 0}] = 61224;
    build(1716912345, 1);
  } else if (board == "pi4") {
    script->words[MailboxTag::kThrottled] = {0};
    script->commands["get_throttled"] = "throttled=0x20000";
    clocks({{3, 1500398464}, {4, 500000992}, {12, 99997800}, {11, 0}, {7, 500000992}, {5, 250000496}});
    rails({{1, 856200}, {2, 1100000}, {3, 1100000}, {4, 1100000}});
    script->words_by_first[{MailboxTag::kTemperature, 0}] = 48686;
    script->commands["measure_temp pmic"] = "temp=45.2'C";
    build(1716912345, 1);
  } else if (board == "pi5") {
    script->words[MailboxTag::kThrottled] = {0};
    script->commands["get_throttled"] = "throttled=0x0";
    clocks({{3, 1500019456}, {4, 910007424}, {12, 199988880}, {11, 910007424}, {7, 910007424}, {5, 960012416}});
    rails({{1, 720000}, {2, 600000}, {3, 1100000}, {4, 600000}});
    script->words_by_first[{MailboxTag::kTemperature, 0}] = 50150;
    script->commands["measure_temp pmic"] = "temp=49.6'C";
    script->commands["pmic_read_adc"] =
        "        3V7_WL_SW_A current(0)=0.07709848A\n          3V3_SYS_A current(1)=0.04782057A\n"
        "         VDD_CORE_A current(7)=0.94657990A\n          3V3_SYS_V volt(9)=3.29982600V\n"
        "         VDD_CORE_V volt(15)=0.72097620V\n            EXT5V_V volt(24)=5.11478000V\n"
        "             BATT_V volt(25)=3.01880340V\n";
    build(1716912345, 0);
  }
  return script;
}

/// A context over a tree at `root`, which stands for `board`.
inline CollectorContext context_of(std::string_view board, const std::string& root) {
  CollectorContext context;
  context.paths = paths_of(root);
  for (const CollectorOption& option : all_collector_options()) {
    context.options[std::string(option.name)] = option.default_value;
  }
  context.board = scripted_board(context.paths, firmware_of(board));
  return context;
}

struct NamedCollector {
  std::string name;
  std::shared_ptr<Collector> collector;
};

/// Those that are on by default and stay within the tree.
inline std::vector<NamedCollector> default_collectors(const CollectorContext& context) {
  std::vector<NamedCollector> made;
  for (const CollectorEntry& entry : all_collectors()) {
    const bool outside = std::find(kOutsideTheTree.begin(), kOutsideTheTree.end(), entry.name) != kOutsideTheTree.end();
    if (!entry.enabled_by_default || outside) continue;
    auto collector = entry.make(context);
    if (collector) made.push_back({std::string(entry.name), std::move(*collector)});
  }
  return made;
}

}  // namespace piman::agent::test_board
