// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "node-agent/collector.h"
#include "node-agent/systemd_bus.h"

/// Units of systemd and their states, over D-Bus: the only collector that talks to another program.
namespace piman::agent {

/// The number in a version: "252.39-1~deb12u1" -> 252.39; 0 when there are no three digits in it. Pure.
double systemd_version_number(std::string_view version);

Result<std::unique_ptr<Collector>> make_systemd_collector(const CollectorContext& context);
/// The same over another bus.
Result<std::unique_ptr<Collector>> make_systemd_collector_on(const CollectorContext& context,
                                                             std::unique_ptr<SystemdBus> bus);

}  // namespace piman::agent
