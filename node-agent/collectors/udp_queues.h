// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Bytes that wait in the queues of UDP sockets, from net/udp and net/udp6 under procfs.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_udp_queues_collector(const CollectorContext& context);

}  // namespace piman::agent
