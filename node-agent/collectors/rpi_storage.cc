// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_storage.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/attribute_files.h"
#include "node-agent/board_watch.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

/// "0x0a" as sysfs writes it.
std::optional<std::uint64_t> parse_prefixed_hex(std::string_view text) {
  if (!text.starts_with("0x")) return std::nullopt;
  return parse_hex(text.substr(2));
}

/// "mmcblk0", but not the boot areas and partitions that are devices as well.
bool is_card(std::string_view name) {
  constexpr std::string_view kPrefix = "mmcblk";
  return name.starts_with(kPrefix) && parse_u64(name.substr(kPrefix.size())).has_value();
}

struct Card {
  std::string cid;  ///< what tells one card from the next in the same slot
  Labels labels;
};

class RpiStorageCollector final : public Collector {
 public:
  explicit RpiStorageCollector(const CollectorContext& context)
      : block_(context.paths.sys("block")), ext4_(context.paths.sys("fs/ext4")), board_(board_watch_of(context)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const std::size_t before = out.sample_count();
    const SteadyTime now = std::chrono::steady_clock::now();
    if (!listed_ || !card_names_.empty() || now - *listed_ >= kListingIsBelieved) {
      list();
      listed_ = now;
    }
    collect_ext4(out);
    collect_cards(out);
    if (const auto read_only = board_->look_at_root(now)) {
      out.single(root_, std::uint64_t{*read_only ? 1U : 0U});
    }
    return out.sample_count() > before ? Outcome::kCollected : Outcome::kAbsent;
  }

 private:
  /// Without a card, file systems come and go by hand: looking for new ones once a minute is enough. One that went is
  /// missing at once, since its files are gone.
  static constexpr std::chrono::seconds kListingIsBelieved{60};

  void list() {
    card_names_.clear();
    ext4_names_.clear();
    if (const auto names = list_host_directory(block_)) {
      std::copy_if(names->begin(), names->end(), std::back_inserter(card_names_), is_card);
    }
    if (const auto names = list_host_directory(ext4_)) {
      std::copy_if(names->begin(), names->end(), std::back_inserter(ext4_names_),
                   [](const std::string& name) { return name != "features"; });
    }
    std::erase_if(cards_, [&](const auto& card) {
      return !std::binary_search(card_names_.begin(), card_names_.end(), card.first);
    });
  }

  void collect_cards(prom_text::Writer& out) {
    if (card_names_.empty()) return;
    out.family(info_);
    for (const std::string& name : card_names_) {
      if (const Labels* labels = labels_of(name)) out.sample(*labels, std::uint64_t{1});
    }
    out.family(life_time_);
    for (const std::string& name : card_names_) {
      const auto text = files_.read(concat(block_, '/', name, "/device/life_time"));
      if (!text) continue;
      const auto [a, b] = parse_life_time(*text);
      if (a) out.sample({{"device", name}, {"type", "a"}}, *a);
      if (b) out.sample({{"device", name}, {"type", "b"}}, *b);
    }
    out.family(pre_eol_);
    for (const std::string& name : card_names_) {
      const auto text = files_.read(concat(block_, '/', name, "/device/pre_eol_info"));
      const auto state = text ? parse_pre_eol(*text) : std::nullopt;
      if (state) out.sample({{"device", name}}, std::uint64_t{*state});
    }
  }

  /// Null when the card can't be asked.
  const Labels* labels_of(const std::string& name) {
    const std::string device = concat(block_, '/', name, "/device/");
    const auto cid = files_.read(concat(device, "cid"));
    if (!cid) return nullptr;
    Card& card = cards_[name];
    if (card.cid == *cid && !card.cid.empty()) return &card.labels;
    card.cid = *cid;
    const auto text = [&](std::string_view attribute) {
      return read_host_text(concat(device, attribute)).value_or("");
    };
    card.labels = Labels({{"cid", card.cid},
                          {"date", text("date")},
                          {"device", name},
                          {"manfid", text("manfid")},
                          {"name", text("name")},
                          {"oemid", text("oemid")},
                          {"serial", text("serial")},
                          {"type", text("type")}});
    return &card.labels;
  }

