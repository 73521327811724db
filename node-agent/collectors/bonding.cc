// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/bonding.h"

#include <cstdint>
#include <string>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

struct Bond {
  std::string master;
  std::uint64_t slaves = 0, active = 0;
};

class BondingCollector final : public Collector {
 public:
  explicit BondingCollector(const CollectorContext& context)
      : directory_(context.paths.sys("class/net")), masters_(concat(directory_, "/bonding_masters")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto masters = masters_.read();
    if (!masters) {
      if (!host_path_exists(masters_.path())) return Outcome::kAbsent;  // the bonding module is not loaded
      return fail(masters.error().message);
    }
    std::vector<Bond> bonds;
    std::string_view rest = trim(*masters);
    for (std::string_view master = next_field(rest); !master.empty(); master = next_field(rest)) {
      auto bond = read_bond(master);
      if (!bond) return fail(bond.error().message);
      bonds.push_back(std::move(*bond));
    }
    out.family(active_);
    for (const Bond& bond : bonds) out.sample({{"master", bond.master}}, bond.active);
    out.family(slaves_);
    for (const Bond& bond : bonds) out.sample({{"master", bond.master}}, bond.slaves);
    return Outcome::kCollected;
  }

 private:
  Result<Bond> read_bond(std::string_view master) const {
    Bond bond;
    bond.master = master;
    const std::string directory = concat(directory_, '/', master);
    const auto slaves = read_host_file(concat(directory, "/bonding/slaves"));
    if (!slaves) return fail(slaves.error().message);
    std::string_view rest = trim(*slaves);
    for (std::string_view slave = next_field(rest); !slave.empty(); slave = next_field(rest)) {
      auto status = read_host_file(concat(directory, "/lower_", slave, "/bonding_slave/mii_status"));
      // Kernels before 3.12 call the link to the device slave_NAME.
      if (!status) status = read_host_file(concat(directory, "/slave_", slave, "/bonding_slave/mii_status"));
      if (!status) return fail(status.error().message);
      ++bond.slaves;
      if (trim(*status) == "up") ++bond.active;
    }
    return bond;
  }

  std::string directory_;
  HostFile masters_;
  const Family active_{"node_bonding_active", Type::kGauge, "Links of a bond that are up."};
  const Family slaves_{"node_bonding_slaves", Type::kGauge, "Links that a bond has."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_bonding_collector(const CollectorContext& context) {
  return std::make_unique<BondingCollector>(context);
}

}  // namespace piman::agent
