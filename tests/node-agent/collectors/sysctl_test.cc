// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/sysctl.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using testing::ElementsAre;
using testing::HasSubstr;

std::string page_of(const TempTree& tree, const std::string& include, const std::string& include_info = "") {
  CollectorHarness harness("sysctl", tree.path());
  harness.set_option("sysctl.include", include);
  harness.set_option("sysctl.include-info", include_info);
  return harness.page();
}

const std::initializer_list<TempTree::Entry> kSettings = {{"proc/sys/kernel/threads-max", "7801\n"},
                                                          {"proc/sys/kernel/hostname", "node1\n"},
                                                          {"proc/sys/kernel/seccomp/actions_avail", "kill trap\n"},
                                                          {"proc/sys/fs/file-nr", "1024\t0\t1631329\n"},
                                                          {"proc/sys/net/empty", "\n"}};

TEST(Sysctl, OneValueSeveralValuesAndNamedValues) {
  TempTree tree(kSettings);
  EXPECT_EQ(page_of(tree, "kernel.threads-max\nfs.file-nr\nfs.file-nr:total,current,max\nkernel.threads-max"),
            "node_sysctl_fs_file_nr{index=\"0\"} 1024\n"
            "node_sysctl_fs_file_nr{index=\"1\"} 0\n"
            "node_sysctl_fs_file_nr{index=\"2\"} 1.631329e+06\n"
            "node_sysctl_fs_file_nr_current 0\n"
            "node_sysctl_fs_file_nr_max 1.631329e+06\n"
            "node_sysctl_fs_file_nr_total 1024\n"
            "node_sysctl_kernel_threads_max 7801\n");
}

TEST(Sysctl, Texts) {
  TempTree tree(kSettings);
  EXPECT_EQ(page_of(tree, "", "kernel.seccomp.actions_avail\nkernel.hostname"),
            "node_sysctl_info{index=\"0\",name=\"kernel.hostname\",value=\"node1\"} 1\n"
            "node_sysctl_info{index=\"0\",name=\"kernel.seccomp.actions_avail\",value=\"kill\"} 1\n"
            "node_sysctl_info{index=\"1\",name=\"kernel.seccomp.actions_avail\",value=\"trap\"} 1\n");
}

TEST(Sysctl, WhatCannotBeReportedIsAnErrorAndTheOthersStand) {
  TempTree tree(kSettings);
  EXPECT_THAT(page_of(tree, "kernel.none\nkernel.threads-max"), HasSubstr("kernel/none: No such file"));
  EXPECT_THAT(page_of(tree, "kernel.none\nkernel.threads-max"), HasSubstr("node_sysctl_kernel_threads_max 7801\n"));
  EXPECT_THAT(page_of(tree, "kernel.hostname"), HasSubstr("kernel.hostname: no whole number: \"node1\""));
  EXPECT_THAT(page_of(tree, "fs.file-nr:a,b"), HasSubstr("fs.file-nr has 3 values, not 2"));
  EXPECT_THAT(page_of(tree, "net.empty"), HasSubstr("net/empty: no values"));
  EXPECT_THAT(page_of(tree, "", "fs.file-nr:a,b,c"), HasSubstr("include-info takes no keys"));
}

TEST(Sysctl, NothingAskedForIsNothing) {
  TempTree tree(kSettings);
  EXPECT_EQ(page_of(tree, ""), "");
}

TEST(Sysctl, ParsesRequests) {
  EXPECT_EQ(parse_sysctl_request("a.b").name, "a.b");
  EXPECT_TRUE(parse_sysctl_request("a.b").keys.empty());
  EXPECT_THAT(parse_sysctl_request("a.b:x,y").keys, ElementsAre("x", "y"));
  EXPECT_EQ(sysctl_metric_name("net.ipv4.conf.eth0-1.x"), "net_ipv4_conf_eth0_1_x");
  EXPECT_EQ(sysctl_metric_name("a_._b"), "a_b");
}

TEST(Sysctl, SurvivesTruncation) {
  constexpr std::string_view kValue = "1024\t0\t1631329\n";
  for (std::size_t length = 0; length <= kValue.size(); ++length) {
    TempTree tree({{"proc/sys/fs/file-nr", kValue.substr(0, length)}});
    const std::string page = page_of(tree, "fs.file-nr\nfs.file-nr:a,b,c", "fs.file-nr");
    EXPECT_EQ(page.back(), '\n') << page;
  }
}

}  // namespace
}  // namespace piman::agent
