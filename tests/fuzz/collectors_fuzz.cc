// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "common/text.h"
#include "node-agent/board_watch.h"
#include "node-agent/collectors/arp.h"
#include "node-agent/collectors/buddyinfo.h"
#include "node-agent/collectors/conntrack.h"
#include "node-agent/collectors/cpu.h"
#include "node-agent/collectors/cpu_info.h"
#include "node-agent/collectors/cpu_sysfs.h"
#include "node-agent/collectors/diskstats.h"
#include "node-agent/collectors/filefd.h"
#include "node-agent/collectors/filesystem.h"
#include "node-agent/collectors/hwmon_names.h"
#include "node-agent/collectors/loadavg.h"
#include "node-agent/collectors/mdadm.h"
#include "node-agent/collectors/meminfo.h"
#include "node-agent/collectors/netdev.h"
#include "node-agent/collectors/netstat.h"
#include "node-agent/collectors/pressure.h"
#include "node-agent/collectors/rpi_clocks.h"
#include "node-agent/collectors/rpi_power.h"
#include "node-agent/collectors/rpi_storage.h"
#include "node-agent/collectors/rpi_throttled.h"
#include "node-agent/collectors/stat.h"
#include "node-agent/collectors/swap.h"
#include "node-agent/collectors/sysctl.h"
#include "node-agent/collectors/zoneinfo.h"
#include "node-agent/event_source.h"
#include "node-agent/firmware_mailbox.h"

namespace {

using namespace piman;
using namespace piman::agent;

void parse_files(std::string_view content) {
  static_cast<void>(parse_conntrack_statistics(content));
  static_cast<void>(parse_cpuinfo(content));
  static_cast<void>(parse_file_numbers(content));
  static_cast<void>(parse_kernel_stat(content));
  static_cast<void>(parse_loadavg(content));
  static_cast<void>(parse_mdstat(content));
  static_cast<void>(parse_pressure(content));
  static_cast<void>(parse_root_read_only(content));
  static_cast<void>(parse_zoneinfo(content));
  if (const auto percent = parse_memory_percent(content)) PIMAN_CHECK(*percent >= 0 && *percent <= 100);
  if (const auto totals = parse_cpu_totals(content)) static_cast<void>(cpu_percent_between({}, *totals));
}

void parse_lines(std::string_view content) {
  while (!content.empty()) {
    const std::string_view line = next_line(content);
    static_cast<void>(parse_arp_device(line));
    static_cast<void>(parse_buddy_line(line));
    static_cast<void>(parse_cpu_line(line));
    static_cast<void>(parse_diskstats_line(line));
    static_cast<void>(parse_meminfo_line(line));
    static_cast<void>(parse_mount(line));
    static_cast<void>(parse_netdev_line(line));
    static_cast<void>(parse_netstat_heading(line));
    static_cast<void>(parse_swap_line(line));
    static_cast<void>(snmp6_name(line));
    if (const auto reading = parse_pmic_reading(line)) PIMAN_CHECK(std::isfinite(reading->value));
  }
}

void parse_values(std::string_view text) {
  static_cast<void>(parse_cpu_list(text));
  static_cast<void>(parse_hwmon_file_name(text));
  static_cast<void>(parse_sysctl_request(text));
  static_cast<void>(parse_throttled(text));
  if (const auto celsius = parse_measured_temperature(text)) PIMAN_CHECK(std::isfinite(*celsius));
  for (const auto& share : parse_life_time(text)) PIMAN_CHECK(!share || (*share > 0 && *share < 1.2));
  if (const auto state = parse_pre_eol(text)) PIMAN_CHECK(*state >= 1 && *state <= 3);
}

/// As a message that came back from the firmware.
void decode_mailbox(std::string_view bytes) {
  std::vector<std::uint32_t> message;
  for (; bytes.size() >= 4; bytes.remove_prefix(4)) {
    std::uint32_t word = 0;
    for (const char c : bytes.substr(0, 4)) word = word << 8 | static_cast<unsigned char>(c);
    message.push_back(word);
  }
  std::array<std::uint32_t, 2> first{}, second{};
  std::array<MailboxProperty, 2> properties = {{{MailboxTag::kMeasuredClock, first}, {MailboxTag::kVoltage, second}}};
  decode_mailbox_message(message, properties);
  for (const MailboxProperty& property : properties) PIMAN_CHECK(property.answered <= 2);
}

}  // namespace

// The first byte says as what the others are taken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view content(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0:
      parse_files(content);
      break;
    case 1:
      parse_lines(content);
      break;
    case 2:
      parse_values(content);
      break;
    default:
      decode_mailbox(content);
  }
  return 0;
}
