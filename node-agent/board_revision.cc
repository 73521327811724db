// SPDX-License-Identifier: Apache-2.0
#include "node-agent/board_revision.h"

#include <array>
#include <cstddef>

#include "common/text.h"

namespace piman::agent {
namespace {

constexpr std::uint32_t kNewStyle = 1U << 23;
constexpr std::uint64_t kMebibyte = 1024 * 1024;

constexpr std::array<std::string_view, 6> kManufacturers = {"Sony UK",    "Egoman", "Embest",
                                                            "Sony Japan", "Embest", "Stadium"};
constexpr std::array<std::string_view, 5> kProcessors = {"BCM2835", "BCM2836", "BCM2837", "BCM2711", "BCM2712"};
// By type number; an empty name was never sold.
constexpr std::array<std::string_view, 0x1c> kTypes = {
    "A",   "B", "A+",   "B+", "2B",       "Alpha", "CM1", "",     "3B", "Zero", "CM3", "",    "Zero W",   "3B+",
    "3A+", "",  "CM3+", "4B", "Zero 2 W", "400",   "CM4", "CM4S", "",   "5",    "CM5", "500", "CM5 Lite", "CM0"};

struct OldBoard {
  std::uint32_t code;
  std::string_view type, revision;
  std::uint32_t mebibytes;
  std::string_view manufacturer;
};
// 0x15 was given out with 256 and with 512 MB, so it tells no size.
constexpr std::array<OldBoard, 17> kOldBoards = {{{0x02, "B", "1.0", 256, "Egoman"},
                                                  {0x03, "B", "1.0", 256, "Egoman"},
                                                  {0x04, "B", "2.0", 256, "Sony UK"},
                                                  {0x05, "B", "2.0", 256, "Qisda"},
                                                  {0x06, "B", "2.0", 256, "Egoman"},
                                                  {0x07, "A", "2.0", 256, "Egoman"},
                                                  {0x08, "A", "2.0", 256, "Sony UK"},
                                                  {0x09, "A", "2.0", 256, "Qisda"},
                                                  {0x0d, "B", "2.0", 512, "Egoman"},
                                                  {0x0e, "B", "2.0", 512, "Sony UK"},
                                                  {0x0f, "B", "2.0", 512, "Egoman"},
                                                  {0x10, "B+", "1.2", 512, "Sony UK"},
                                                  {0x11, "CM1", "1.0", 512, "Sony UK"},
                                                  {0x12, "A+", "1.1", 256, "Sony UK"},
                                                  {0x13, "B+", "1.2", 512, "Embest"},
                                                  {0x14, "CM1", "1.0", 512, "Embest"},
                                                  {0x15, "A+", "1.1", 0, "Embest"}}};

template <std::size_t kSize>
std::string_view name_in(const std::array<std::string_view, kSize>& names, std::uint32_t number) {
  return number < names.size() ? names[number] : std::string_view();
}

}  // namespace

std::optional<BoardRevision> decode_revision(std::uint32_t code) {
  const auto bits = [code](unsigned first, unsigned count) { return (code >> first) & ((1U << count) - 1); };
  BoardRevision board;
  if ((code & kNewStyle) != 0) {
    board.new_style = true;
    board.revision = concat("1.", bits(0, 4));
    board.type = name_in(kTypes, bits(4, 8));
    board.processor = name_in(kProcessors, bits(12, 4));
    board.manufacturer = name_in(kManufacturers, bits(16, 4));
    constexpr std::uint32_t kOtherSize = 7;
    if (bits(20, 3) != kOtherSize) board.memory_bytes = (256 * kMebibyte) << bits(20, 3);
    return board;
  }
  for (const OldBoard& old : kOldBoards) {
    if (old.code != bits(0, 16)) continue;
    board.type = old.type;
    board.processor = kProcessors[0];
    board.manufacturer = old.manufacturer;
    board.revision = old.revision;
    board.memory_bytes = old.mebibytes * kMebibyte;
    return board;
  }
  return std::nullopt;
}

}  // namespace piman::agent
