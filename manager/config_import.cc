// SPDX-License-Identifier: Apache-2.0
#include "manager/config_import.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "common/text.h"
#include "manager/config.h"
#include "manager/config_watch.h"

namespace piman::manager {
namespace {

constexpr std::array<std::string_view, 5> kThresholds = {"cpu_threshold", "mem_threshold", "disk_threshold",
                                                         "pids_threshold", "temperature_threshold"};

struct Value {
  std::string text;
  std::size_t line = 0;
};

bool is_url(std::string_view text) {
  return (text.starts_with("https://") || text.starts_with("http://")) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::map<std::string, Value> read_ini(std::string_view rest, std::vector<std::string>& problems) {
  std::map<std::string, Value> values;
  std::size_t number = 0;
  bool is_default = false;
  while (!rest.empty()) {
    const std::string_view line = trim(next_line(rest));
    ++number;
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      is_default = line == "[DEFAULT]";
      if (!is_default) problems.push_back(concat("line ", number, ": the section ", quote(line), " is not [DEFAULT]"));
      continue;
    }
    if (!is_default) continue;
    const std::size_t separator = line.find_first_of("=:");
    if (separator == std::string_view::npos || separator == 0) {
      problems.push_back(concat("line ", number, ": ", quote(line.substr(0, 40)), " is no key = value"));
      continue;
    }
    const std::string key = to_lower(trim(line.substr(0, separator)));
    // configparser doubles what would begin an interpolation.
    std::string text;
    for (const char c : trim(line.substr(separator + 1))) {
      if (c != '%' || text.empty() || text.back() != '%') text.push_back(c);
    }
    values[key] = {text, number};
  }
  return values;
}

/// The duration of so many seconds as the YAML says it.
std::optional<std::string> interval_of(std::string_view text) {
  const auto seconds = parse_double(text);
  if (!seconds || !(*seconds >= 1) || !(*seconds <= 3600)) return std::nullopt;
  return format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000)));
}

}  // namespace

ImportedMonitoring import_monitoring(std::string_view text) {
  ImportedMonitoring imported;
  const auto values = read_ini(text, imported.problems);
  std::string scrape;
  std::string watch;
  for (const auto& [key, value] : values) {
    const auto problem = [&imported, at = value.line](const std::string& words) {
      imported.problems.push_back(concat("line ", at, ": ", words));
    };
    const bool is_receiver = key == "slack" || key == "discord";
    if (value.text.empty()) continue;
    if (is_receiver && !is_url(value.text)) {
      problem(concat(key, " is no URL like https://..."));  // what it is instead may still be a secret
    } else if (key == "slack") {
      imported.slack_url = value.text;
    } else if (key == "discord") {
      imported.discord_url = value.text;
    } else if (key == "timeout") {
      const auto interval = interval_of(value.text);
      if (!interval) {
        problem(concat("timeout: ", quote(value.text), " is no number of seconds from 1 to 3600"));
        continue;
      }
      scrape = concat("  interval: ", *interval, "\n");
      const Config defaults;
      if (*parse_duration(*interval) < defaults.scrape.timeout) scrape += concat("  timeout: ", *interval, "\n");
      if (*parse_duration(*interval) > defaults.scrape.max_backoff) {
        scrape += concat("  max_backoff: ", *interval, "\n");
      }
    } else if (std::find(kThresholds.begin(), kThresholds.end(), key) != kThresholds.end()) {
      Config scratch;
      for (const ConfigKey& known : watch_keys()) {
        if (known.name != key) continue;
        if (const auto set = known.set(scratch, value.text); !set) {
          problem(concat(key, ": ", set.error().message));
        } else {
          watch += concat("  ", key, ": ", known.show(scratch), "\n");
        }
      }
    } else {
      problem(concat("unknown key ", quote(key)));
    }
  }
  if (!imported.discord_url.empty()) watch = concat("  webhook_url_file: ", kDiscordFile, "\n", watch);
  if (!imported.slack_url.empty()) watch = concat("  slack_url_file: ", kSlackFile, "\n", watch);
  if (!scrape.empty()) imported.yaml += concat("scrape:\n", scrape);
  if (!watch.empty()) imported.yaml += concat("watch:\n", watch);
  return imported;
}

}  // namespace piman::manager
