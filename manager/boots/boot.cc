// SPDX-License-Identifier: Apache-2.0
#include "manager/boots/boot.h"

#include <array>

#include "common/text.h"

namespace piman::manager {
namespace {

/// What a boot does without a file: words for its last DHCP step.
std::string stuck_at_dhcp(const DhcpStep& step) {
  std::string words = step.sent.empty() ? step.received : step.sent;
  if (step.sent.empty()) {
    words += concat(", ", step.count, step.count == 1 ? " without an answer" : " without answers");
    if (!step.drop_reason.empty()) words += concat(" (", step.drop_reason, ')');
  } else if (step.count > 1) {
    words += concat(", ", step.count, " sent and nothing came of them");
  }
  return words;
}

std::string stuck_at_file(const FileStep& file) {
  const std::string_view name = base_name(file.requested);
  if (file.outcome == "not_found") return concat(name, ", which is not there");
  if (file.is_there()) return concat("after ", name);
  std::string words(name);
  if (file.is_running()) return words + ", on its way";
  if (file.blocks > 0 && file.size_bytes > 0 && file.sent_bytes > 0) {
    // The last block may be short; the others are as long as the mean says.
    const std::uint64_t block_bytes = (file.sent_bytes + file.blocks - 1) / file.blocks;
    words += concat(", block ", file.blocks, " of ", file.size_bytes / block_bytes + 1);
  } else if (file.blocks > 0) {
    words += concat(", block ", file.blocks);
  }
  return words + concat(" (", file.outcome, ')');
}

}  // namespace

BootStage stage_of(std::string_view model) {
  if (model == "u_boot" || model == "ipxe") return BootStage::kLoader;
  if (model == "linux" || model == "other" || model.empty()) return BootStage::kSystem;
  return BootStage::kFirmware;
}

std::optional<double> FileStep::bytes_per_second() const {
  if (duration_ms <= 0) return std::nullopt;
  return static_cast<double>(sent_bytes) * 1000 / static_cast<double>(duration_ms);
}

std::string_view to_string(BootState state) {
  constexpr std::array<std::string_view, kBootStateCount> kNames = {"running", "booted",    "loaded",
                                                                    "stuck",   "restarted", "address_only"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view base_name(std::string_view file) { return file.substr(file.rfind('/') + 1); }

bool is_kernel_name(std::string_view file) {
  const std::string_view name = base_name(file);
  if (name == "boot.img") return true;
  if (name.starts_with("kernel")) return name.ends_with(".img");
  for (const std::string_view start : {"vmlinuz", "Image", "zImage", "uImage", "vmlinux", "u-boot"}) {
    if (name.starts_with(start)) return true;
  }
  return name.ends_with(".efi");
}

std::string stuck_at(const Boot& boot) {
  if (boot.state == BootState::kBooted || boot.state == BootState::kLoaded || boot.state == BootState::kAddressOnly) {
    return {};
  }
  const FileStep* running = nullptr;
  const FileStep* failed = nullptr;  // after the last one that went well
  const FileStep* last_good = nullptr;
  const DhcpStep* dhcp = nullptr;
  for (const BootEvent& event : boot.events) {
    if (const auto* step = std::get_if<DhcpStep>(&event.step)) dhcp = step;
    const auto* file = std::get_if<FileStep>(&event.step);
    if (file == nullptr) continue;
    if (file->is_running()) {
      running = file;
    } else if (file->is_complete()) {
      last_good = file;
      failed = nullptr;
    } else if (!file->is_there() && (failed == nullptr || failed->outcome == "not_found")) {
      failed = file;  // a transfer that broke off says more than a name that is not there
    }
  }
  if (running != nullptr) return stuck_at_file(*running);
  if (failed != nullptr && failed->outcome != "not_found") return stuck_at_file(*failed);
  if (last_good != nullptr) return stuck_at_file(*last_good);  // firmware asks for much that need not be there
  if (failed != nullptr) return stuck_at_file(*failed);
  return dhcp == nullptr ? std::string() : stuck_at_dhcp(*dhcp);
}

BootTotals totals_of(const Boot& boot) {
  BootTotals totals;
  for (const BootEvent& event : boot.events) {
    const auto* file = std::get_if<FileStep>(&event.step);
    if (file == nullptr) continue;
    if (file->is_complete()) ++totals.files;
    if (file->outcome == "not_found") ++totals.missing;
    totals.sent_bytes += file->sent_bytes;
    totals.blocks += file->blocks;
    totals.retransmits += file->retransmits;
  }
  return totals;
}

}  // namespace piman::manager
