// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/images/byte_source.h"

namespace piman::manager {

/// What is in gzip (RFC 1952), of one or more members, each with its checksum and its length compared. libarchive
/// compares neither, while the installer on the node does: such an image would fail everywhere but here.
/// Zeros after the last member are padding; anything else is an error. Needs 64 KiB and a window of 32 KiB.
ByteSource gunzipped(ByteSource compressed);

}  // namespace piman::manager
