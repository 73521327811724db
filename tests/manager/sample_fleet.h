// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "manager/fleet/fleet.h"

/// A fleet with a node in each phase, for tests of what is shown of it. Everything stands near kSampleTime.
namespace piman::manager::test {

inline WallTime sample_time(double after_seconds = 0) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(1.7e9 + after_seconds)));
}

inline Host sample_host(const std::string& name, const char* address, const char* mac) {
  return Host{name, *Ipv4Address::parse(address), *MacAddress::parse(mac)};
}

inline ScrapeResult good_scrape(WallTime at) {
  ScrapeResult result;
  result.at = at;
  result.duration = std::chrono::milliseconds(25);
  result.host_answered = true;
  result.body_bytes = 42;
  result.samples = 3;
  result.event = NodeEvent{};
  result.event->cpu_percent = 12.5;
  result.event->memory_percent = 40;
  result.event->disk_percent = 31.25;
  result.event->num_pids = 120;
  result.temperature_celsius = 48.312;
  result.boot_time_seconds = 1.69999e9;
  result.model = "Raspberry Pi 4 Model B Rev 1.4";
  result.page = std::make_shared<const std::string>("# TYPE node_load1 gauge\nnode_load1 0.5\n");
  return result;
}

inline ScrapeResult bad_scrape(WallTime at, ScrapeError error, const std::string& text) {
  ScrapeResult result;
  result.at = at;
  result.duration = std::chrono::seconds(5);
  result.error = error;
  result.error_text = text;
  result.host_answered = error == ScrapeError::kRefused;
  return result;
}

/// pi1 up, pi2 down after it was up, pi3 without its agent, pi4 pending. `now` is the time of the last scrape.
inline void fill_sample_fleet(Fleet& fleet, WallTime now = sample_time(90)) {
  fleet.set_inventory(
      {sample_host("pi1", "10.0.0.11", "b8:27:eb:00:00:01"), sample_host("pi2", "10.0.0.12", "b8:27:eb:00:00:02"),
       sample_host("pi3", "10.0.0.13", "b8:27:eb:00:00:03"), sample_host("pi4", "10.0.0.14", "b8:27:eb:00:00:04")},
      now - std::chrono::seconds(90));
  fleet.apply("pi1", good_scrape(now - std::chrono::milliseconds(79'500)));
  fleet.apply("pi1", good_scrape(now));
  fleet.apply("pi2", good_scrape(now - std::chrono::seconds(75)));
  fleet.apply("pi2", bad_scrape(now - std::chrono::seconds(60), ScrapeError::kTimeout, "no answer within 5 s"));
  fleet.apply("pi3", bad_scrape(now - std::chrono::seconds(5), ScrapeError::kRefused, "connection refused"));
}

}  // namespace piman::manager::test
