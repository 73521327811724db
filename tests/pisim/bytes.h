// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/net_types.h"

/// Bytes in network order, written and read with checked bounds; the simulation's time and its random numbers.
namespace piman::pisim {

/// Since the simulation's start.
using Time = std::chrono::nanoseconds;
constexpr Time kNever = Time::max();

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class ByteWriter {
 public:
  ByteWriter& u8(std::uint8_t value) {
    bytes_.push_back(value);
    return *this;
  }
  ByteWriter& u16(std::uint16_t value) { return u8(static_cast<std::uint8_t>(value >> 8U)).u8(value & 0xFFU); }
  ByteWriter& u32(std::uint32_t value) { return u16(static_cast<std::uint16_t>(value >> 16U)).u16(value & 0xFFFFU); }
  ByteWriter& raw(ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  ByteWriter& text(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  ByteWriter& mac(const MacAddress& mac) { return raw(mac.bytes()); }
  ByteWriter& ip(Ipv4Address ip) { return u32(ip.value()); }
  ByteWriter& zeros(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  std::size_t size() const { return bytes_.size(); }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

/// Reads past the end give zeros and make ok() false for good, so that one check at the end is enough.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}
  ByteView raw(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  std::uint8_t u8() {
    const ByteView taken = raw(1);
    return taken.empty() ? std::uint8_t{0} : taken[0];
  }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8U | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16U | u16();
  }
  Ipv4Address ip() { return Ipv4Address(u32()); }
  MacAddress mac() {
    std::array<std::uint8_t, 6> bytes{};
    for (std::uint8_t& byte : bytes) byte = u8();
    return MacAddress(bytes);
  }
  ByteView rest() const { return rest_; }
  bool ok() const { return ok_; }

 private:
  ByteView rest_;
  bool ok_ = true;
};

/// splitmix64: small, seeded, the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E37'79B9'7F4A'7C15U;
    z = (z ^ z >> 30U) * 0xBF58'476D'1CE4'E5B9U;
    z = (z ^ z >> 27U) * 0x94D0'49BB'1331'11EBU;
    return z ^ z >> 31U;
  }
  /// In [0, 1).
  double ratio() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  bool chance(double probability) { return probability > 0 && ratio() < probability; }
  /// In [0, span).
  Time below(Time span) { return Time(static_cast<Time::rep>(ratio() * static_cast<double>(span.count()))); }

 private:
  std::uint64_t state_;
};

}  // namespace piman::pisim
