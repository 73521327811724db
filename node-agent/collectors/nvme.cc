// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/nvme.h"

#include <array>
#include <string>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/absence.h"
#include "node-agent/attribute_files.h"

namespace piman::agent {
namespace {

class NvmeCollector final : public Collector {
 public:
  explicit NvmeCollector(const CollectorContext& context) : directory_(context.paths.sys("class/nvme")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    constexpr std::array<std::string_view, 4> kFiles = {"firmware_rev", "model", "serial", "state"};
    const auto devices = list_host_directory(directory_);
    if (!devices) return absent_or_failed(directory_, devices.error());
    out.family(info_);
    for (const std::string& device : *devices) {
      std::array<std::string, kFiles.size()> values;
      for (std::size_t i = 0; i < kFiles.size(); ++i) {
        const auto value = files_.read_raw(concat(directory_, '/', device, '/', kFiles[i]));
        if (!value) return fail(value.error().message);
        values[i] = trim(*value);
      }
      out.sample({{"device", device},
                  {"firmware_revision", values[0]},
                  {"model", values[1]},
                  {"serial", values[2]},
                  {"state", values[3]}},
                 std::uint64_t{1});
    }
    return Outcome::kCollected;
  }

 private:
  std::string directory_;
  AttributeFiles files_;
  const prom_text::Family info_{"node_nvme_info", prom_text::Type::kGauge,
                                "Always 1; the labels hold what an NVMe drive says of itself."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_nvme_collector(const CollectorContext& context) {
  return std::make_unique<NvmeCollector>(context);
}

}  // namespace piman::agent
