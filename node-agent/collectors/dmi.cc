// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/dmi.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Type;

/// Label and file, in the order of the labels.
constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kFields = {
    {{"bios_date", "bios_date"},
     {"bios_release", "bios_release"},
     {"bios_vendor", "bios_vendor"},
     {"bios_version", "bios_version"},
     {"board_asset_tag", "board_asset_tag"},
     {"board_name", "board_name"},
     {"board_serial", "board_serial"},
     {"board_vendor", "board_vendor"},
     {"board_version", "board_version"},
     {"chassis_asset_tag", "chassis_asset_tag"},
     {"chassis_serial", "chassis_serial"},
     {"chassis_vendor", "chassis_vendor"},
     {"chassis_version", "chassis_version"},
     {"product_family", "product_family"},
     {"product_name", "product_name"},
     {"product_serial", "product_serial"},
     {"product_sku", "product_sku"},
     {"product_uuid", "product_uuid"},
     {"product_version", "product_version"},
     {"system_vendor", "sys_vendor"}}};

class DmiCollector final : public Collector {
 public:
  explicit DmiCollector(const CollectorContext& context) : directory_(context.paths.sys("class/dmi/id")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    if (!is_read_) {  // the firmware speaks once a boot
      is_read_ = true;
      labels_ = read_labels();
    }
    if (labels_.empty()) return Outcome::kAbsent;
    out.family(info_);
    out.sample_rendered(labels_, 1);
    return Outcome::kCollected;
  }

 private:
  std::string read_labels() const {
    std::string labels;
    if (!host_path_exists(directory_)) return labels;
    for (const auto& [label, file] : kFields) {
      // Serial numbers and the UUID are for root's eyes only; a field that can't be read is no label.
      const auto text = read_host_text(concat(directory_, '/', file));
      if (!text) continue;
      labels += concat(labels.empty() ? '{' : ',', label, "=\"");
      prom_text::append_label_value(labels, *text);
      labels.push_back('"');
    }
    if (!labels.empty()) labels.push_back('}');
    return labels;
  }

  std::string directory_;
  std::string labels_;
  bool is_read_ = false;
  const prom_text::Family info_{"node_dmi_info", Type::kGauge,
                                "Always 1; the labels hold what the firmware says of the machine."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_dmi_collector(const CollectorContext& context) {
  return std::make_unique<DmiCollector>(context);
}

}  // namespace piman::agent
