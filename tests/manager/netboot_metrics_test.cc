// SPDX-License-Identifier: Apache-2.0
#include "manager/netboot_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/text.h"
#include "tests/manager/boots/boot_script.h"

namespace piman::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace test;

std::string page_of(NetbootMetrics& metrics, const StoreStats& store = {}, const Recorder::Counts& counts = {}) {
  prom_text::Writer writer(prom_text::Format::kText);
  metrics.write(writer, store, counts);
  writer.finish();
  return writer.text();
}

TEST(NetbootMetrics, has_every_known_series_from_the_start) {
  NetbootMetrics metrics;
  const std::string page = page_of(metrics);
  for (const char* series :
       {"piman_dhcp_dropped_total{reason=\"pool_empty\"} 0\n", "piman_tftp_transfers_total{outcome=\"timed_out\"} 0\n",
        "piman_boots_total{state=\"stuck\"} 0\n", "piman_dhcp_leases{state=\"bound\"} 0\n", "piman_boots_running 0\n",
        "piman_store_failures_total{reason=\"full\"} 0\n", "piman_boot_duration_seconds_count 0\n"}) {
    EXPECT_THAT(page, HasSubstr(series));
  }
}

TEST(NetbootMetrics, counts_messages_transfers_and_boots) {
  NetbootMetrics metrics;
  metrics.count(dhcp("pi4", "DISCOVER", "OFFER"));
  metrics.count(dhcp("pi4", "DISCOVER", "", "pool_empty"));
  metrics.count(transfer(1, "kernel8.img", "started"));
  metrics.count(transfer(2, "config.txt", "started"));
  metrics.count(transfer(3, "nothing", "not_found"));
  auto done = transfer(2, "config.txt", "complete", 3000);
  done.retransmits = 2;
  metrics.count(done);
  metrics.count(netboot::ConsoleLine{kAddress, "line"});
  metrics.count_end(EndedBoot{kMac, {}, BootState::kBooted, "pi4", std::chrono::seconds(12), ""});
  StoreStats store;
  store.leases.bound = 7;
  store.error = "full";
  store.failures[1] = 3;
  Recorder::Counts counts;
  counts.malformed = {{{"dhcp", "too_short"}, 5}};
  counts.pending_hosts = 2;
  const std::string page = page_of(metrics, store, counts);
  for (const char* series :
       {"piman_dhcp_messages_total{result=\"OFFER\",type=\"DISCOVER\"} 1\n",
        "piman_dhcp_messages_total{result=\"none\",type=\"DISCOVER\"} 1\n",
        "piman_dhcp_dropped_total{reason=\"pool_empty\"} 1\n", "piman_dhcp_discovers_total{model=\"pi4\"} 2\n",
        "piman_tftp_transfers_running 1\n", "piman_tftp_transfers_total{outcome=\"complete\"} 1\n",
        "piman_tftp_transfers_total{outcome=\"not_found\"} 1\n", "piman_tftp_sent_bytes_total 3000\n",
        "piman_tftp_retransmits_total 2\n", "piman_http_boot_transfers_total{outcome=\"complete\"} 0\n",
        "piman_boot_duration_seconds_bucket{le=\"15\"} 1\n", "piman_boots_total{state=\"booted\"} 1\n",
        "piman_dhcp_leases{state=\"bound\"} 7\n", "piman_store_failing 1\n",
        "piman_store_failures_total{reason=\"full\"} 3\n", "piman_dhcp_malformed_total{reason=\"too_short\"} 5\n",
        "piman_pending_hosts 2\n", "piman_console_lines_total 1\n"}) {
    EXPECT_THAT(page, HasSubstr(series));
  }
}

TEST(NetbootMetrics, says_of_each_pool_what_is_left) {
  const auto page = [](const std::vector<netboot::dhcp::PoolUse>& pools) {
    prom_text::Writer writer(prom_text::Format::kText);
    write_pool_metrics(writer, pools);
    writer.finish();
    return writer.text();
  };
  const auto range = [](const char* first, const char* last) {
    return netboot::dhcp::AddressRange{*Ipv4Address::parse(first), *Ipv4Address::parse(last)};
  };
  EXPECT_EQ(page({}), "") << "no pool, no family";
  const std::string two = page({{range("10.0.0.100", "10.0.0.199"), 7}, {range("10.1.0.0", "10.1.255.255"), 0}});
  EXPECT_THAT(two, HasSubstr("# TYPE piman_dhcp_pool_addresses gauge\n"
                             "piman_dhcp_pool_addresses{pool=\"10.0.0.100-10.0.0.199\"} 100\n"
                             "piman_dhcp_pool_addresses{pool=\"10.1.0.0-10.1.255.255\"} 65536\n"));
  EXPECT_THAT(two, HasSubstr("# TYPE piman_dhcp_pool_addresses_free gauge\n"
                             "piman_dhcp_pool_addresses_free{pool=\"10.0.0.100-10.0.0.199\"} 7\n"
                             "piman_dhcp_pool_addresses_free{pool=\"10.1.0.0-10.1.255.255\"} 0\n"));
}

TEST(NetbootMetrics, words_without_end_become_one) {
  NetbootMetrics metrics;
  std::vector<std::string> words;
  for (int i = 0; i < 500; ++i) words.push_back(concat("reason", i));
  for (const std::string& word : words) metrics.count(dhcp(word, "DISCOVER", "", word));
  const std::string page = page_of(metrics);
  EXPECT_THAT(page, HasSubstr("piman_dhcp_dropped_total{reason=\"reason0\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("piman_dhcp_dropped_total{reason=\"other\"}"));
  EXPECT_THAT(page, Not(HasSubstr("reason499")));
}

TEST(NetbootMetrics, names_the_unit_of_every_family) {
  NetbootMetrics metrics;
  const std::string page = page_of(metrics);
  std::string_view rest = page;
  std::size_t families = 0;
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    if (!line.starts_with("# HELP ")) continue;
    ++families;
    const std::string words(line);
    const std::string_view name = line.substr(7, line.find(' ', 7) - 7);
    EXPECT_TRUE(name.find("_seconds") == std::string_view::npos || words.find("in seconds") != std::string::npos)
        << line;
    EXPECT_TRUE(name.find("_bytes") == std::string_view::npos || words.find("Bytes") != std::string::npos) << line;
  }
  EXPECT_GE(families, 25U);
}

}  // namespace
}  // namespace piman::manager
