// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/edac.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

const std::initializer_list<TempTree::Entry> kMemory = {{"sys/devices/system/edac/mc/mc0/ce_count", "1\n"},
                                                        {"sys/devices/system/edac/mc/mc0/ce_noinfo_count", "2\n"},
                                                        {"sys/devices/system/edac/mc/mc0/ue_count", "5\n"},
                                                        {"sys/devices/system/edac/mc/mc0/ue_noinfo_count", "6\n"},
                                                        {"sys/devices/system/edac/mc/mc0/csrow0/ce_count", "3\n"},
                                                        {"sys/devices/system/edac/mc/mc0/csrow0/ue_count", "4\n"},
                                                        {"sys/devices/system/edac/mc/mc0/mc_name", "x\n"},
                                                        {"sys/devices/system/edac/mc/power/", ""}};

TEST(Edac, ControllersAndRows) {
  TempTree tree(kMemory);
  EXPECT_EQ(CollectorHarness("edac", tree.path()).page(),
            "node_edac_correctable_errors_total{controller=\"0\"} 1\n"
            "node_edac_csrow_correctable_errors_total{controller=\"0\",csrow=\"0\"} 3\n"
            "node_edac_csrow_correctable_errors_total{controller=\"0\",csrow=\"unknown\"} 2\n"
            "node_edac_csrow_uncorrectable_errors_total{controller=\"0\",csrow=\"0\"} 4\n"
            "node_edac_csrow_uncorrectable_errors_total{controller=\"0\",csrow=\"unknown\"} 6\n"
            "node_edac_uncorrectable_errors_total{controller=\"0\"} 5\n");
}

TEST(Edac, NothingToCountIsNoFailure) {
  TempTree tree({{"sys/devices/", ""}});
  EXPECT_EQ(CollectorHarness("edac", tree.path()).page(), "");
}

TEST(Edac, AControllerThatCannotBeReadIsAnErrorAndTheOthersStand) {
  TempTree tree(kMemory);
  tree.put("sys/devices/system/edac/mc/mc1/ce_count", "x\n");
  const std::string page = CollectorHarness("edac", tree.path()).page();
  EXPECT_THAT(page, testing::HasSubstr("mc1/ce_count: no number: \"x"));
  EXPECT_THAT(page, testing::HasSubstr("node_edac_correctable_errors_total{controller=\"0\"} 1\n"));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("controller=\"1\"")));
}

TEST(Edac, SurvivesTruncation) {
  expect_survives_truncation("edac", "sys/devices/system/edac/mc/mc0/ce_count", "12\n");
}

}  // namespace
}  // namespace piman::agent
