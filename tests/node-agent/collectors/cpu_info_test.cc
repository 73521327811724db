// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/cpu_info.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kX86 =
    "processor\t: 0\n"
    "vendor_id\t: GenuineIntel\n"
    "cpu family\t: 6\n"
    "model\t\t: 142\n"
    "model name\t: Some CPU @ 1.90GHz\n"
    "stepping\t: 10\n"
    "microcode\t: 0xb4\n"
    "cache size\t: 8192 KB\n"
    "physical id\t: 0\n"
    "core id\t\t: 1\n"
    "flags\t\t: fpu aes avx avx2\n"
    "bugs\t\t: spectre_v1 mds\n"
    "power management:\n"
    "\n"
    "processor\t: 1\n"
    "flags\t\t: other\n"
    "\n";

constexpr std::string_view kPi4 =
    "processor\t: 0\n"
    "BogoMIPS\t: 108.00\n"
    "Features\t: fp asimd crc32\n"
    "CPU implementer\t: 0x41\n"
    "CPU part\t: 0xd08\n"
    "\n"
    "processor\t: 1\n"
    "Features\t: fp asimd crc32\n"
    "\n"
    "Hardware\t: BCM2835\n"
    "Model\t\t: Raspberry Pi 4 Model B Rev 1.4\n";

constexpr std::string_view kStat = "cpu0 10 1 5 500 3 0 4 0 2 0\n";

std::string page_of(std::string_view cpuinfo, const std::vector<std::pair<std::string, std::string>>& options) {
  TempTree tree({{"proc/cpuinfo", cpuinfo}, {"proc/stat", kStat}});
  CollectorHarness harness("cpu", tree.path());
  for (const auto& [name, value] : options) harness.set_option(name, value);
  return harness.page();
}

TEST(CpuInfo, X86) {
  const std::string page = page_of(kX86, {{"cpu.info", "true"}});
  EXPECT_THAT(page, testing::HasSubstr(
                        "node_cpu_info{cachesize=\"8192 KB\",core=\"1\",cpu=\"0\",family=\"6\",microcode=\"0xb4\","
                        "model=\"142\",model_name=\"Some CPU @ 1.90GHz\",package=\"0\",stepping=\"10\","
                        "vendor=\"GenuineIntel\"} 1\n"
                        "node_cpu_info{cachesize=\"\",core=\"\",cpu=\"1\",family=\"\",microcode=\"\",model=\"\","
                        "model_name=\"\",package=\"\",stepping=\"\",vendor=\"\"} 1\n"));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("node_cpu_flag_info")));
}

TEST(CpuInfo, NotUnlessAskedFor) { EXPECT_THAT(page_of(kX86, {}), testing::Not(testing::HasSubstr("node_cpu_info"))); }

TEST(CpuInfo, ChoosingFlagsOrBugsTurnsItOn) {
  const std::string page =
      page_of(kX86, {{"cpu.info.flags-include", "^(aes|avx.?)$"}, {"cpu.info.bugs-include", "spectre"}});
  EXPECT_THAT(page, testing::HasSubstr("node_cpu_bug_info{bug=\"spectre_v1\"} 1\n"));
  EXPECT_THAT(page, testing::HasSubstr("node_cpu_flag_info{flag=\"aes\"} 1\n"
                                       "node_cpu_flag_info{flag=\"avx\"} 1\n"
                                       "node_cpu_flag_info{flag=\"avx2\"} 1\n"));
  EXPECT_THAT(page, testing::HasSubstr("node_cpu_info{"));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("fpu")));
}

TEST(CpuInfo, Pi4) {
  const auto info = parse_cpuinfo(kPi4);
  ASSERT_TRUE(info);
  ASSERT_EQ(info->cpus.size(), 2U);
  EXPECT_EQ(info->cpus[1].processor, "1");
  EXPECT_EQ(info->cpus[1].model, "");  // "Model" is the board's
  EXPECT_EQ(info->flags, "fp asimd crc32");
}

TEST(CpuInfo, OldArmKernels) {
  const auto info = parse_cpuinfo("Processor\t: ARMv6-compatible processor rev 7 (v6l)\nBogoMIPS\t: 697.95\n");
  ASSERT_TRUE(info);
  ASSERT_EQ(info->cpus.size(), 1U);
  EXPECT_EQ(info->cpus[0].processor, "0");
  EXPECT_EQ(info->cpus[0].model_name, "ARMv6-compatible processor rev 7 (v6l)");
}

TEST(CpuInfo, WhatIsNoneIsAnErrorAndTheTimesStand) {
  EXPECT_FALSE(parse_cpuinfo(""));
  EXPECT_FALSE(parse_cpuinfo("processor\t: x\n"));
  EXPECT_FALSE(parse_cpuinfo("model\t: 1\n"));
  const std::string page = page_of("nothing", {{"cpu.info", "true"}});
  EXPECT_THAT(page, testing::HasSubstr("cpuinfo: no processors"));
  EXPECT_THAT(page, testing::HasSubstr("node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 5\n"));
}

TEST(CpuInfo, RefusesABadExpression) {
  EXPECT_THAT(page_of(kX86, {{"cpu.info.flags-include", "("}}),
              testing::HasSubstr("--collector.cpu.info.flags-include: "));
}

TEST(CpuInfo, SurvivesTruncation) {
  for (const std::string_view content : {kX86, kPi4}) {
    for (std::size_t length = 0; length < content.size(); ++length) {
      const auto info = parse_cpuinfo(content.substr(0, length));
      EXPECT_TRUE(!info || info->cpus.size() <= 2U) << length;
    }
  }
}

}  // namespace
}  // namespace piman::agent
