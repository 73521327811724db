// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_board.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "common/text.h"
#include "node-agent/board_revision.h"
#include "node-agent/board_watch.h"
#include "node-agent/device_tree.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

std::string hexadecimal(std::uint32_t value, std::size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(digits, '0');
  for (std::size_t i = digits; i > 0; --i, value >>= 4) text[i - 1] = kDigits[value & 0xF];
  return text;
}

/// As cpuinfo and the maker's tables write it: "c03114", "0010", and 8 digits when a high bit is set.
std::string revision_text(std::uint32_t code) { return hexadecimal(code, code > 0xFFFFFF ? 8 : code > 0xFFFF ? 6 : 4); }

class RpiBoardCollector final : public Collector {
 public:
  explicit RpiBoardCollector(const CollectorContext& context)
      : paths_(context.paths), board_(board_watch_of(context)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    if (!board_->identity()) return Outcome::kAbsent;
    if (!described_) describe();
    out.family(info_);
    out.sample(info_labels_, std::uint64_t{1});
    if (memory_bytes_ > 0) out.single(memory_, memory_bytes_);
    if (boot_labels_) {
      out.family(boot_);
      out.sample(*boot_labels_, std::uint64_t{1});
    }
    if (bootloader_labels_) {
      out.family(bootloader_);
      out.sample(*bootloader_labels_, std::uint64_t{1});
    }
    if (bootloader_built_) out.single(bootloader_build_, std::uint64_t{*bootloader_built_});
    if (bootloader_updated_) out.single(bootloader_update_, std::uint64_t{*bootloader_updated_});
    return write_firmware(out);
  }

 private:
  /// None of it can change before the next boot.
  void describe() {
    const BoardIdentity& identity = *board_->identity();
    const auto revision = identity.revision_code ? decode_revision(*identity.revision_code) : std::nullopt;
    const BoardRevision board = revision.value_or(BoardRevision{});
    info_labels_ = Labels({{"board_revision", board.revision},
                           {"manufacturer", board.manufacturer},
                           {"model", identity.model},
                           {"processor", board.processor},
                           {"revision", identity.revision_code ? revision_text(*identity.revision_code) : ""},
                           {"serial", identity.serial},
                           {"type", board.type}});
    memory_bytes_ = board.memory_bytes;
    if (memory_bytes_ == 0) {
      constexpr std::uint64_t kBytesPerGigabit = std::uint64_t{1024} * 1024 * 1024 / 8;
      memory_bytes_ = read_device_tree_cell(paths_, "chosen/rpi-sdram-size-gbit").value_or(0) * kBytesPerGigabit;
    }
    describe_boot();
    described_ = true;
  }

  void describe_boot() {
    const auto cell = [this](std::string_view name) {
      return read_device_tree_cell(paths_, concat("chosen/bootloader/", name));
    };
    const auto mode = cell("boot-mode"), partition = cell("partition"), tryboot = cell("tryboot");
    if (mode || partition) {
      boot_labels_ = Labels({{"mode", mode ? boot_mode_name(*mode) : ""},
                             {"partition", partition ? concat(*partition) : ""},
                             {"tryboot", tryboot ? concat(*tryboot) : ""}});
    }
    const auto version = read_device_tree_text(paths_, "chosen/bootloader/version");
    if (version) bootloader_labels_ = Labels({{"version", *version}});
    bootloader_built_ = cell("build-timestamp");
    bootloader_updated_ = cell("update-timestamp");
    if (bootloader_updated_ == 0U) bootloader_updated_.reset();  // never updated by the tool that sets it
  }

  Result<Outcome> write_firmware(prom_text::Writer& out) {
    if (!firmware_built_) {
      FirmwareMailbox& mailbox = board_->mailbox();
      const auto built = mailbox.ask_words<1>(MailboxTag::kFirmwareBuildTime, {0});
      if (!built) return fail(built.error().message);
      if (!*built) return Outcome::kCollected;
      firmware_built_ = (**built)[0];
      std::string hash, variant;
      if (const auto words = mailbox.ask_words<5>(MailboxTag::kFirmwareHash, {}); words && *words) {
        for (const std::uint32_t word : **words) hash += hexadecimal(word, 8);
      }
      constexpr std::array<std::string_view, 5> kVariants = {"", "start", "start_x", "start_db", "start_cd"};
      if (const auto word = mailbox.ask_words<1>(MailboxTag::kFirmwareVariant, {0}); word && *word) {
        if ((**word)[0] < kVariants.size()) variant = kVariants[(**word)[0]];
      }
      firmware_labels_ = Labels({{"hash", hash}, {"variant", variant}});
    }
    out.single(firmware_build_, std::uint64_t{*firmware_built_});
    out.family(firmware_);
    out.sample(firmware_labels_, std::uint64_t{1});
    return Outcome::kCollected;
  }

  const HostPaths paths_;
  const std::shared_ptr<BoardWatch> board_;
  bool described_ = false;
  Labels info_labels_, firmware_labels_;
  std::optional<Labels> boot_labels_, bootloader_labels_;
  std::uint64_t memory_bytes_ = 0;
  std::optional<std::uint32_t> bootloader_built_, bootloader_updated_, firmware_built_;

  const Family info_{"rpi_info", Type::kGauge, "Always 1; the labels hold what the board is."};
  const Family memory_{"rpi_memory_bytes", Type::kGauge, "Memory that the board was made with, in bytes."};
  const Family boot_{"rpi_boot_info", Type::kGauge, "Always 1; the labels hold what the machine has booted from."};
  const Family bootloader_{"rpi_bootloader_info", Type::kGauge,
                           "Always 1; the label holds the version of the EEPROM bootloader."};
  const Family bootloader_build_{"rpi_bootloader_build_timestamp_seconds", Type::kGauge,
                                 "When the EEPROM bootloader was built, in seconds since the Unix epoch."};
  const Family bootloader_update_{"rpi_bootloader_update_timestamp_seconds", Type::kGauge,
                                  "When the EEPROM bootloader was last updated, in seconds since the Unix epoch."};
  const Family firmware_build_{"rpi_firmware_build_timestamp_seconds", Type::kGauge,
                               "When the running firmware was built, in seconds since the Unix epoch."};
  const Family firmware_{"rpi_firmware_info", Type::kGauge,
                         "Always 1; the labels hold hash and variant of the running firmware."};
};

}  // namespace

std::string boot_mode_name(std::uint32_t mode) {
  switch (mode) {
    case 1:
      return "sd";
    case 2:
      return "network";
    case 3:
      return "rpiboot";
    case 4:
      return "usb";
    case 5:
      return "bcm_usb";
    case 6:
      return "nvme";
    case 7:
      return "http";
    default:
      return concat(mode);
  }
}

Result<std::unique_ptr<Collector>> make_rpi_board_collector(const CollectorContext& context) {
  return std::make_unique<RpiBoardCollector>(context);
}

}  // namespace piman::agent
