// SPDX-License-Identifier: Apache-2.0
#include "common/gzip.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>

#include "common/check.h"

namespace piman {

struct GzipCompressor::State {
  // libdeflate takes about a quarter less CPU than zlib for a 20 KB page at the same level and ratio.
  ::libdeflate_compressor* compressor = ::libdeflate_alloc_compressor(1);
  std::size_t last_length = 0;
};

GzipCompressor::GzipCompressor() : state_(std::make_unique<State>()) { PIMAN_CHECK(state_->compressor != nullptr); }

GzipCompressor::~GzipCompressor() { ::libdeflate_free_compressor(state_->compressor); }

void GzipCompressor::compress(std::string_view text, std::string& out) {
  const auto attempt = [&](std::size_t room) {
    out.resize(room);
    return ::libdeflate_gzip_compress(state_->compressor, text.data(), text.size(), out.data(), out.size());
  };
  // The bound is more than the text's own length. Pages of one program differ little, so that what the last one took
  // and a quarter is nearly always enough, and memory that isn't touched costs nothing.
  const std::size_t bound = ::libdeflate_gzip_compress_bound(state_->compressor, text.size());
  const std::size_t usual = state_->last_length + state_->last_length / 4;
  std::size_t length = usual > 0 && usual < bound ? attempt(usual) : 0;
  if (length == 0) length = attempt(bound);
  PIMAN_CHECK(length > 0);  // the bound is what the library itself asks for
  out.resize(length);
  state_->last_length = length;
}

struct GzipDecompressor::State {
  /// The first page needs no more than this; an object that has met a large one gives the memory back.
  static constexpr std::size_t kUsualBytes = 256UL * 1024;

  ::libdeflate_decompressor* decompressor = ::libdeflate_alloc_decompressor();
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;
  std::size_t size = 0;

  void make_room(std::size_t wanted) {
    // Not zeroed: it is written before it is read.
    std::unique_ptr<char[]> larger(new char[wanted]);
    if (size > 0) std::memcpy(larger.get(), bytes.get(), size);
    bytes = std::move(larger);
    capacity = wanted;
  }
};

GzipDecompressor::GzipDecompressor() : state_(std::make_unique<State>()) {
  PIMAN_CHECK(state_->decompressor != nullptr);
}

GzipDecompressor::~GzipDecompressor() { ::libdeflate_free_decompressor(state_->decompressor); }

std::string_view GzipDecompressor::text() const { return {state_->bytes.get(), state_->size}; }

GzipDecompressor::Outcome GzipDecompressor::decompress(std::string_view gzip, std::size_t most_bytes) {
  State& state = *state_;
  state.size = 0;
  const std::size_t usual = std::min(most_bytes, State::kUsualBytes);
  if (state.capacity == 0 || state.capacity > State::kUsualBytes) state.make_room(usual);
  do {
    std::size_t taken = 0;
    std::size_t made = 0;
    const std::size_t room = std::min(state.capacity, most_bytes) - state.size;
    switch (::libdeflate_gzip_decompress_ex(state.decompressor, gzip.data(), gzip.size(),
                                            state.bytes.get() + state.size, room, &taken, &made)) {
      case LIBDEFLATE_SUCCESS:
        state.size += made;
        gzip.remove_prefix(taken);
        break;
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        if (state.capacity >= most_bytes) return Outcome::kTooLarge;
        state.make_room(std::min(most_bytes, state.capacity * 4));
        break;
      case LIBDEFLATE_BAD_DATA:
      case LIBDEFLATE_SHORT_OUTPUT:
        return Outcome::kBroken;
    }
  } while (!gzip.empty());
  return Outcome::kGood;
}

}  // namespace piman
