// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/uname.h"

#include <sys/utsname.h>

namespace piman::agent {
namespace {

class UnameCollector final : public Collector {
 public:
  Result<Outcome> collect(prom_text::Writer& out) override {
    ::utsname names{};
    if (::uname(&names) != 0) return fail("uname failed");
    out.family(info_);
    out.sample({{"domainname", names.domainname},
                {"machine", names.machine},
                {"nodename", names.nodename},
                {"release", names.release},
                {"sysname", names.sysname},
                {"version", names.version}},
               std::uint64_t{1});
    return Outcome::kCollected;
  }

 private:
  const prom_text::Family info_{"node_uname_info", prom_text::Type::kGauge,
                                "Always 1; the labels hold what uname(2) says."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_uname_collector(const CollectorContext&) {
  return std::make_unique<UnameCollector>();
}

}  // namespace piman::agent
