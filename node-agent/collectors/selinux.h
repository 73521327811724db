// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "node-agent/collector.h"

/// Whether SELinux is on and enforces, from its file system under sysfs and its configuration.
namespace piman::agent {

/// The SELINUX line of its configuration: 1 enforcing, 0 permissive, -1 disabled or not said. Pure.
int parse_selinux_config_mode(std::string_view config);

Result<std::unique_ptr<Collector>> make_selinux_collector(const CollectorContext& context);

}  // namespace piman::agent
