// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/host_paths.h"

/// Properties of the device tree that the firmware handed to the kernel, from device-tree under procfs. They can't
/// change while the machine runs.
namespace piman::agent {

/// A cell: 32 bits, most significant byte first. Nothing when fewer than 4 bytes are there.
std::optional<std::uint32_t> decode_cell(std::string_view bytes);
/// All whole cells.
std::vector<std::uint32_t> decode_cells(std::string_view bytes);

/// `name` is a path below the tree's root: "chosen/bootloader/partition". Nothing when there is no such property.
std::optional<std::uint32_t> read_device_tree_cell(const HostPaths& paths, std::string_view name);
std::optional<std::vector<std::uint32_t>> read_device_tree_cells(const HostPaths& paths, std::string_view name);
/// Without the NUL at its end.
std::optional<std::string> read_device_tree_text(const HostPaths& paths, std::string_view name);

/// What says which board this is.
struct BoardIdentity {
  std::string model;   ///< "Raspberry Pi 4 Model B Rev 1.4"
  std::string serial;  ///< 16 hexadecimal digits; empty when unknown
  std::optional<std::uint32_t> revision_code;
};
/// Nothing when this is no Raspberry Pi. Falls back to cpuinfo under procfs where there is no device tree.
std::optional<BoardIdentity> read_board_identity(const HostPaths& paths);
/// From the lines "Revision", "Serial" and "Model" of cpuinfo. Pure.
std::optional<BoardIdentity> parse_cpuinfo_identity(std::string_view cpuinfo);

}  // namespace piman::agent
