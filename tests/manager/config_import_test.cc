// SPDX-License-Identifier: Apache-2.0
#include "manager/config_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "manager/config.h"

namespace piman::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// As the Python system wrote it.
constexpr const char* kOld =
    "[DEFAULT]\n"
    "timeout = 10\n"
    "cpu_threshold = 85\n"
    "mem_threshold = 80.5\n"
    "disk_threshold = 90\n"
    "pids_threshold = 400\n"
    "temperature_threshold = 75\n"
    "slack = https://hooks.slack.com/services/T0/B0/secret\n"
    "discord = \n";

TEST(ImportMonitoring, AnOldFileBecomesTheSameThresholds) {
  const ImportedMonitoring imported = import_monitoring(kOld);
  EXPECT_THAT(imported.problems, IsEmpty());
  EXPECT_EQ(imported.slack_url, "https://hooks.slack.com/services/T0/B0/secret");
  EXPECT_EQ(imported.discord_url, "");
  EXPECT_THAT(imported.yaml, Not(HasSubstr("secret"))) << "a secret has no place in the configuration";
  const ParsedConfig parsed = parse_config(imported.yaml, "/etc/piman");
  ASSERT_THAT(parsed.problems, IsEmpty()) << imported.yaml;
  const auto threshold = [&parsed](watch::Condition condition) {
    return parsed.config.watch.rules[watch::index_of(condition)].threshold;
  };
  EXPECT_EQ(parsed.config.scrape.interval, std::chrono::seconds(10));
  EXPECT_EQ(threshold(watch::Condition::kCpu), 85);
  EXPECT_EQ(threshold(watch::Condition::kMemory), 80.5);
  EXPECT_EQ(threshold(watch::Condition::kDisk), 90);
  EXPECT_EQ(threshold(watch::Condition::kPids), 400);
  EXPECT_EQ(threshold(watch::Condition::kTemperature), 75);
  EXPECT_THAT(parsed.config.watch.slack_url_file, HasSubstr("slack.url"));
}

TEST(ImportMonitoring, OtherFormsOfTheSame) {
  const ImportedMonitoring imported =
      import_monitoring("# a comment\n; another\n\n[DEFAULT]\r\n  CPU_Threshold:  85  \r\nslack=http://a/b%%20c\n");
  EXPECT_THAT(imported.problems, IsEmpty());
  EXPECT_EQ(imported.yaml, "watch:\n  slack_url_file: slack.url\n  cpu_threshold: 85\n");
  EXPECT_EQ(imported.slack_url, "http://a/b%20c") << "configparser doubles the sign";
}

TEST(ImportMonitoring, AnIntervalThatIsShorterThanOthersTakesThemWithIt) {
  for (const char* seconds : {"1", "2.5", "3600"}) {
    const ImportedMonitoring imported = import_monitoring(std::string("[DEFAULT]\ntimeout=") + seconds);
    EXPECT_THAT(imported.problems, IsEmpty());
    EXPECT_THAT(parse_config(imported.yaml, "/etc/piman").problems, IsEmpty()) << imported.yaml;
  }
}

TEST(ImportMonitoring, WhatCanNotBeTakenIsSaidWithItsLine) {
  const ImportedMonitoring imported = import_monitoring(
      "cpu_threshold = 1\n[nodes]\ncpu_threshold = 2\n[DEFAULT]\ncpu_threshold = much\nmem_threshold = 500\ntimeout = "
      "0\n"
      "timeout = nan\nfoo = 1\nno value\n= 3\ndisk_threshold = 80\nslack = T0/B0/secret\n");
  EXPECT_EQ(imported.yaml, "watch:\n  disk_threshold: 80\n");
  const std::string all = [&imported] {
    std::string text;
    for (const std::string& each : imported.problems) text += each + "\n";
    return text;
  }();
  for (const char* words :
       {"line 2: the section \"[nodes]\" is not [DEFAULT]", "line 5: cpu_threshold: \"much\" is no number",
        "line 6: mem_threshold: 500 is not between 1 and 100", "line 8: timeout: \"nan\"",
        "line 9: unknown key \"foo\"", "line 10: \"no value\"", "line 11: ", "line 13: slack is no URL"}) {
    EXPECT_THAT(all, HasSubstr(words));
  }
  EXPECT_THAT(all, Not(HasSubstr("secret"))) << "what is no URL may still be a secret";
  EXPECT_EQ(imported.slack_url, "");
}

TEST(ImportMonitoring, EveryTruncationIsTakenOrSaid) {
  const std::string whole = kOld;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const ImportedMonitoring imported = import_monitoring(whole.substr(0, size));
    EXPECT_THAT(parse_config(imported.yaml, "/etc/piman").problems, IsEmpty()) << size << "\n" << imported.yaml;
  }
  EXPECT_EQ(import_monitoring("").yaml, "");
  EXPECT_THAT(import_monitoring(std::string(1000, '[')).problems, SizeIs(1));
}

}  // namespace
}  // namespace piman::manager
