// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/check.h"
#include "node-agent/board_revision.h"
#include "node-agent/collectors/rpi_power.h"
#include "node-agent/device_tree.h"

// Any bytes as properties of a device tree and as the lines of cpuinfo: what comes out of them is what was in them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman;
  using namespace piman::agent;
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const auto cells = decode_cells(content);
  PIMAN_CHECK(cells.size() == size / 4);
  PIMAN_CHECK(cells.empty() || decode_cell(content) == cells.front());
  for (const auto& [volts, amperes] : parse_supply_offers(cells)) PIMAN_CHECK(volts < 52 && amperes < 11);
  for (const std::uint32_t code : cells) {
    const auto board = decode_revision(code);
    if (!board) continue;
    PIMAN_CHECK(board->memory_bytes <= std::uint64_t{16} << 30);
    PIMAN_CHECK(board->new_style || !board->type.empty());
  }
  if (const auto board = parse_cpuinfo_identity(content)) PIMAN_CHECK(content.find(board->serial) != content.npos);
  return 0;
}
