// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/host_paths.h"

/// What only an ioctl on a mounted btrfs tells: how full each of its devices is, and how many errors it had.
namespace piman::agent {

/// The kinds of errors in the kernel's order.
inline constexpr std::array<std::string_view, 5> kBtrfsErrors = {"write", "read", "flush", "corruption", "generation"};

struct BtrfsDevice {
  std::string name;  ///< "sda1"
  std::string uuid;  ///< "4d8c828c-a282-485e-9398-c79f522aa9f4"
  std::uint64_t size_bytes = 0, used_bytes = 0;
  std::array<std::uint64_t, kBtrfsErrors.size()> errors{};  ///< by kBtrfsErrors
};

/// The devices of every btrfs that is mounted and lets itself be asked, by its UUID. Where one
/// is mounted more than once, any of its mount points will do.
std::map<std::string, std::vector<BtrfsDevice>> read_btrfs_devices(const HostPaths& paths);

}  // namespace piman::agent
