// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "common/result.h"
#include "netboot/dhcp/interface.h"
#include "netboot/dhcp/server_query.h"

/// Asks a wire for its DHCP servers, as a Pi that boots would. Takes no address: nothing is requested of who answers.
namespace piman::netboot::dhcp {

/// Who answers within `wait`; a second after the first answer it is over. Needs CAP_NET_RAW and no port, so that a
/// client or server of this machine is not in the way. A server that runs on this machine, and one that answers only
/// hosts that it knows, are not found. Blocks. Errors: no permission, or the interface is down.
Result<std::vector<OtherServer>> search_servers(const Interface& interface, std::chrono::milliseconds wait);

}  // namespace piman::netboot::dhcp
