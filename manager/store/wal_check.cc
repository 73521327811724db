// SPDX-License-Identifier: Apache-2.0
#include "manager/store/wal_check.h"

#include <cstddef>
#include <cstdint>

namespace piman::manager {
namespace {

constexpr std::size_t kHeader = 32, kFrameHeader = 24;
constexpr std::uint32_t kMagic = 0x377F0682;  // and one more: sums are taken of big-endian words
constexpr std::uint32_t kLargestPage = 65'536;

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8U | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

struct Sum {
  bool is_big_endian;
  std::uint32_t first = 0, second = 0;

  void add(std::string_view bytes) {
    const auto word = [&](std::size_t at) {
      const std::uint32_t number = big_endian(bytes, at);
      return is_big_endian ? number : __builtin_bswap32(number);
    };
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += word(at) + second;
      second += word(at + 4) + first;
    }
  }
  bool is(std::string_view bytes, std::size_t at) const {
    return big_endian(bytes, at) == first && big_endian(bytes, at + 4) == second;
  }
};

}  // namespace

bool has_lost_transactions(std::string_view wal) {
  if (wal.size() < kHeader) return false;
  const std::uint32_t magic = big_endian(wal, 0), page = big_endian(wal, 8);
  Sum sum{magic == kMagic + 1};
  sum.add(wal.substr(0, 24));
  if ((magic & ~1U) != kMagic || !sum.is(wal, 24) || page < 512 || page > kLargestPage || (page & (page - 1)) != 0) {
    // SQLite takes it for empty. A header is one write to one sector, before any frame: it is not torn.
    return wal.size() > kHeader + kFrameHeader;
  }
  const std::string_view salt = wal.substr(16, 8);
  const std::size_t size = kFrameHeader + page;
  bool is_broken = false, had_commit = false;
  for (std::size_t at = kHeader; at + size <= wal.size(); at += size) {
    const std::string_view frame = wal.substr(at, size);
    if (!is_broken) {
      Sum next = sum;
      next.add(frame.substr(0, 8));
      next.add(frame.substr(kFrameHeader));
      is_broken = frame.substr(8, 8) != salt || !next.is(frame, 16);
      sum = next;
      if (!is_broken) continue;
    }
    // Frames of an earlier round of the file have another salt.
    if (frame.substr(8, 8) != salt) continue;
    if (had_commit) return true;
    had_commit = big_endian(frame, 4) != 0;
  }
  return false;
}

}  // namespace piman::manager
