// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/file_cache.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "common/text.h"

namespace piman::netboot::tftp {

/// The pieces of all files; the one that was not used for longest makes room.
class FileCache::Pieces {
 public:
  explicit Pieces(std::size_t max_pieces) : max_pieces_(std::max<std::size_t>(max_pieces, 1)) {}

  std::uint64_t new_file() { return ++last_file_; }

  /// The piece's bytes, valid until the next call. `length` is what the file has of it.
  Result<const std::uint8_t*> get(std::uint64_t file, std::uint64_t index, std::size_t length, int fd,
                                  const FileIdentity& identity) {
    const std::uint64_t key = file << kIndexBits | index;
    if (const auto known = by_key_.find(key); known != by_key_.end()) {
      used_.splice(used_.begin(), used_, known->second);
      return known->second->bytes.get();
    }
    auto piece = take_piece();
    if (auto done = read(fd, index * kPieceBytes, std::span(piece->bytes.get(), length), identity); !done) {
      piece->key = kNoKey;
      used_.splice(used_.end(), used_, piece);
      return tl::unexpected(done.error());
    }
    ++reads_;
    piece->key = key;
    by_key_.emplace(key, piece);
    return piece->bytes.get();
  }

  void forget(std::uint64_t file) {
    for (auto piece = used_.begin(); piece != used_.end();) {
      const auto here = piece++;
      if (here->key == kNoKey || here->key >> kIndexBits != file) continue;
      by_key_.erase(here->key);
      here->key = kNoKey;
      used_.splice(used_.end(), used_, here);  // the first to be used again
    }
  }

  std::uint64_t reads() const { return reads_; }

 private:
  static constexpr unsigned kIndexBits = 24;  // 256 GiB in pieces
  static constexpr std::uint64_t kNoKey = ~std::uint64_t{0};
  struct Piece {
    std::uint64_t key = kNoKey;
    std::unique_ptr<std::uint8_t[]> bytes;
  };

  /// A piece without a key, at the front.
  std::list<Piece>::iterator take_piece() {
    if (used_.empty() || (used_.back().key != kNoKey && used_.size() < max_pieces_)) {
      used_.push_front({kNoKey, std::unique_ptr<std::uint8_t[]>(new std::uint8_t[kPieceBytes])});
    } else {
      const auto last = std::prev(used_.end());
      if (last->key != kNoKey) by_key_.erase(last->key);
      last->key = kNoKey;
      used_.splice(used_.begin(), used_, last);
    }
    return used_.begin();
  }

  static Result<void> read(int fd, std::uint64_t offset, std::span<std::uint8_t> out, const FileIdentity& identity) {
    std::size_t filled = 0;
    while (filled < out.size()) {
      const ssize_t count = ::pread(fd, out.data() + filled, out.size() - filled, static_cast<off_t>(offset + filled));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail(std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
      if (count == 0) return fail("the file got shorter while it was sent");
      filled += static_cast<std::size_t>(count);
    }
    // Afterwards: what was read is then known to be of the content that the transfer began with. A file's removal or
    // replacement by another (the right way to change it) changes its ctime as well, and is no reason to stop.
    const auto present = identify(fd);
    if (!present) return tl::unexpected(present.error());
    if (present->size_bytes != identity.size_bytes || present->modified_ns != identity.modified_ns) {
      return fail("the file was changed in place while it was sent");
    }
    return {};
  }

  std::size_t max_pieces_;
  std::uint64_t last_file_ = 0, reads_ = 0;
  std::list<Piece> used_;  ///< the last used one first
  std::unordered_map<std::uint64_t, std::list<Piece>::iterator> by_key_;
};

class FileCache::SharedFile final : public BlockSource {
 public:
  SharedFile(std::shared_ptr<Pieces> pieces, UniqueFd fd, const FileIdentity& identity)
      : pieces_(std::move(pieces)), fd_(std::move(fd)), identity_(identity), number_(pieces_->new_file()) {}
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;
  ~SharedFile() override { pieces_->forget(number_); }

  std::uint64_t size_bytes() const override { return identity_.size_bytes; }

  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    PIMAN_CHECK(offset <= identity_.size_bytes && out.size() <= identity_.size_bytes - offset);
    while (!out.empty()) {
      const std::uint64_t index = offset / kPieceBytes;
      const auto inside = static_cast<std::size_t>(offset % kPieceBytes);
      const auto length =
          static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, identity_.size_bytes - index * kPieceBytes));
      const auto bytes = pieces_->get(number_, index, length, fd_.get(), identity_);
      if (!bytes) return tl::unexpected(bytes.error());
      const std::size_t count = std::min(length - inside, out.size());
      std::memcpy(out.data(), *bytes + inside, count);
      out = out.subspan(count);
      offset += count;
    }
    return {};
  }

 private:
  std::shared_ptr<Pieces> pieces_;
  UniqueFd fd_;
  FileIdentity identity_;
  std::uint64_t number_;
};

FileCache::FileCache(std::size_t max_bytes) : pieces_(std::make_shared<Pieces>(max_bytes / kPieceBytes)) {}
FileCache::~FileCache() = default;

std::shared_ptr<BlockSource> FileCache::share(UniqueFd fd, const FileIdentity& identity) {
  if (const auto known = files_.find(identity); known != files_.end()) {
    if (auto file = known->second.lock()) return file;
  }
  std::erase_if(files_, [](const auto& file) { return file.second.expired(); });
  auto file = std::make_shared<SharedFile>(pieces_, std::move(fd), identity);
  files_[identity] = file;
  return file;
}

std::size_t FileCache::open_files() const {
  return static_cast<std::size_t>(
      std::count_if(files_.begin(), files_.end(), [](const auto& file) { return !file.second.expired(); }));
}

std::uint64_t FileCache::pieces_read() const { return pieces_->reads(); }

}  // namespace piman::netboot::tftp
