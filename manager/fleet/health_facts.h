// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// What a node's page says of its health, as plain values. What the page does not say is absent.
namespace piman::manager {

/// One mounted file system. Units: bytes.
struct FileSystemFacts {
  std::string mount_point, device, type;
  std::optional<double> size_bytes, free_bytes;
  std::optional<double> available_bytes;  ///< to users: without root's reserve
  std::optional<bool> read_only;

  bool operator==(const FileSystemFacts&) const = default;
};

/// How far a node's clock is ahead of the manager's. The true value is within `uncertainty_seconds` on both sides,
/// which is half the time that the node had for saying its own.
struct ClockOffset {
  double seconds = 0;
  double uncertainty_seconds = 0;

  bool operator==(const ClockOffset&) const = default;
};

/// CPU time since boot over all cores. Units: seconds.
struct CpuSeconds {
  double busy = 0, all = 0;

  bool operator==(const CpuSeconds&) const = default;
};

struct HealthFacts {
  // What the firmware holds the node back for, now and at any time since it booted. Absent where it can't be asked.
  std::optional<bool> under_voltage, throttled, frequency_capped, soft_temperature_limit;
  std::optional<bool> under_voltage_occurred, throttled_occurred;

  std::optional<bool> root_read_only;
  std::vector<FileSystemFacts> file_systems;  ///< in the order of the page, at most kMostFileSystems
  std::optional<ClockOffset> clock_offset;
  std::optional<bool> clock_synchronised;

  // SD card and eMMC: the worst of all.
  std::optional<double> mmc_life_used_ratio;  ///< eMMC, in steps of 0.1; 1.1: all of it
  std::optional<double> mmc_pre_eol_state;    ///< eMMC's reserve: 1 normal, 2 80 % used, 3 90 % used
  std::optional<double> mmc_errors;           ///< messages of the kernel
  std::optional<double> ext4_errors;          ///< of all file systems
  std::string mmc_name;                       ///< what the first card says of itself

  std::optional<bool> reboot_required, unclean_shutdown;
  std::optional<CpuSeconds> cpu;
  std::optional<double> memory_percent;  ///< (MemTotal - MemAvailable) / MemTotal

  /// The file system at a mount point; null when the page has none.
  const FileSystemFacts* file_system(const std::string& mount_point) const {
    for (const FileSystemFacts& one : file_systems) {
      if (one.mount_point == mount_point) return &one;
    }
    return nullptr;
  }
};

inline constexpr std::size_t kMostFileSystems = 64;

}  // namespace piman::manager
