// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/dmi.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

TEST(Dmi, FieldsAreLabelsInTheOrderOfTheirNames) {
  TempTree tree({{"sys/class/dmi/id/sys_vendor", "Raspberry Pi Foundation\n"},
                 {"sys/class/dmi/id/bios_date", "01/02/2024\n"},
                 {"sys/class/dmi/id/board_asset_tag", "\n"},
                 {"sys/class/dmi/id/product_name", "Pi \"4\" \\ B\n"},
                 {"sys/class/dmi/id/chassis_type", "1\n"},
                 {"sys/class/dmi/id/modalias", "dmi:bvn\n"}});
  EXPECT_EQ(CollectorHarness("dmi", tree.path()).page(),
            "node_dmi_info{bios_date=\"01/02/2024\",board_asset_tag=\"\",product_name=\"Pi \\\"4\\\" \\\\ B\","
            "system_vendor=\"Raspberry Pi Foundation\"} 1\n");
}

TEST(Dmi, BytesThatAreNoUtf8AreReplaced) {
  TempTree tree({{"sys/class/dmi/id/product_version", "\xff[\xff\n"}});
  EXPECT_EQ(CollectorHarness("dmi", tree.path()).page(),
            "node_dmi_info{product_version=\"\xEF\xBF\xBD[\xEF\xBF\xBD\"} 1\n");
}

TEST(Dmi, FieldsForRootOnlyAreLeftOut) {
  TempTree tree({{"sys/class/dmi/id/product_serial/", ""}, {"sys/class/dmi/id/board_name", "x\n"}});
  EXPECT_EQ(CollectorHarness("dmi", tree.path()).page(), "node_dmi_info{board_name=\"x\"} 1\n");
}

TEST(Dmi, AbsentOnAPi) {
  TempTree tree({{"sys/class/", ""}});
  EXPECT_EQ(CollectorHarness("dmi", tree.path()).page(), "absent\n");
}

TEST(Dmi, SurvivesTruncation) {
  expect_survives_truncation("dmi", "sys/class/dmi/id/product_name", "\xE2\x9A\x99 Pi \"4\"\n");
}

}  // namespace
}  // namespace piman::agent
