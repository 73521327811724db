// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/selection.h"

#include <gmock/gmock.h>

#include "common/text.h"

namespace piman::manager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Host host(std::string name, std::string_view address, std::string_view mac) {
  return {std::move(name), *Ipv4Address::parse(address), *MacAddress::parse(mac)};
}

class SelectionTest : public testing::Test {
 protected:
  std::vector<std::string> names(const std::vector<std::string>& words) {
    const auto selected = select_nodes(hosts_, words, label_);
    std::vector<std::string> names;
    if (!selected) return {concat("error: ", selected.error().message)};
    for (const Host& one : *selected) names.push_back(one.name);
    return names;
  }
  std::string problem(const std::vector<std::string>& words) {
    const auto selected = select_nodes(hosts_, words, label_);
    return selected ? "" : selected.error().message;
  }

  std::vector<Host> hosts_ = {
      host("pi2", "10.0.0.2", "b8:27:eb:00:00:02"), host("pi3", "10.0.0.3", "b8:27:eb:00:00:03"),
      host("pi4", "10.0.0.4", "b8:27:eb:00:00:04"), host("door", "10.0.0.10", "b8:27:eb:00:00:0a"),
      host("7", "10.0.0.70", "b8:27:eb:00:00:46")};
  LabelOf label_ = [](const Host& one, std::string_view label) {
    return label == "group" && one.name.starts_with("pi") ? std::string("kiosk") : std::string();
  };
};

TEST_F(SelectionTest, NumbersNamesAddressesLabelsAndAll) {
  EXPECT_THAT(names({"2", "4"}), ElementsAre("pi2", "pi4"));
  EXPECT_THAT(names({"10"}), ElementsAre("door"));
  EXPECT_THAT(names({"door", "pi3"}), ElementsAre("pi3", "door"));
  EXPECT_THAT(names({"B8-27-EB-00-00-03"}), ElementsAre("pi3"));
  EXPECT_THAT(names({"group=kiosk"}), ElementsAre("pi2", "pi3", "pi4"));
  EXPECT_THAT(names({"all"}), ElementsAre("pi2", "pi3", "pi4", "door", "7"));
  EXPECT_THAT(names({"7"}), ElementsAre("7"));
}

TEST_F(SelectionTest, EachNodeOnceInTheOrderOfTheInventory) {
  EXPECT_THAT(names({"pi4", "4", "2-4", "pi2"}), ElementsAre("pi2", "pi3", "pi4"));
}

TEST_F(SelectionTest, ARangeMeansThoseThatThereAre) {
  EXPECT_THAT(names({"3-200"}), ElementsAre("pi3", "pi4", "door", "7"));
  EXPECT_THAT(names({"10-10"}), ElementsAre("door"));
  EXPECT_THAT(problem({"11-69"}), HasSubstr("no node has such a number"));
  EXPECT_THAT(problem({"9-2"}), HasSubstr("begins behind its end"));
}

TEST_F(SelectionTest, OneWrongWordStopsAll) {
  EXPECT_THAT(problem({"2", "nobody", "99"}), HasSubstr("\"nobody\": no node is called so; \"99\": no node"));
  EXPECT_THAT(problem({}), HasSubstr("no node is named"));
  EXPECT_THAT(problem({"256"}), HasSubstr("no node is called so"));
  EXPECT_THAT(problem({"-1"}), HasSubstr("no node is called so"));
  EXPECT_THAT(problem({"2-"}), HasSubstr("no node is called so"));
  EXPECT_THAT(problem({""}), HasSubstr("no node is called so"));
  EXPECT_THAT(problem({"group=other"}), HasSubstr("no node has this label"));
  EXPECT_THAT(problem({"=x"}), HasSubstr("is no LABEL=VALUE"));
  EXPECT_THAT(problem({"aa:bb:cc:dd:ee:ff"}), HasSubstr("no node has this address"));
}

TEST_F(SelectionTest, WhatTwoNodesCouldBeMeantByIsNobody) {
  hosts_.push_back(host("far2", "10.0.1.2", "b8:27:eb:00:01:02"));
  EXPECT_THAT(problem({"2"}), HasSubstr("could be pi2 (10.0.0.2) or far2 (10.0.1.2)"));
  EXPECT_THAT(problem({"1-3"}), HasSubstr("2 could be pi2 or far2"));
  EXPECT_THAT(names({"far2"}), ElementsAre("far2"));
  hosts_.push_back(host("seven", "10.0.0.7", "b8:27:eb:00:00:07"));
  EXPECT_THAT(problem({"7"}), HasSubstr("could be"));
}

TEST_F(SelectionTest, LongListsOfProblemsAreCut) {
  const std::vector<std::string> words(3000, "nobody");
  EXPECT_LT(problem(words).size(), 3000U);
  EXPECT_THAT(problem(std::vector<std::string>(5000, "2")), HasSubstr("at most"));
}

}  // namespace
}  // namespace piman::manager
