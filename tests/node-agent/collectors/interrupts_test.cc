// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/interrupts.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kInterrupts =
    "           CPU0       CPU1       \n"
    "  0:         18          0  IR-IO-APIC-edge      timer\n"
    " 16:     328511     351412  IR-IO-APIC-fasteoi   ehci_hcd:usb1,   mmc0\n"
    " 17:          1          2  GICv2\n"
    "NMI:         47       4968   Non-maskable interrupts\n"
    "ERR:          0\n"
    "MIS:          3\n";

TEST(Interrupts, BySourceAndCpu) {
  TempTree tree({{"proc/interrupts", kInterrupts}});
  EXPECT_EQ(CollectorHarness("interrupts", tree.path()).page(),
            "node_interrupts_total{cpu=\"0\",devices=\"timer\",info=\"IR-IO-APIC-edge\",type=\"0\"} 18\n"
            "node_interrupts_total{cpu=\"1\",devices=\"timer\",info=\"IR-IO-APIC-edge\",type=\"0\"} 0\n"
            "node_interrupts_total{cpu=\"0\",devices=\"ehci_hcd:usb1, mmc0\",info=\"IR-IO-APIC-fasteoi\",type=\"16\"} "
            "328511\n"
            "node_interrupts_total{cpu=\"1\",devices=\"ehci_hcd:usb1, mmc0\",info=\"IR-IO-APIC-fasteoi\",type=\"16\"} "
            "351412\n"
            "node_interrupts_total{cpu=\"0\",devices=\"\",info=\"GICv2\",type=\"17\"} 1\n"
            "node_interrupts_total{cpu=\"1\",devices=\"\",info=\"GICv2\",type=\"17\"} 2\n"
            "node_interrupts_total{cpu=\"0\",devices=\"\",info=\"Non-maskable interrupts\",type=\"NMI\"} 47\n"
            "node_interrupts_total{cpu=\"1\",devices=\"\",info=\"Non-maskable interrupts\",type=\"NMI\"} 4968\n");
}

TEST(Interrupts, ASourceThatStandsTwiceCountsOnce) {
  TempTree tree({{"proc/interrupts", "CPU0\n1: 5 a b\n1: 6 a b\n"}});
  EXPECT_EQ(CollectorHarness("interrupts", tree.path()).page(),
            "node_interrupts_total{cpu=\"0\",devices=\"b\",info=\"a\",type=\"1\"} 5\n");
}

TEST(Interrupts, WhatCannotBeReadIsAnError) {
  EXPECT_THAT(CollectorHarness("interrupts", TempTree().path()).page(), StartsWith("error: reading "));
  TempTree tree({{"proc/interrupts", ""}});
  EXPECT_THAT(CollectorHarness("interrupts", tree.path()).page(), HasSubstr("interrupts: empty"));
  tree.put("proc/interrupts", "CPU0 CPU1\n1: 5 many a b\n");
  EXPECT_THAT(CollectorHarness("interrupts", tree.path()).page(), HasSubstr("no whole number: \"1: 5 many a b\""));
}

TEST(Interrupts, SurvivesTruncation) { expect_survives_truncation("interrupts", "proc/interrupts", kInterrupts); }

}  // namespace
}  // namespace piman::agent
