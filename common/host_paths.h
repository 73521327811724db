// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/text.h"

namespace piman {

/// Where this machine's facts are. The only place that spells "/proc" and "/sys": a test or `--path.procfs` puts
/// another tree there.
struct HostPaths {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";
  std::string devfs = "/dev";
  std::string udev_data = "/run/udev/data";

  std::string proc(std::string_view name) const { return concat(procfs, '/', name); }
  std::string sys(std::string_view name) const { return concat(sysfs, '/', name); }
  std::string dev(std::string_view name) const { return concat(devfs, '/', name); }
  /// A path of the host as seen through `rootfs`: "/etc" -> "/host/etc".
  std::string root(std::string_view path) const { return rootfs == "/" ? std::string(path) : concat(rootfs, path); }
};

}  // namespace piman
