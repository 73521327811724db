// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

/// Which files a boot stage asks for, in which order: a small language, so that the orders below are data and a user
/// can bring another one (`--plan`). One line a step:
///
///   prefix NAME...     probes PREFIX/NAME; when none is there, all later names are asked for without the prefix
///   probe NAME         asks whether it is there, and ends the transfer at the first answer
///   try NAME           reads it if it is there
///   need NAME...       reads the first one that is there; without any the boot fails
///   kernel NAME...     as need, but config.txt's `kernel=` comes instead of the names; dtb: `device_tree=`
///   initramfs          reads what config.txt names, if it names one
///   overlays           reads overlays/X.dtbo for every `dtoverlay=X` of config.txt
///
/// `root` before a step: never with the prefix. `full` before a step: left out with --files=minimal. `#` begins a
/// comment.
namespace piman::pisim {

enum class Action : std::uint8_t { kPrefix, kProbe, kTry, kNeed, kKernel, kDtb, kInitramfs, kOverlays };

struct Step {
  Action action = Action::kTry;
  bool root_only = false;
  bool full_only = false;
  std::vector<std::string> names;
};
using BootPlan = std::vector<Step>;

/// Errors: an unknown word or a step without its names, with the line.
Result<BootPlan> parse_boot_plan(std::string_view text);

/// What a boot reads out of config.txt. Sections `[pi4]` and so on count only for the boards that they name.
struct BootConfig {
  std::string kernel;
  std::string device_tree;
  std::string initramfs;
  std::vector<std::string> overlays;
};
/// `sections`: the names of sections that hold for this board, "all" among them. Unknown lines are left alone.
BootConfig parse_boot_config(std::string_view text, const std::vector<std::string_view>& sections);

}  // namespace piman::pisim