  struct Ext4 {
    std::string device;
    std::uint64_t errors = 0, first_error = 0, last_error = 0;
    std::optional<std::uint64_t> written_kibibytes;
  };

  void collect_ext4(prom_text::Writer& out) {
    std::vector<Ext4> systems;
    for (const std::string& name : ext4_names_) {
      const auto read = [&](std::string_view attribute) {
        return files_.read_u64(concat(ext4_, '/', name, '/', attribute));
      };
      const auto errors = read("errors_count");
      if (!errors) continue;
      systems.push_back({name, *errors, read("first_error_time").value_or(0), read("last_error_time").value_or(0),
                         read("lifetime_write_kbytes")});
    }
    out.family(errors_);
    for (const Ext4& system : systems) out.sample({{"device", system.device}}, system.errors);
    out.family(first_error_);
    for (const Ext4& system : systems) {
      if (system.first_error > 0) out.sample({{"device", system.device}}, system.first_error);
    }
    out.family(last_error_);
    for (const Ext4& system : systems) {
      if (system.last_error > 0) out.sample({{"device", system.device}}, system.last_error);
    }
    out.family(written_);
    for (const Ext4& system : systems) {
      constexpr double kKibibyte = 1024;
      if (!system.written_kibibytes) continue;
      out.sample({{"device", system.device}}, static_cast<double>(*system.written_kibibytes) * kKibibyte);
    }
  }

  const std::string block_, ext4_;
  const std::shared_ptr<BoardWatch> board_;
  AttributeFiles files_;
  std::optional<SteadyTime> listed_;
  std::vector<std::string> card_names_, ext4_names_;  ///< sorted
  std::map<std::string, Card> cards_;

  const Family errors_{"rpi_ext4_errors_total", Type::kCounter, "Errors that ext4 noted since the last check."};
  const Family first_error_{"rpi_ext4_first_error_timestamp_seconds", Type::kGauge,
                            "When ext4 noted the first of its errors, in seconds since the Unix epoch."};
  const Family last_error_{"rpi_ext4_last_error_timestamp_seconds", Type::kGauge,
                           "When ext4 noted the last of its errors, in seconds since the Unix epoch."};
  const Family written_{"rpi_ext4_written_bytes_total", Type::kCounter,
                        "Written to the file system since it was made, in bytes."};
  const Family info_{"rpi_mmc_info", Type::kGauge, "Always 1; the labels hold what an SD card or eMMC says of itself."};
  const Family life_time_{"rpi_mmc_life_time_used_ratio", Type::kGauge,
                          "Share of its life that an eMMC has used up at most, in steps of 0.1; 1.1: all of it."};
  const Family pre_eol_{"rpi_mmc_pre_eol_state", Type::kGauge,
                        "Reserve blocks of an eMMC: 1 normal, 2 80 % used, 3 90 % used."};
  const Family root_{"rpi_root_readonly", Type::kGauge, "Whether / is mounted read-only: 1 or 0."};
};

}  // namespace

std::array<std::optional<double>, 2> parse_life_time(std::string_view text) {
  std::array<std::optional<double>, 2> shares;
  text = trim(text);
  for (auto& share : shares) {
    constexpr std::uint64_t kBeyondEnd = 0x0B;
    const auto tenth = parse_prefixed_hex(next_field(text));
    if (tenth && *tenth >= 1 && *tenth <= kBeyondEnd) share = static_cast<double>(*tenth) / 10;
  }
  return shares;
}

std::optional<unsigned> parse_pre_eol(std::string_view text) {
  const auto state = parse_prefixed_hex(trim(text));
  if (!state || *state < 1 || *state > 3) return std::nullopt;
  return static_cast<unsigned>(*state);
}

Result<std::unique_ptr<Collector>> make_rpi_storage_collector(const CollectorContext& context) {
  return std::make_unique<RpiStorageCollector>(context);
}

}  // namespace piman::agent
