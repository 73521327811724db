// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/ethtool.h"

#include <linux/ethtool.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/absence.h"
#include "node-agent/dynamic_families.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

struct LinkMode {
  int bit;
  std::string_view duplex, mode;
  double megabits;
};
constexpr std::array kLinkModes = {LinkMode{ETHTOOL_LINK_MODE_10baseT_Half_BIT, "half", "10baseT", 10},
                                   LinkMode{ETHTOOL_LINK_MODE_10baseT_Full_BIT, "full", "10baseT", 10},
                                   LinkMode{ETHTOOL_LINK_MODE_100baseT_Half_BIT, "half", "100baseT", 100},
                                   LinkMode{ETHTOOL_LINK_MODE_100baseT_Full_BIT, "full", "100baseT", 100},
                                   LinkMode{ETHTOOL_LINK_MODE_1000baseT_Half_BIT, "half", "1000baseT", 1000},
                                   LinkMode{ETHTOOL_LINK_MODE_1000baseT_Full_BIT, "full", "1000baseT", 1000},
                                   LinkMode{ETHTOOL_LINK_MODE_1000baseKX_Full_BIT, "full", "1000baseKX", 1000},
                                   LinkMode{ETHTOOL_LINK_MODE_2500baseT_Full_BIT, "full", "2500baseT", 2500},
                                   LinkMode{ETHTOOL_LINK_MODE_10000baseT_Full_BIT, "full", "10000baseT", 10000},
                                   LinkMode{ETHTOOL_LINK_MODE_10000baseKX4_Full_BIT, "full", "10000baseKX4", 10000},
                                   LinkMode{ETHTOOL_LINK_MODE_10000baseKR_Full_BIT, "full", "10000baseKR", 10000},
                                   LinkMode{ETHTOOL_LINK_MODE_10000baseR_FEC_BIT, "full", "10000baseR_FEC", 10000},
                                   LinkMode{ETHTOOL_LINK_MODE_20000baseMLD2_Full_BIT, "full", "20000baseMLD2", 20000},
                                   LinkMode{ETHTOOL_LINK_MODE_20000baseKR2_Full_BIT, "full", "20000baseKR2", 20000},
                                   LinkMode{ETHTOOL_LINK_MODE_25000baseCR_Full_BIT, "full", "25000baseCR", 25000},
                                   LinkMode{ETHTOOL_LINK_MODE_40000baseKR4_Full_BIT, "full", "40000baseKR4", 40000},
                                   LinkMode{ETHTOOL_LINK_MODE_40000baseCR4_Full_BIT, "full", "40000baseCR4", 40000},
                                   LinkMode{ETHTOOL_LINK_MODE_40000baseSR4_Full_BIT, "full", "40000baseSR4", 40000},
                                   LinkMode{ETHTOOL_LINK_MODE_40000baseLR4_Full_BIT, "full", "40000baseLR4", 40000},
                                   LinkMode{ETHTOOL_LINK_MODE_56000baseKR4_Full_BIT, "full", "56000baseKR4", 56000},
                                   LinkMode{ETHTOOL_LINK_MODE_56000baseCR4_Full_BIT, "full", "56000baseCR4", 56000},
                                   LinkMode{ETHTOOL_LINK_MODE_56000baseSR4_Full_BIT, "full", "56000baseSR4", 56000},
                                   LinkMode{ETHTOOL_LINK_MODE_56000baseLR4_Full_BIT, "full", "56000baseLR4", 56000}};
constexpr double kMegabitInBytes = 1e6 / 8;

constexpr std::array<std::pair<int, std::string_view>, 6> kPorts = {{{ETHTOOL_LINK_MODE_AUI_BIT, "AUI"},
                                                                     {ETHTOOL_LINK_MODE_BNC_BIT, "BNC"},
                                                                     {ETHTOOL_LINK_MODE_Backplane_BIT, "Backplane"},
                                                                     {ETHTOOL_LINK_MODE_FIBRE_BIT, "FIBRE"},
                                                                     {ETHTOOL_LINK_MODE_MII_BIT, "MII"},
                                                                     {ETHTOOL_LINK_MODE_TP_BIT, "TP"}}};

/// Counters that nearly all drivers have, and that got names of their own.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kCommonStatistics = {
    {{"rx_bytes", "node_ethtool_received_bytes_total"},
     {"rx_dropped", "node_ethtool_received_dropped_total"},
     {"rx_errors", "node_ethtool_received_errors_total"},
     {"rx_packets", "node_ethtool_received_packets_total"},
     {"tx_bytes", "node_ethtool_transmitted_bytes_total"},
     {"tx_errors", "node_ethtool_transmitted_errors_total"},
     {"tx_packets", "node_ethtool_transmitted_packets_total"}}};

std::string_view common_family(std::string_view statistic) {
  for (const auto& [name, family] : kCommonStatistics) {
    if (name == statistic) return family;
  }
  return {};
}

