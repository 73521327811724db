// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/log.h"

/// What a server that root started gives up. The package's unit starts it as a user of its own with less: nothing is
/// left to give up there.
namespace piman::manager {

/// Keeps of root's capabilities those that netboot needs, for good and for every program that is started from here:
/// ports below 1024, raw frames, neighbour entries. Files stay as root's: those of other users need their permission.
/// Does nothing without root's capabilities. What the kernel refuses is logged.
/// REQUIRES: no other thread runs, for each has capabilities of its own.
void drop_privileges(bool boots_nodes, Logger& log);

}  // namespace piman::manager
