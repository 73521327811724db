// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"
#include "manager/images/archive_rules.h"
#include "manager/images/byte_source.h"

/// Reads the archive of a root file system through, from its first byte to its last. The only user of libarchive.
namespace piman::manager {

struct ArchiveFacts {
  std::string format;  ///< "tar.gz", "tar.xz" or "tar.zst"
  std::uint64_t entries = 0;
  std::uint64_t unpacked_bytes = 0;  ///< of the tar
  std::string architecture;          ///< that of most of its programs; "any": it has none
};

/// Takes all bytes that `archive` gives, also those behind the end of what is in it. Nothing is unpacked to anywhere;
/// the memory that it needs are the archive's names and its compressor's window. Errors: what is wrong with the
/// archive, or what `archive` says.
Result<ArchiveFacts> check_archive(const ByteSource& archive, const ArchiveLimits& limits);

}  // namespace piman::manager
