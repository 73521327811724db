// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/watchdog.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/absence.h"
#include "node-agent/attribute_files.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

// Source: Documentation/ABI/testing/sysfs-class-watchdog of the kernel.
constexpr std::array<std::string_view, 7> kNumbers = {"access_cs0", "bootstatus", "fw_version", "nowayout",
                                                      "pretimeout", "timeleft",   "timeout"};
constexpr std::array<std::string_view, 5> kWords = {"identity", "options", "pretimeout_governor", "state", "status"};
constexpr std::size_t kNumbersBeforeInfo = 3;

struct Watchdog {
  std::string name;
  std::array<std::optional<std::int64_t>, kNumbers.size()> numbers;
  std::array<std::string, kWords.size()> words;
};

class WatchdogCollector final : public Collector {
 public:
  explicit WatchdogCollector(const CollectorContext& context) : directory_(context.paths.sys("class/watchdog")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto names = list_host_directory(directory_);
    if (!names) return absent_or_failed(directory_, names.error());
    if (names->empty()) return Outcome::kNone;
    std::vector<Watchdog> watchdogs;
    for (const std::string& name : *names) {
      auto watchdog = read(name);
      if (!watchdog) return fail(watchdog.error().message);
      watchdogs.push_back(std::move(*watchdog));
    }
    for (std::size_t i = 0; i < kNumbers.size(); ++i) {
      if (i == kNumbersBeforeInfo) write_info(watchdogs, out);
      out.family(families_[i]);
      for (const Watchdog& watchdog : watchdogs) {
        if (watchdog.numbers[i]) out.sample({{"name", watchdog.name}}, static_cast<double>(*watchdog.numbers[i]));
      }
    }
    return Outcome::kCollected;
  }

 private:
  Result<Watchdog> read(const std::string& name) {
    Watchdog watchdog;
    watchdog.name = name;
    // Drivers show what their hardware has: the listing says which.
    const auto attributes = list_host_directory(concat(directory_, '/', name));
    if (!attributes) return fail(attributes.error().message);
    const auto has = [&](std::string_view attribute) {
      return std::binary_search(attributes->begin(), attributes->end(), attribute);
    };
    for (std::size_t i = 0; i < kNumbers.size(); ++i) {
      if (!has(kNumbers[i])) continue;
      const std::string path = concat(directory_, '/', name, '/', kNumbers[i]);
      const auto text = files_.read(path);
      if (!text) continue;  // the driver can't tell now
      watchdog.numbers[i] = parse_i64(*text);
      if (!watchdog.numbers[i]) return fail(concat(path, ": no whole number: ", quote(*text)));
    }
    for (std::size_t i = 0; i < kWords.size(); ++i) {
      if (!has(kWords[i])) continue;
      watchdog.words[i] = files_.read(concat(directory_, '/', name, '/', kWords[i])).value_or(std::string_view());
    }
    return watchdog;
  }

  void write_info(const std::vector<Watchdog>& watchdogs, prom_text::Writer& out) const {
    out.family(info_);
    for (const Watchdog& watchdog : watchdogs) {
      out.sample({{"identity", watchdog.words[0]},
                  {"name", watchdog.name},
                  {"options", watchdog.words[1]},
                  {"pretimeout_governor", watchdog.words[2]},
                  {"state", watchdog.words[3]},
                  {"status", watchdog.words[4]}},
                 std::uint64_t{1});
    }
  }

  std::string directory_;
  AttributeFiles files_;
  const Family info_{"node_watchdog_info", Type::kGauge, "Always 1; the labels hold what a watchdog says of itself."};
  const std::array<Family, kNumbers.size()> families_ = {
      Family("node_watchdog_access_cs0", Type::kGauge, "Whether the other boot flash may be reached: 1 or 0."),
      Family("node_watchdog_bootstatus", Type::kGauge, "Why the machine was last reset, in the watchdog's own bits."),
      Family("node_watchdog_fw_version", Type::kGauge, "Version of the watchdog's firmware."),
      Family("node_watchdog_nowayout", Type::kGauge, "Whether a watchdog once started can't be stopped: 1 or 0."),
      Family("node_watchdog_pretimeout_seconds", Type::kGauge, "Warning that is given before the reset, in seconds."),
      Family("node_watchdog_timeleft_seconds", Type::kGauge, "Time left until the reset, in seconds."),
      Family("node_watchdog_timeout_seconds", Type::kGauge,
             "Time without a sign of life until the reset, in seconds.")};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_watchdog_collector(const CollectorContext& context) {
  return std::make_unique<WatchdogCollector>(context);
}

}  // namespace piman::agent
