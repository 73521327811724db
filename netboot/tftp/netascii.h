// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "netboot/tftp/block_source.h"

/// Another source's bytes in netascii (RFC 764 by way of RFC 1350): LF goes out as CR LF, CR as CR NUL.
namespace piman::netboot::tftp {

/// Converts as it reads, from any offset: every so many bytes it knows where in the raw text it stood, so that a block
/// can be sent again without the text in memory twice.
class NetasciiSource final : public BlockSource {
 public:
  /// A longer text is not for reading by people.
  static constexpr std::uint64_t kMaxRawBytes = 4 << 20;

  /// Reads all of `raw` once, for the size. Errors: too long; what `raw` says.
  static Result<std::unique_ptr<NetasciiSource>> make(std::shared_ptr<BlockSource> raw);

  std::uint64_t size_bytes() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> out) override;

 private:
  static constexpr std::uint64_t kStride = 4096;
  /// At converted offset `index * kStride`: the raw offset, and whether that raw byte's first converted byte is behind.
  struct Mark {
    std::uint64_t raw_offset = 0;
    bool second_byte = false;
  };

  explicit NetasciiSource(std::shared_ptr<BlockSource> raw) : raw_(std::move(raw)) {}

  std::shared_ptr<BlockSource> raw_;
  std::vector<Mark> marks_;
  std::uint64_t size_ = 0;
};

}  // namespace piman::netboot::tftp
