// SPDX-License-Identifier: Apache-2.0
#include "netboot/boot/model_files.h"

#include <algorithm>
#include <array>
#include <span>

#include "common/text.h"

namespace piman::netboot {
namespace {

/// One of several files will do; the text is what is said when none is there.
struct Need {
  std::string_view text;
  std::array<std::string_view, 3> any_of;  ///< unused ones are empty
};

constexpr Need one(std::string_view name) { return {name, {name, {}, {}}}; }
/// "a or b", which is the text as well.
constexpr Need either(std::string_view text) {
  constexpr std::string_view kOr = " or ";
  const std::size_t at = text.find(kOr);
  return {text, {text.substr(0, at), text.substr(at + kOr.size()), {}}};
}

// The mask ROM loads bootcode.bin, that start.elf and fixup.dat, that the rest.
constexpr std::array<Need, 4> kPi3Firmware = {{
    one("bootcode.bin"),
    one("start.elf"),
    one("fixup.dat"),
    either("kernel8.img or kernel7.img"),
}};
// The bootloader in the EEPROM loads start4.elf.
constexpr std::array<Need, 3> kPi4Firmware = {{
    one("start4.elf"),
    one("fixup4.dat"),
    either("kernel8.img or kernel7l.img"),
}};
// All firmware is in the EEPROM; without a config.txt it takes a folder for not bootable.
constexpr std::array<Need, 2> kPi5Firmware = {{
    one("config.txt"),
    either("kernel_2712.img or kernel8.img"),
}};

struct Model {
  std::string_view name;
  std::span<const Need> firmware;
  Need device_tree;
};

// Device trees have the names of Raspberry Pi's kernel, and of the upstream one where those differ: firmware takes the
// latter with upstream_kernel=1 in config.txt.
constexpr std::array<Model, 9> kModels = {{
    {"Pi 2B v1.2", kPi3Firmware, either("bcm2710-rpi-2-b.dtb or bcm2836-rpi-2-b.dtb")},
    {"Pi 3B", kPi3Firmware, either("bcm2710-rpi-3-b.dtb or bcm2837-rpi-3-b.dtb")},
    {"Pi 3B+", kPi3Firmware, either("bcm2710-rpi-3-b-plus.dtb or bcm2837-rpi-3-b-plus.dtb")},
    {"Pi 4B", kPi4Firmware, one("bcm2711-rpi-4-b.dtb")},
    {"Pi 400", kPi4Firmware, one("bcm2711-rpi-400.dtb")},
    {"CM4", kPi4Firmware, one("bcm2711-rpi-cm4.dtb")},
    {"Pi 5", kPi5Firmware, either("bcm2712-rpi-5-b.dtb or bcm2712d0-rpi-5-b.dtb")},
    {"Pi 500", kPi5Firmware, one("bcm2712-rpi-500.dtb")},
    {"CM5",
     kPi5Firmware,
     {"bcm2712-rpi-cm5-cm5io.dtb or bcm2712-rpi-cm5-cm4io.dtb",
      {"bcm2712-rpi-cm5-cm5io.dtb", "bcm2712-rpi-cm5-cm4io.dtb", "bcm2712-rpi-cm5.dtb"}}},
}};

constexpr std::array<std::string_view, 3> kRecommended = {"config.txt", "cmdline.txt", "overlays/overlay_map.dtb"};

bool is_met(const Need& need, const HasFile& has_file) {
  return std::any_of(need.any_of.begin(), need.any_of.end(),
                     [&](std::string_view name) { return !name.empty() && has_file(name); });
}

/// A file that is made from a template counts as there.
HasFile with_templates(const HasFile& has_file) {
  return [&has_file](std::string_view name) { return has_file(name) || has_file(concat(name, ".in")); };
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) out += concat(out.empty() ? "" : ", ", name);
  return out;
}

/// Whether anything says that the folder was meant for this model.
bool is_meant(const ModelFiles& checked, const Model& model) {
  return std::find(checked.missing.begin(), checked.missing.end(), model.device_tree.text) == checked.missing.end();
}

}  // namespace

std::vector<ModelFiles> check_model_files(const HasFile& has_file) {
  const HasFile has = with_templates(has_file);
  std::vector<ModelFiles> checked;
  for (const Model& model : kModels) {
    ModelFiles files;
    files.model = model.name;
    for (const Need& need : model.firmware) {
      if (!is_met(need, has)) files.missing.push_back(need.text);
    }
    if (!is_met(model.device_tree, has)) files.missing.push_back(model.device_tree.text);
    for (const std::string_view name : kRecommended) {
      const bool is_needed = std::find(files.missing.begin(), files.missing.end(), name) != files.missing.end();
      if (!is_needed && !has(name)) files.recommended.push_back(name);
    }
    checked.push_back(std::move(files));
  }
  return checked;
}

std::string describe_model_files(const std::vector<ModelFiles>& models) {
  std::string boots, lacks;
  const bool any_boots =
      std::any_of(models.begin(), models.end(), [](const ModelFiles& files) { return files.missing.empty(); });
  for (std::size_t i = 0; i < models.size(); ++i) {
    const ModelFiles& files = models[i];
    if (files.missing.empty()) {
      boots += concat(boots.empty() ? "boots " : ", ", files.model);
    } else if (!any_boots || (i < kModels.size() && is_meant(files, kModels[i]))) {
      lacks += concat(lacks.empty() ? "not " : ", ", files.model, " (", joined(files.missing), " missing)");
    }
  }
  return concat(boots, boots.empty() || lacks.empty() ? "" : "; ", lacks);
}

}  // namespace piman::netboot
