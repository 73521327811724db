// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/btrfs.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/collectors/btrfs_devices.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

constexpr std::array<std::string_view, 3> kBlockGroups = {"data", "metadata", "system"};

struct Layout {
  std::string_view block_group;
  std::string mode;
  std::uint64_t size_bytes = 0, used_bytes = 0;
  double ratio = 0;
};
struct Filesystem {
  std::string uuid, label;
  std::uint64_t reserve_bytes = 0;
  std::array<std::uint64_t, kBlockGroups.size()> reserved_bytes{};
  std::vector<Layout> layouts;
  std::vector<std::pair<std::string, std::uint64_t>> sysfs_devices;  ///< name and size in bytes
  const std::vector<BtrfsDevice>* devices = nullptr;                 ///< where the ioctl answered
};

bool is_directory(const std::string& path) {
  struct ::stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

class BtrfsCollector final : public Collector {
 public:
  explicit BtrfsCollector(const CollectorContext& context)
      : paths_(context.paths), directory_(context.paths.sys("fs/btrfs")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto names = list_host_directory(directory_);
    if (!names) return Outcome::kNone;  // a kernel without btrfs
    std::vector<Filesystem> filesystems;
    std::optional<Error> problem;
    for (const std::string& name : *names) {
      if (name.find('-') == std::string::npos) continue;  // "features"
      auto filesystem = read_filesystem(name);
      if (filesystem) {
        filesystems.push_back(std::move(*filesystem));
      } else if (!problem) {
        problem = filesystem.error();
      }
    }
    if (filesystems.empty() && !problem) return Outcome::kNone;
    std::map<std::string, std::vector<BtrfsDevice>> devices;
    if (!filesystems.empty()) devices = read_btrfs_devices(paths_);
    for (Filesystem& filesystem : filesystems) {
      const auto found = devices.find(filesystem.uuid);
      if (found != devices.end()) filesystem.devices = &found->second;
    }
    write(filesystems, out);
    if (problem) return tl::unexpected<Error>(std::move(*problem));
    return Outcome::kCollected;
  }

 private:
  /// A value that this kernel does not have counts as 0.
  static std::uint64_t read_number(const std::string& path) { return read_host_u64(path).value_or(0); }

  Result<Filesystem> read_filesystem(const std::string& name) const {
    constexpr std::uint64_t kSectorBytes = 512;
    const std::string path = concat(directory_, '/', name);
    const auto devices = list_host_directory(concat(path, "/devices"));
    if (!devices) return fail(devices.error().message);
    Filesystem filesystem;
    filesystem.uuid = read_host_text(concat(path, "/metadata_uuid")).value_or("");
    if (filesystem.uuid.empty()) filesystem.uuid = name;
    filesystem.label = read_host_text(concat(path, "/label")).value_or("");
    filesystem.reserve_bytes = read_number(concat(path, "/allocation/global_rsv_size"));
    for (const std::string& device : *devices) {
      filesystem.sysfs_devices.emplace_back(device,
                                            kSectorBytes * read_number(concat(path, "/devices/", device, "/size")));
    }
    for (std::size_t i = 0; i < kBlockGroups.size(); ++i) {
      const std::string group = concat(path, "/allocation/", kBlockGroups[i]);
      const auto entries = list_host_directory(group);
      if (!entries) return fail(entries.error().message);
      filesystem.reserved_bytes[i] = read_number(concat(group, "/bytes_reserved"));
      for (const std::string& mode : *entries) {
        const std::string layout = concat(group, '/', mode);
        if (!is_directory(layout)) continue;
        filesystem.layouts.push_back({kBlockGroups[i], mode, read_number(concat(layout, "/total_bytes")),
                                      read_number(concat(layout, "/used_bytes")),
                                      btrfs_allocation_ratio(mode, devices->size())});
      }
    }
    return filesystem;
  }

  void write(const std::vector<Filesystem>& filesystems, prom_text::Writer& out) const {
    const auto layouts = [&](const Family& family, auto value) {
      out.family(family);
      for (const Filesystem& filesystem : filesystems) {
        for (const Layout& layout : filesystem.layouts) {
          out.sample({{"block_group_type", layout.block_group}, {"mode", layout.mode}, {"uuid", filesystem.uuid}},
                     layout.*value);
        }
      }
    };
    layouts(allocation_ratio_, &Layout::ratio);
    write_devices(filesystems, out);
    out.family(global_reserve_);
    for (const Filesystem& filesystem : filesystems) {
      out.sample({{"uuid", filesystem.uuid}}, filesystem.reserve_bytes);
    }
    out.family(info_);
    for (const Filesystem& filesystem : filesystems) {
      out.sample({{"label", filesystem.label}, {"uuid", filesystem.uuid}}, std::uint64_t{1});
    }
    out.family(reserved_);
    for (const Filesystem& filesystem : filesystems) {
      for (std::size_t i = 0; i < kBlockGroups.size(); ++i) {
        out.sample({{"block_group_type", kBlockGroups[i]}, {"uuid", filesystem.uuid}}, filesystem.reserved_bytes[i]);
      }
    }
    layouts(size_, &Layout::size_bytes);
    layouts(used_, &Layout::used_bytes);
  }

  void write_devices(const std::vector<Filesystem>& filesystems, prom_text::Writer& out) const {
    out.family(device_errors_);
    for_each_device(filesystems, [&](const Filesystem& filesystem, const BtrfsDevice& device) {
      for (std::size_t i = 0; i < kBtrfsErrors.size(); ++i) {
        out.sample({{"btrfs_dev_uuid", device.uuid},
                    {"device", device.name},
                    {"type", kBtrfsErrors[i]},
                    {"uuid", filesystem.uuid}},
                   device.errors[i]);
      }
    });
    out.family(device_size_);
    for_each_device(filesystems, [&](const Filesystem& filesystem, const BtrfsDevice& device) {
      out.sample({{"btrfs_dev_uuid", device.uuid}, {"device", device.name}, {"uuid", filesystem.uuid}},
                 device.size_bytes);
    });
    for (const Filesystem& filesystem : filesystems) {
      if (filesystem.devices != nullptr) continue;
      for (const auto& [device, size_bytes] : filesystem.sysfs_devices) {
        out.sample({{"device", device}, {"uuid", filesystem.uuid}}, size_bytes);
      }
    }
    out.family(device_unused_);
    for_each_device(filesystems, [&](const Filesystem& filesystem, const BtrfsDevice& device) {
      out.sample({{"btrfs_dev_uuid", device.uuid}, {"device", device.name}, {"uuid", filesystem.uuid}},
                 device.size_bytes - std::min(device.used_bytes, device.size_bytes));
    });
  }

  template <class Function>
  static void for_each_device(const std::vector<Filesystem>& filesystems, Function function) {
    for (const Filesystem& filesystem : filesystems) {
      if (filesystem.devices == nullptr) continue;
      for (const BtrfsDevice& device : *filesystem.devices) function(filesystem, device);
    }
  }

  const HostPaths paths_;
  std::string directory_;
  const Family allocation_ratio_{"node_btrfs_allocation_ratio", Type::kGauge,
                                 "Bytes of disk that a byte takes in this layout."};
  const Family device_errors_{"node_btrfs_device_errors_total", Type::kCounter, "Errors of a device, by kind."};
  const Family device_size_{"node_btrfs_device_size_bytes", Type::kGauge, "Size of a device, in bytes."};
  const Family device_unused_{"node_btrfs_device_unused_bytes", Type::kGauge,
                              "Space of a device that no block group has, in bytes."};
  const Family global_reserve_{"node_btrfs_global_rsv_size_bytes", Type::kGauge,
                               "Space kept back for the file system's own work, in bytes."};
  const Family info_{"node_btrfs_info", Type::kGauge, "Always 1; the label holds the file system's name."};
  const Family reserved_{"node_btrfs_reserved_bytes", Type::kGauge,
                         "Space promised to writes that are under way, in bytes."};
  const Family size_{"node_btrfs_size_bytes", Type::kGauge, "Space given to a layout, in bytes."};
  const Family used_{"node_btrfs_used_bytes", Type::kGauge, "Space that a layout uses, in bytes."};
};

}  // namespace

double btrfs_allocation_ratio(std::string_view layout, std::size_t devices) {
  const auto count = static_cast<double>(devices);
  if (layout == "single" || layout == "raid0") return 1;
  if (layout == "dup" || layout == "raid1" || layout == "raid10") return 2;
  if (layout == "raid5") return count / (count - 1);
  if (layout == "raid6") return count / (count - 2);
  return 0;
}

Result<std::unique_ptr<Collector>> make_btrfs_collector(const CollectorContext& context) {
  return std::make_unique<BtrfsCollector>(context);
}

}  // namespace piman::agent
