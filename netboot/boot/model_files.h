// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Which files each Raspberry Pi needs to boot from a folder of boot files, whichever way it gets them. Pure.
/// Source: Raspberry Pi's documentation of boot flow, boot folder contents and config.txt.
namespace piman::netboot {

struct ModelFiles {
  std::string_view model;                     ///< "Pi 3B+"
  std::vector<std::string_view> missing;      ///< what it can't boot without: "kernel8.img or kernel7.img"
  std::vector<std::string_view> recommended;  ///< what it boots without, though hardly as meant
};

/// Whether there is a file of that name, relative to the folder ("overlays/overlay_map.dtb").
using HasFile = std::function<bool(std::string_view name)>;

/// One entry a model that can boot from the network, the oldest first.
std::vector<ModelFiles> check_model_files(const HasFile& has_file);

/// "boots Pi 4B, Pi 5; not Pi 3B (bootcode.bin, start.elf missing)". A model of whose own files none is there is not
/// mentioned as long as another one boots.
std::string describe_model_files(const std::vector<ModelFiles>& models);

}  // namespace piman::netboot