/// The old call has room for 32 modes; those that came later can't be in it.
bool has_bit(std::uint32_t bits, int bit) { return bit < 32 && (bits >> static_cast<unsigned>(bit) & 1U) != 0; }

struct Device {
  std::string name;
  std::optional<EthtoolLink> link;
  std::optional<EthtoolDriver> driver;
};

class EthtoolCollector final : public Collector {
 public:
  EthtoolCollector(const CollectorContext& context, std::unique_ptr<EthtoolSource> source, NameFilter devices,
                   NameFilter statistics)
      : directory_(context.paths.sys("class/net")),
        source_(std::move(source)),
        devices_(std::move(devices)),
        statistics_(std::move(statistics)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto names = list_host_directory(directory_);
    if (!names) return absent_or_failed(directory_, names.error());
    if (names->empty()) return fail(concat(directory_, ": no devices"));
    if (!source_) {
      auto made = make_ethtool_ioctl();
      if (!made) return fail(made.error().message);
      source_ = std::move(*made);
    }
    std::vector<Device> devices;
    values_.clear();
    for (const std::string& name : *names) {
      if (devices_.ignores(name)) continue;
      struct ::stat status {};
      const bool is_device = ::stat(concat(directory_, '/', name).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
      if (!is_device) continue;  // "bonding_masters"
      devices.push_back({name, source_->link(name), source_->driver(name)});
      take_statistics(name);
    }
    write_driver(devices, out);
    for (const auto& [family, samples] : values_) {
      out.family(*samples.family);
      for (const auto& [device, value] : samples.values) out.sample({{"device", device}}, value);
    }
    write_links(devices, out);
    return Outcome::kCollected;
  }

 private:
  struct Samples {
    const Family* family = nullptr;
    std::vector<std::pair<std::string, std::uint64_t>> values;  ///< by device
  };

  /// Different counters of a driver may get one family; then none of them is reported.
  void take_statistics(const std::string& device) {
    std::map<std::string, const std::pair<std::string, std::uint64_t>*> by_family;
    const EthtoolStatistics statistics = source_->statistics(device);
    for (const auto& statistic : statistics) {
      if (statistics_.ignores(statistic.first)) continue;
      const auto [found, is_new] = by_family.emplace(ethtool_family_name(statistic.first), &statistic);
      if (!is_new) found->second = nullptr;
    }
    for (const auto& [name, statistic] : by_family) {
      if (statistic == nullptr) continue;
      const std::string_view common = common_family(statistic->first);
      const std::string_view family = common.empty() ? std::string_view(name) : common;
      Samples& samples = values_[std::string(family)];
      samples.family =
          &families_.get(family, Type::kUntyped, concat("Counter ", statistic->first, " of a network driver."));
      samples.values.emplace_back(device, statistic->second);
    }
  }

  void write_driver(const std::vector<Device>& devices, prom_text::Writer& out) const {
    out.family(info_);
    for (const Device& device : devices) {
      if (!device.driver) continue;
      out.sample({{"bus_info", device.driver->bus},
                  {"device", device.name},
                  {"driver", device.driver->driver},
                  {"expansion_rom_version", device.driver->expansion_rom_version},
                  {"firmware_version", device.driver->firmware_version},
                  {"version", device.driver->version}},
                 std::uint64_t{1});
    }
  }

  void write_links(const std::vector<Device>& devices, prom_text::Writer& out) const {
    write_speeds(advertised_speed_, &EthtoolLink::advertised, devices, out);
    write_bit(asymmetric_pause_advertised_, &EthtoolLink::advertised, ETHTOOL_LINK_MODE_Asym_Pause_BIT, devices, out);
    write_bit(asymmetric_pause_supported_, &EthtoolLink::supported, ETHTOOL_LINK_MODE_Asym_Pause_BIT, devices, out);
    out.family(autonegotiate_);
    for (const Device& device : devices) {
      if (device.link) out.sample({{"device", device.name}}, std::uint64_t{device.link->autonegotiates});
    }
    write_bit(autonegotiate_advertised_, &EthtoolLink::advertised, ETHTOOL_LINK_MODE_Autoneg_BIT, devices, out);
    write_bit(autonegotiate_supported_, &EthtoolLink::supported, ETHTOOL_LINK_MODE_Autoneg_BIT, devices, out);
    write_bit(pause_advertised_, &EthtoolLink::advertised, ETHTOOL_LINK_MODE_Pause_BIT, devices, out);
    write_bit(pause_supported_, &EthtoolLink::supported, ETHTOOL_LINK_MODE_Pause_BIT, devices, out);
    out.family(supported_port_);
    for (const Device& device : devices) {
      for (const auto& [bit, port] : kPorts) {
        if (!device.link || !has_bit(device.link->supported, bit)) continue;
        out.sample({{"device", device.name}, {"type", port}}, std::uint64_t{1});
      }
    }
    write_speeds(supported_speed_, &EthtoolLink::supported, devices, out);
  }

  static void write_bit(const Family& family, std::uint32_t EthtoolLink::*bits, int bit,
                        const std::vector<Device>& devices, prom_text::Writer& out) {
    out.family(family);
    for (const Device& device : devices) {
      if (!device.link) continue;
      out.sample({{"device", device.name}}, std::uint64_t{has_bit((*device.link).*bits, bit) ? 1U : 0U});
    }
  }

  static void write_speeds(const Family& family, std::uint32_t EthtoolLink::*bits, const std::vector<Device>& devices,
                           prom_text::Writer& out) {
    out.family(family);
    for (const Device& device : devices) {
      for (const LinkMode& mode : kLinkModes) {
        if (!device.link || !has_bit((*device.link).*bits, mode.bit)) continue;
        out.sample({{"device", device.name}, {"duplex", mode.duplex}, {"mode", mode.mode}},
                   mode.megabits * kMegabitInBytes);
      }
    }
  }

  static Family gauge(std::string_view name, std::string_view help) { return Family(name, Type::kGauge, help); }

  std::string directory_;
  std::unique_ptr<EthtoolSource> source_;
  NameFilter devices_, statistics_;
  DynamicFamilies families_;
  std::map<std::string, Samples> values_;  ///< by family
  const Family info_ = gauge("node_ethtool_info", "Always 1; the labels hold what a network driver says of itself.");
  const Family advertised_speed_ =
      gauge("node_network_advertised_speed_bytes", "Link modes that a device offers, in bytes per second.");
  const Family asymmetric_pause_advertised_ =
      gauge("node_network_asymmetricpause_advertised", "Whether asymmetric pause frames are offered: 1 or 0.");
  const Family asymmetric_pause_supported_ =
      gauge("node_network_asymmetricpause_supported", "Whether asymmetric pause frames are known: 1 or 0.");
  const Family autonegotiate_ = gauge("node_network_autonegotiate", "Whether the link mode is negotiated: 1 or 0.");
  const Family autonegotiate_advertised_ =
      gauge("node_network_autonegotiate_advertised", "Whether negotiation is offered: 1 or 0.");
  const Family autonegotiate_supported_ =
      gauge("node_network_autonegotiate_supported", "Whether negotiation is known: 1 or 0.");
  const Family pause_advertised_ = gauge("node_network_pause_advertised", "Whether pause frames are offered: 1 or 0.");
  const Family pause_supported_ = gauge("node_network_pause_supported", "Whether pause frames are known: 1 or 0.");
  const Family supported_port_ =
      gauge("node_network_supported_port_info", "Always 1; the labels name a kind of port that a device has.");
  const Family supported_speed_ =
      gauge("node_network_supported_speed_bytes", "Link modes that a device knows, in bytes per second.");
};

/// Replaces `word` where it stands between underscores or ends. As with a regular expression, the underscore behind one
/// word is not the one in front of the next.
std::string with_word_replaced(std::string_view text, std::string_view word, std::string_view replacement) {
  std::string out;
  std::size_t at = 0;
  bool separated = true;  // the beginning, or an underscore that no word has used
  while (at < text.size()) {
    const std::size_t end = at + word.size();
    if (separated && text.substr(at).starts_with(word) && (end == text.size() || text[end] == '_')) {
      out += replacement;
      if (end < text.size()) out.push_back('_');
      at = end + 1;
      separated = false;
      continue;
    }
    separated = text[at] == '_';
    out.push_back(text[at++]);
  }
  return out;
}

}  // namespace

std::string ethtool_family_name(std::string_view statistic) {
  std::string name = to_lower(to_metric_name(statistic));
  name.erase(0, std::min(name.find_first_not_of('_'), name.size()));
  name = with_word_replaced(name, "rx", "received");
  name = with_word_replaced(name, "tx", "transmitted");
  return concat("node_ethtool_", name);
}

Result<std::unique_ptr<Collector>> make_ethtool_collector_from(const CollectorContext& context,
                                                               std::unique_ptr<EthtoolSource> source) {
  auto devices = NameFilter::make("ethtool.device", context.option("ethtool.device-exclude"),
                                  context.option("ethtool.device-include"));
  if (!devices) return fail(devices.error().message);
  auto statistics = NameFilter::make("ethtool.metrics", "", context.option("ethtool.metrics-include"));
  if (!statistics) return fail(statistics.error().message);
  return std::make_unique<EthtoolCollector>(context, std::move(source), std::move(*devices), std::move(*statistics));
}

Result<std::unique_ptr<Collector>> make_ethtool_collector(const CollectorContext& context) {
  return make_ethtool_collector_from(context, nullptr);
}

}  // namespace piman::agent
