// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/boot_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/text.h"

namespace piman::pisim {
namespace {

constexpr std::size_t kMaxOverlays = 64;

struct Word {
  std::string_view text;
  Action action;
  bool takes_names;
};
constexpr Word kWords[] = {
    {"prefix", Action::kPrefix, true},
    {"probe", Action::kProbe, true},
    {"try", Action::kTry, true},
    {"need", Action::kNeed, true},
    {"kernel", Action::kKernel, true},
    {"dtb", Action::kDtb, true},
    {"initramfs", Action::kInitramfs, false},
    {"overlays", Action::kOverlays, false},
};

Result<std::optional<Step>> parse_step(std::string_view line) {
  Step step;
  line = next_until(line, '#');
  std::string_view word = next_field(line);
  for (; word == "root" || word == "full"; word = next_field(line)) {
    (word == "root" ? step.root_only : step.full_only) = true;
  }
  if (word.empty()) return std::optional<Step>();
  const auto* known = std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& w) { return w.text == word; });
  if (known == std::end(kWords)) return fail(concat("unknown word ", quote(word)));
  step.action = known->action;
  for (std::string_view name = next_field(line); !name.empty(); name = next_field(line)) step.names.emplace_back(name);
  if (known->takes_names == step.names.empty())
    return fail(concat(word, known->takes_names ? " needs" : " takes no", " names"));
  return std::optional<Step>(std::move(step));
}

}  // namespace

Result<BootPlan> parse_boot_plan(std::string_view text) {
  BootPlan plan;
  for (int number = 1; !text.empty(); ++number) {
    auto step = parse_step(next_line(text));
    if (!step) return fail_with(concat("line ", number), step.error());
    if (*step) plan.push_back(std::move(**step));
  }
  return plan;
}

BootConfig parse_boot_config(std::string_view text, const std::vector<std::string_view>& sections) {
  BootConfig config;
  bool counts = true;
  while (!text.empty()) {
    std::string_view line = trim(next_until(text, '\n'));
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      const std::string_view section = line.substr(1, line.find(']') - 1);
      counts = std::find(sections.begin(), sections.end(), section) != sections.end();
      continue;
    }
    if (!counts) continue;
    if (line.substr(0, 10) == "initramfs ") {  // the one line without '='
      line.remove_prefix(10);
      config.initramfs = std::string(next_field(line));
      continue;
    }
    const std::string_view key = trim(next_until(line, '='));
    const std::string_view value = trim(line);
    if (key == "kernel") config.kernel = std::string(value);
    if (key == "device_tree") config.device_tree = std::string(value);
    if (key == "dtoverlay" && config.overlays.size() < kMaxOverlays) {
      std::string_view rest = value;
      const std::string_view name = trim(next_until(rest, ','));
      if (!name.empty()) config.overlays.emplace_back(name);
    }
  }
  return config;
}

}  // namespace piman::pisim
