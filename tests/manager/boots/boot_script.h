// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "manager/boots/boot_log.h"

/// Boots as netboot reports them, for tests of what is made of them.
namespace piman::manager::test {

inline const MacAddress kMac({0xb8, 0x27, 0xeb, 0x6c, 0x4c, 0x16});
inline const Ipv4Address kAddress(0x0A00000B);  // 10.0.0.11

inline Moment moment(double seconds) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
  return {SteadyTime(std::chrono::hours(1) + since), WallTime(std::chrono::seconds(1'700'000'000) + since)};
}

inline netboot::DhcpEvent dhcp(std::string_view model, std::string_view received, std::string_view sent,
                               std::string_view drop_reason = {}) {
  netboot::DhcpEvent event;
  event.mac = kMac;
  event.received = received;
  event.sent = sent;
  event.drop_reason = drop_reason;
  if (!sent.empty()) event.address = kAddress;
  event.client.model = model;
  event.interface = "eth0";
  return event;
}

inline netboot::TransferEvent transfer(std::uint64_t id, std::string_view file, std::string_view outcome,
                                       std::uint64_t bytes = 0) {
  netboot::TransferEvent event;
  event.id = id;
  event.protocol = "tftp";
  event.outcome = outcome;
  event.client = kAddress;
  event.requested = file;
  event.served = outcome == "not_found" ? std::string() : std::string(file);
  event.size_bytes = bytes;
  if (outcome == "complete") {
    event.sent_bytes = bytes;
    event.blocks = bytes / 1468 + 1;
    event.duration = std::chrono::milliseconds(100);
  }
  return event;
}

/// Feeds events at times and lets a person read what became of them.
class Script {
 public:
  explicit Script(const BootLogLimits& limits = {})
      : log(limits), hosts({netboot::Host{kMac, kAddress, "pi1", {}, {}}}) {}

  Script& at(double seconds, const netboot::DhcpEvent& event) {
    log.take(event, hosts, moment(seconds));
    return *this;
  }
  Script& at(double seconds, const netboot::TransferEvent& event) {
    log.take(event, hosts, moment(seconds));
    return *this;
  }
  /// A file from its request to its end, a tenth of a second.
  Script& file(double seconds, std::string_view name, std::string_view outcome, std::uint64_t bytes = 0) {
    const std::uint64_t id = ++last_id;
    if (outcome != "not_found") at(seconds, transfer(id, name, "started", bytes));
    return at(seconds + 0.1, transfer(id, name, outcome, bytes));
  }
  std::vector<Boot> boots() const { return log.boots_of(kMac); }
  BootLog::Output tick(double seconds) { return log.tick(moment(seconds)); }

  BootLog log;
  netboot::HostTable hosts;
  std::uint64_t last_id = 0;
};

/// A 3B from power-on to its system's address.
inline void boot_a_3b(Script& script, double start = 0) {
  script.at(start, dhcp("pi3b_rom", "DISCOVER", "OFFER"));
  script.file(start + 2, "bootcode.bin", "complete", 52480);
  script.file(start + 3, "bootsig.bin", "not_found");
  script.at(start + 4, dhcp("pi3", "DISCOVER", "OFFER"));
  script.file(start + 5, "b66c4c16/start.elf", "probe", 2952928);
  script.file(start + 6, "b66c4c16/config.txt", "complete", 300);
  script.file(start + 7, "b66c4c16/start.elf", "complete", 2952928);
  script.file(start + 8, "b66c4c16/recovery.elf", "not_found");
  script.file(start + 9, "b66c4c16/cmdline.txt", "complete", 120);
  script.file(start + 10, "b66c4c16/kernel8.img", "complete", 9000000);
  script.at(start + 20, dhcp("linux", "DISCOVER", "OFFER"));
  script.at(start + 20.5, dhcp("linux", "REQUEST", "ACK"));
}

}  // namespace piman::manager::test
