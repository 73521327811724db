// SPDX-License-Identifier: Apache-2.0
#include "manager/privileges.h"

#include <cap-ng.h>

#include <array>
#include <string>

namespace piman::manager {
namespace {

constexpr auto kEffectiveAndPermitted = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
constexpr auto kWithBounds = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET);

}  // namespace

void drop_privileges(bool boots_nodes, Logger& log) {
  if (capng_get_caps_process() != 0) return log.warn("capabilities can't be read");
  // Whoever may not change files of others has none of root's powers, but maybe a few that were given on purpose.
  if (capng_have_capability(CAPNG_EFFECTIVE, CAP_DAC_OVERRIDE) == 0) return;
  const bool can_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  struct Kept {
    unsigned capability;
    bool wanted, had;
  };
  std::array<Kept, 3> kept = {
      {{CAP_NET_BIND_SERVICE, true, false}, {CAP_NET_RAW, true, false}, {CAP_NET_ADMIN, boots_nodes, false}}};
  for (Kept& each : kept) each.had = capng_have_capability(CAPNG_PERMITTED, each.capability) != 0;
  capng_clear(CAPNG_SELECT_BOTH);
  for (const Kept& each : kept) {
    if (each.wanted && each.had)
      capng_update(CAPNG_ADD, can_bound ? kWithBounds : kEffectiveAndPermitted, each.capability);
  }
  // The bounds need a capability that goes with the rest, so libcap-ng takes them first.
  if (const int failed = capng_apply(can_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS); failed != 0) {
    return log.warn("root's capabilities could not be given up", {{"step", std::to_string(-failed)}});
  }
  log.info("started by root: its capabilities are given up",
           {{"kept", boots_nodes ? "net_bind_service,net_raw,net_admin" : "net_bind_service,net_raw"}});
}

}  // namespace piman::manager
