// SPDX-License-Identifier: Apache-2.0
#include "node-agent/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <span>

namespace piman::agent {
namespace {

Options parse(std::initializer_list<const char*> arguments) {
  return parse_options(std::span<const char* const>(arguments.begin(), arguments.size()));
}

TEST(Options, Defaults) {
  const Options options = parse({});
  EXPECT_THAT(options.problems, testing::IsEmpty());
  ASSERT_EQ(options.listen.size(), 1U);
  EXPECT_EQ(options.listen[0].to_string(), ":3000");
  EXPECT_EQ(options.telemetry_path, "/metrics");
  EXPECT_THAT(options.enabled, testing::Contains("cpu"));
  EXPECT_EQ(options.collectors.option("netdev.device-exclude"), "^lo$");
}

TEST(Options, ListenAddressIsRepeatable) {
  const Options options = parse({"--web.listen-address=127.0.0.1:9100", "--web.listen-address", "[::1]:9101"});
  ASSERT_EQ(options.listen.size(), 2U);
  EXPECT_EQ(options.listen[1].to_string(), "[::1]:9101");
}

TEST(Options, CollectorsByFlag) {
  EXPECT_THAT(parse({"--no-collector.cpu"}).enabled, testing::Not(testing::Contains("cpu")));
  EXPECT_THAT(parse({"--collector.disable-defaults", "--collector.cpu", "--collector.stat"}).enabled,
              testing::ElementsAre("cpu", "stat"));
}

TEST(Options, EveryProblemIsReported) {
  const Options options = parse({"--web.listen-address=nowhere", "--log.level=loud", "--bogus", "left-over",
                                 "--web.max-requests=-1", "--web.telemetry-path=metrics"});
  EXPECT_THAT(options.problems, testing::UnorderedElementsAre(
                                    "unknown flag \"--bogus\"; --help lists them", "unexpected argument \"left-over\"",
                                    "--web.listen-address: \"nowhere\" is not ADDRESS:PORT or :PORT",
                                    "--web.telemetry-path: \"metrics\" does not begin with a slash",
                                    "--web.max-requests: \"-1\" is not a number up to 65535",
                                    "--log.level: \"loud\" is none of debug, info, warn, error"));
}

TEST(Options, ACollectorThatIsLeftOutCanOnlyBeSwitchedOff) {
  EXPECT_THAT(parse({"--no-collector.infiniband"}).problems, testing::IsEmpty());
  EXPECT_THAT(
      parse({"--collector.ntp"}).problems,
      testing::ElementsAre("--collector.ntp: this agent has no such collector: it queries a time server at every "
                           "scrape; timex tells whether the clock is synchronised"));
}

TEST(Options, TheManPageNamesEveryFlag) {
  const std::string page = agent_man_page();
  for (const Flag& flag : agent_flags()) EXPECT_THAT(page, testing::HasSubstr(man_escaped(flag.name)));
}

TEST(Options, HelpNamesEveryFlag) {
  const std::string help = agent_help();
  for (const Flag& flag : agent_flags()) EXPECT_THAT(help, testing::HasSubstr(flag.name));
}

}  // namespace
}  // namespace piman::agent
