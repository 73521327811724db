// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/btrfs_devices.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>

#include "common/host_files.h"
#include "common/text.h"
#include "common/unique_fd.h"
#include "node-agent/collectors/filesystem.h"

namespace piman::agent {
namespace {

/// "4d8c828c-a282-485e-9398-c79f522aa9f4"
std::string uuid_text(const std::uint8_t (&bytes)[BTRFS_UUID_SIZE]) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(kDigits[bytes[i] >> 4U]);
    out.push_back(kDigits[bytes[i] & 0x0FU]);
  }
  return out;
}

std::string file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

/// Nothing when it can't be asked; errno says why.
std::optional<BtrfsDevice> read_device(int fd, std::uint64_t id) {
  ::btrfs_ioctl_dev_info_args info{};
  info.devid = id;
  if (::ioctl(fd, BTRFS_IOC_DEV_INFO, &info) != 0) return std::nullopt;
  ::btrfs_ioctl_get_dev_stats statistics{};
  statistics.devid = id;
  statistics.nr_items = BTRFS_DEV_STAT_VALUES_MAX;
  if (::ioctl(fd, BTRFS_IOC_GET_DEV_STATS, &statistics) != 0) return std::nullopt;
  BtrfsDevice device;
  const auto* path = reinterpret_cast<const char*>(info.path);
  device.name = file_name(std::string_view(path, ::strnlen(path, sizeof info.path)));
  device.uuid = uuid_text(info.uuid);
  device.size_bytes = info.total_bytes;
  device.used_bytes = info.bytes_used;
  static_assert(kBtrfsErrors.size() == BTRFS_DEV_STAT_VALUES_MAX);
  for (std::size_t i = 0; i < device.errors.size(); ++i) device.errors[i] = statistics.values[i];
  return device;
}

std::optional<std::vector<BtrfsDevice>> read_devices(int fd, const ::btrfs_ioctl_fs_info_args& filesystem) {
  constexpr std::uint64_t kMostDevices = 1024;
  std::vector<BtrfsDevice> devices;
  for (std::uint64_t id = 0; id <= filesystem.max_id && id < kMostDevices; ++id) {
    auto device = read_device(fd, id);
    if (device) {
      devices.push_back(std::move(*device));
    } else if (errno != ENODEV) {  // numbers have gaps, and begin at 0 or 1
      return std::nullopt;
    }
    if (devices.size() == filesystem.num_devices) break;
  }
  return devices;
}

}  // namespace

std::map<std::string, std::vector<BtrfsDevice>> read_btrfs_devices(const HostPaths& paths) {
  std::map<std::string, std::vector<BtrfsDevice>> filesystems;
  auto mounts = read_host_file(paths.proc("1/mounts"));
  if (!mounts) mounts = read_host_file(paths.proc("self/mounts"));
  std::string_view rest = mounts ? std::string_view(*mounts) : std::string_view();
  while (!rest.empty()) {
    const auto mount = parse_mount(next_line(rest));
    if (!mount || mount->type != "btrfs") continue;
    const UniqueFd fd(::open(paths.root(mount->mount_point).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
    ::btrfs_ioctl_fs_info_args filesystem{};
    if (!fd.valid() || ::ioctl(fd.get(), BTRFS_IOC_FS_INFO, &filesystem) != 0) continue;
    const std::string uuid = uuid_text(filesystem.fsid);
    if (filesystems.contains(uuid)) continue;
    if (auto devices = read_devices(fd.get(), filesystem)) filesystems.emplace(uuid, std::move(*devices));
  }
  return filesystems;
}

}  // namespace piman::agent
