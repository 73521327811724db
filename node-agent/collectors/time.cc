// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/time.h"

#include <chrono>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/attribute_files.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

class TimeCollector final : public Collector {
 public:
  explicit TimeCollector(const CollectorContext& context)
      : directory_(context.paths.sys("devices/system/clocksource")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const WallTime now = std::chrono::system_clock::now();
    out.single(time_, unix_seconds(now));
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm local{};
    if (::localtime_r(&seconds, &local) != nullptr) {
      out.family(zone_offset_);
      out.sample({{"time_zone", local.tm_zone == nullptr ? "" : local.tm_zone}}, static_cast<double>(local.tm_gmtoff));
    }
    return collect_clock_sources(out);
  }

 private:
  Result<Outcome> collect_clock_sources(prom_text::Writer& out) {
    constexpr std::string_view kPrefix = "clocksource";
    if (clock_sources_.empty()) {  // the kernel makes them when it starts
      auto names = list_host_directory(directory_);
      if (!names) return fail(names.error().message);
      std::erase_if(*names, [&](const std::string& name) { return !name.starts_with(kPrefix); });
      clock_sources_ = std::move(*names);
    }
    out.family(available_);
    for (const std::string& name : clock_sources_) {
      std::string_view rest = files_.read(concat(directory_, '/', name, "/available_clocksource")).value_or("");
      while (!rest.empty()) {
        const std::string_view source = next_field(rest);
        if (source.empty()) break;
        out.sample({{"clocksource", source}, {"device", name.substr(kPrefix.size())}}, std::uint64_t{1});
      }
    }
    out.family(current_);
    for (const std::string& name : clock_sources_) {
      const auto source = files_.read(concat(directory_, '/', name, "/current_clocksource"));
      if (source) out.sample({{"clocksource", *source}, {"device", name.substr(kPrefix.size())}}, std::uint64_t{1});
    }
    return Outcome::kCollected;
  }

  std::string directory_;
  std::vector<std::string> clock_sources_;
  AttributeFiles files_;
  const Family time_{"node_time_seconds", Type::kGauge, "System time, in seconds since the Unix epoch."};
  const Family zone_offset_{"node_time_zone_offset_seconds", Type::kGauge,
                            "Offset of the local time zone from UTC, in seconds."};
  const Family available_{"node_time_clocksource_available_info", Type::kGauge,
                          "Always 1; the labels name a usable clock source."};
  const Family current_{"node_time_clocksource_current_info", Type::kGauge,
                        "Always 1; the labels name the clock source in use."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_time_collector(const CollectorContext& context) {
  return std::make_unique<TimeCollector>(context);
}

}  // namespace piman::agent
