// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// TCP connections by state and bytes in their queues, from net/tcp and net/tcp6 under procfs. Unlike the kernel's
/// socket diagnosis, these files do not count the room of a listening socket's backlog as bytes to send.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_tcpstat_collector(const CollectorContext& context);

}  // namespace piman::agent
