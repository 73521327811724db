// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/text.h"
#include "node-agent/collectors/cgroups.h"
#include "node-agent/collectors/ethtool.h"
#include "node-agent/collectors/interrupts.h"
#include "node-agent/collectors/nfs.h"
#include "node-agent/collectors/nfsd.h"
#include "node-agent/collectors/os.h"
#include "node-agent/collectors/processes.h"
#include "node-agent/collectors/rapl.h"
#include "node-agent/collectors/schedstat.h"
#include "node-agent/collectors/selinux.h"
#include "node-agent/collectors/sockstat.h"
#include "node-agent/collectors/softnet.h"
#include "node-agent/collectors/systemd.h"
#include "node-agent/collectors/xfs.h"
#include "node-agent/collectors/zfs.h"
#include "node-agent/socket_lines.h"

// Any bytes as any of the kernel's files: the parsers take what they can, and never read beyond it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman;
  using namespace piman::agent;
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const KstatSink ignore = [](std::string_view, std::uint64_t) {};
  static_cast<void>(parse_nfs_client_stats(content));
  static_cast<void>(parse_nfs_server_stats(content));
  static_cast<void>(parse_os_release(content));
  static_cast<void>(parse_xfs_stats(content));
  static_cast<void>(parse_kstat_names(content, ignore));
  static_cast<void>(parse_kstat_columns(content, ignore));
  static_cast<void>(parse_process_stat(content));
  static_cast<void>(parse_selinux_config_mode(content));
  static_cast<void>(leading_version(content));
  static_cast<void>(systemd_version_number(content));
  static_cast<void>(ethtool_family_name(content));
  std::map<std::string, long> uses;
  std::string_view rest = content;
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    static_cast<void>(number_rapl_zone(line, uses));
    static_cast<void>(parse_cgroup_line(line));
    static_cast<void>(parse_interrupt_line(line, 2));
    static_cast<void>(parse_schedstat_line(line));
    static_cast<void>(parse_socket_line(line));
    static_cast<void>(parse_sockstat_line(line));
    static_cast<void>(parse_softnet_line(line));
  }
  return 0;
}
