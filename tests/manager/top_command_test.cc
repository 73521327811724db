// SPDX-License-Identifier: Apache-2.0
#include "manager/top_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/text.h"

namespace piman::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

api::FleetView fleet_of(std::size_t nodes) {
  api::FleetView fleet;
  fleet.site = "lab";
  fleet.now = 1.7e9;
  for (std::size_t i = 0; i < nodes; ++i) {
    api::FleetView::Node node;
    node.name = concat("pi", i);
    node.address = concat("10.0.0.", i);
    node.phase = i == 2 ? "down" : "up";
    node.error = i == 2 ? "no answer" : "";
    node.phase_since = 1.7e9 - 100;
    node.cpu_percent = static_cast<double>(i);
    node.temperature_celsius = 90.0 - static_cast<double>(i);
    fleet.nodes.push_back(node);
  }
  return fleet;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) lines.emplace_back(next_until(text, '\n'));
  return lines;
}

std::string name_in(const std::string& line) { return line.substr(0, line.find(' ')); }

TEST(Top, fills_the_screen_and_no_more) {
  const auto lines = lines_of(render_top(fleet_of(50), {.rows = 10, .columns = 40}));
  EXPECT_THAT(lines, SizeIs(10));
  for (const std::string& line : lines) EXPECT_LE(line.size(), 40U) << line;
  EXPECT_THAT(lines[0], StartsWith("lab: 49 of 50 nodes up, 1 down"));
  EXPECT_THAT(lines[1], StartsWith("NODE "));
  EXPECT_EQ(name_in(lines[2]), "pi2");  // what is down stands on top
  EXPECT_THAT(lines[9], StartsWith("q quit"));
  for (std::size_t rows = 0; rows < 6; ++rows) {
    for (const std::size_t columns : {0U, 1U, 500U}) {
      EXPECT_LE(lines_of(render_top(fleet_of(3), {.rows = rows, .columns = columns})).size(), rows);
    }
  }
  EXPECT_THAT(render_top(api::FleetView{}, {}), HasSubstr("0 of 0 nodes up"));
}

TEST(Top, scrolls_to_its_end_and_no_further) {
  const auto shown = [](std::size_t first) {
    const auto lines =
        lines_of(render_top(fleet_of(9), {.rows = 8, .columns = 99, .first = first, .order = TopOrder::kName}));
    return std::pair(name_in(lines[2]), name_in(lines[6]));
  };
  EXPECT_EQ(shown(0), std::pair(std::string("pi0"), std::string("pi4")));
  EXPECT_EQ(shown(3), std::pair(std::string("pi3"), std::string("pi7")));
  EXPECT_EQ(shown(1000), std::pair(std::string("pi4"), std::string("pi8")));
}

TEST(Top, sorts_by_load_with_what_is_not_up_last) {
  const auto first_and_last = [](TopOrder order) {
    const auto lines = lines_of(render_top(fleet_of(4), {.rows = 24, .columns = 99, .order = order}));
    return std::pair(name_in(lines[2]), name_in(lines[5]));
  };
  EXPECT_EQ(first_and_last(TopOrder::kCpu), std::pair(std::string("pi3"), std::string("pi2")));
  EXPECT_EQ(first_and_last(TopOrder::kTemperature), std::pair(std::string("pi0"), std::string("pi2")));
}

TEST(Top, what_comes_from_the_network_does_not_steer_the_terminal) {
  auto fleet = fleet_of(3);
  fleet.nodes[0].name = "\x1b[2Jevil";
  fleet.site = "a\nb";
  const std::string text = render_top(fleet, {.problem = "gone\x1b[31m"});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("old: gone"));
  EXPECT_THAT(lines_of(text), SizeIs(testing::Le(6U)));
}

TEST(Top, colours_are_not_cut_in_two) {
  for (std::size_t columns = 0; columns < 60; ++columns) {
    const std::string text = render_top(fleet_of(3), {.rows = 24, .columns = columns, .colours = true});
    for (std::size_t at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b', at + 1)) {
      EXPECT_NE(text.find_first_not_of("0123456789;", at + 2), std::string::npos);
      EXPECT_EQ(text[text.find_first_not_of("0123456789;", at + 2)], 'm');
    }
  }
}

}  // namespace
}  // namespace piman::manager
