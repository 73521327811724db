// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "common/unique_fd.h"
#include "netboot/tftp/block_source.h"
#include "netboot/tftp/boot_files.h"

/// Open files and their last read pieces, shared by all transfers: 500 Pis that load one kernel open it once and read
/// most of it once. Pieces, because whole files would not stay small; pread, because a mapped file that gets shorter
/// kills whoever reads it.
namespace piman::netboot::tftp {

/// Thread-safety: none, nor of the sources that it gives out, which share it and keep it alive.
class FileCache {
 public:
  /// Eleven blocks of 1468 bytes: small enough that clients at hundreds of different places don't drive each other's
  /// pieces out all the time, large enough that reading costs little beside sending.
  static constexpr std::size_t kPieceBytes = 16 << 10;
  static constexpr std::size_t kDefaultBytes = 4 << 20;

  explicit FileCache(std::size_t max_bytes = kDefaultBytes);
  FileCache(const FileCache&) = delete;
  FileCache& operator=(const FileCache&) = delete;
  ~FileCache();

  /// The one source for this content; takes the descriptor unless it has one already. It fails as soon as the file is
  /// seen to have been changed in place: half an old and half a new kernel is none.
  std::shared_ptr<BlockSource> share(UniqueFd fd, const FileIdentity& identity);

  std::size_t open_files() const;
  /// How often a piece was read from its file.
  std::uint64_t pieces_read() const;

 private:
  class Pieces;
  class SharedFile;
  std::shared_ptr<Pieces> pieces_;
  std::map<FileIdentity, std::weak_ptr<SharedFile>> files_;
};

}  // namespace piman::netboot::tftp
