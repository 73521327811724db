// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "manager/api/json.h"

/// `piman top`: the fleet of a running server in a terminal, as it changes.
namespace piman::manager {

int run_top(std::span<const char* const> arguments);

/// How the nodes are ordered.
enum class TopOrder : std::uint8_t { kWorstFirst, kName, kCpu, kMemory, kTemperature };
inline constexpr std::size_t kTopOrderCount = 5;
std::string_view to_string(TopOrder order);

struct TopScreen {
  std::size_t rows = 24, columns = 80;
  std::size_t first = 0;  ///< the node that stands on top; what lies beyond the last page is moved back
  TopOrder order = TopOrder::kWorstFirst;
  bool colours = false;
  std::string problem = {};  ///< why what is shown may be old; empty: it is not
};
/// Pure: a picture of at most `rows` lines of at most `columns` characters each, without a line end behind the last.
std::string render_top(api::FleetView fleet, const TopScreen& screen);

}  // namespace piman::manager
