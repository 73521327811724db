// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace piman {

/// Compresses to gzip (RFC 1952) at the level that pays for pages that are made anew each time: 1.
/// Thread-safety: none; one object a thread, or a lock.
class GzipCompressor {
 public:
  GzipCompressor();
  ~GzipCompressor();
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;

  /// Replaces the content of `out`, whose memory is reused.
  void compress(std::string_view text, std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Undoes gzip (RFC 1952, also of several members) of bytes that all have come. A third of the CPU of zlib's streaming.
/// Thread-safety: none; one object a thread, or a lock.
class GzipDecompressor {
 public:
  enum class Outcome : std::uint8_t {
    kGood,
    kBroken,    ///< no gzip, cut off, or a wrong checksum
    kTooLarge,  ///< more than it may become; what it says of its own size is not believed
  };

  GzipDecompressor();
  ~GzipDecompressor();
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;

  Outcome decompress(std::string_view gzip, std::size_t most_bytes);
  /// What came out of the last good decompress(); its memory is reused by the next one.
  std::string_view text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace piman
