// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/netascii.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/check.h"
#include "common/text.h"

namespace piman::netboot::tftp {
namespace {

constexpr std::uint8_t kCr = '\r', kLf = '\n';

/// What a raw byte becomes; `second` is asked for only where there is one.
bool has_two(std::uint8_t raw) { return raw == kCr || raw == kLf; }
std::uint8_t first(std::uint8_t raw) { return raw == kLf ? kCr : raw; }
std::uint8_t second(std::uint8_t raw) { return raw == kLf ? kLf : std::uint8_t{0}; }

}  // namespace

Result<std::unique_ptr<NetasciiSource>> NetasciiSource::make(std::shared_ptr<BlockSource> raw) {
  const std::uint64_t raw_size = raw->size_bytes();
  if (raw_size > kMaxRawBytes) return fail(concat(raw_size, " bytes are too many for netascii"));
  std::unique_ptr<NetasciiSource> source(new NetasciiSource(std::move(raw)));
  std::array<std::uint8_t, 4096> chunk;
  for (std::uint64_t offset = 0; offset < raw_size;) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), raw_size - offset));
    if (auto done = source->raw_->read(offset, std::span(chunk).first(length)); !done) {
      return tl::unexpected(done.error());
    }
    for (std::size_t i = 0; i < length; ++i, ++offset) {
      for (int part = 0; part < (has_two(chunk[i]) ? 2 : 1); ++part) {
        if (source->size_++ % kStride == 0) source->marks_.push_back({offset, part == 1});
      }
    }
  }
  return source;
}

Result<void> NetasciiSource::read(std::uint64_t offset, std::span<std::uint8_t> out) {
  PIMAN_CHECK(offset <= size_ && out.size() <= size_ - offset);
  if (out.empty()) return {};
  auto [at, second_byte] = marks_[offset / kStride];
  std::uint64_t skip = offset % kStride;
  std::array<std::uint8_t, 4096> chunk;
  std::size_t filled = 0;
  while (filled < out.size()) {
    // Every raw byte makes at least one: more than `wanted` of them are not needed.
    const std::uint64_t wanted = std::min<std::uint64_t>(skip + out.size() - filled, raw_->size_bytes() - at);
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), wanted));
    if (auto done = raw_->read(at, std::span(chunk).first(length)); !done) return done;
    at += length;
    for (std::size_t i = 0; i < length; ++i) {
      for (int part = second_byte ? 1 : 0; part < (has_two(chunk[i]) ? 2 : 1); ++part) {
        if (skip > 0) {
          --skip;
        } else if (filled < out.size()) {
          out[filled++] = part == 0 ? first(chunk[i]) : second(chunk[i]);
        }
      }
      second_byte = false;
    }
  }
  return {};
}

}  // namespace piman::netboot::tftp
