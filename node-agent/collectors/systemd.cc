// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/systemd.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/text.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

/// In the order of their names.
constexpr std::array<std::string_view, 5> kStates = {"activating", "active", "deactivating", "failed", "inactive"};
/// The first version that tells the system's state, and when a timer last fired.
constexpr double kLeastVersion = 212;

double seconds(std::uint64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

class SystemdCollector final : public Collector {
 public:
  SystemdCollector(const CollectorContext& context, std::unique_ptr<SystemdBus> bus, NameFilter exclude,
                   NameFilter include)
      : bus_(std::move(bus)),
        exclude_(std::move(exclude)),
        include_(std::move(include)),
        with_restarts_(context.option("systemd.enable-restarts-metrics") == "true"),
        with_start_time_(context.option("systemd.enable-start-time-metrics") == "true"),
        with_tasks_(context.option("systemd.enable-task-metrics") == "true") {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto connected = bus_->connect();
    if (!connected) return fail(connected.error().message);
    const auto version_text = bus_->manager_text("Version");
    if (!version_text) return fail(version_text.error().message);
    const double version = systemd_version_number(*version_text);
    auto all = bus_->list_units();
    if (!all) return fail(all.error().message);
    std::map<std::string, std::uint64_t, std::less<>> summary;
    for (const std::string_view state : kStates) summary.emplace(state, 0);
    std::vector<SystemdUnit> units;
    for (SystemdUnit& unit : *all) {
      ++summary[unit.active_state];
      const bool wanted = unit.load_state == "loaded" && !include_.ignores(unit.name) && !exclude_.ignores(unit.name);
      if (wanted) units.push_back(std::move(unit));
    }
    std::sort(units.begin(), units.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    forget_types_after_reload();

    if (with_restarts_) write_u32(restarts_, "NRestarts", ".service", "Service", units, out);
    write_sockets(units, out);
    std::optional<std::string> state_problem;
    if (version >= kLeastVersion) {
      const auto state = bus_->manager_text("SystemState");
      if (state) out.single(system_running_, std::uint64_t{*state == "running" ? 1U : 0U});
      if (!state) state_problem = state.error().message;
      write_timers(units, out);
    }
    if (with_start_time_) write_start_times(units, out);
    write_unit_states(units, out);
    if (with_tasks_) {
      write_tasks(tasks_, "TasksCurrent", units, out);
      write_tasks(most_tasks_, "TasksMax", units, out);
    }
    out.family(units_);
    for (const auto& [state, count] : summary) out.sample({{"state", state}}, count);
    out.family(version_family_);
    out.sample({{"version", version > 0 ? *version_text : std::string()}}, version);
    if (state_problem) return fail(*state_problem);
    if (!bus_->is_connected()) return fail("the system bus was lost while systemd was asked");
    return Outcome::kCollected;
  }

 private:
  using Units = std::vector<SystemdUnit>;

  /// A unit's type can change with its file only, and files are read at a reload: sparing a question for each service.
  void forget_types_after_reload() {
    constexpr std::size_t kMostTypes = 4096;
    const auto loaded_at = bus_->manager_u64("UnitsLoadTimestampMonotonic");
    if (!loaded_at || loaded_at != loaded_at_ || types_.size() > kMostTypes) types_.clear();
    loaded_at_ = loaded_at;
  }

  std::string_view type_of(const SystemdUnit& unit) {
    const char* kind = unit.name.ends_with(".service") ? "Service" : unit.name.ends_with(".mount") ? "Mount" : nullptr;
    if (kind == nullptr) return {};
    const auto found = types_.find(unit.name);
    if (found != types_.end()) return found->second;
    auto type = bus_->unit_text(unit, kind, "Type");
    if (!type) return {};
    return types_.emplace(unit.name, std::move(*type)).first->second;
  }

  void write_unit_states(const Units& units, prom_text::Writer& out) {
    out.family(unit_state_);
    for (const SystemdUnit& unit : units) {
      const std::string_view type = type_of(unit);
      for (const std::string_view state : kStates) {
        out.sample({{"name", unit.name}, {"state", state}, {"type", type}},
                   std::uint64_t{unit.active_state == state ? 1U : 0U});
      }
    }
  }

  void write_u32(const Family& family, const char* property, std::string_view suffix, const char* kind,
                 const Units& units, prom_text::Writer& out) {
    out.family(family);
    for (const SystemdUnit& unit : units) {
      if (!unit.name.ends_with(suffix)) continue;
      if (const auto number = bus_->unit_u32(unit, kind, property)) {
        out.sample({{"name", unit.name}}, std::uint64_t{*number});
      }
    }
  }

  void write_sockets(const Units& units, prom_text::Writer& out) {
    write_u32(accepted_, "NAccepted", ".socket", "Socket", units, out);
    write_u32(connections_, "NConnections", ".socket", "Socket", units, out);
    write_u32(refused_, "NRefused", ".socket", "Socket", units, out);
  }

  void write_timers(const Units& units, prom_text::Writer& out) {
    out.family(last_trigger_);
    for (const SystemdUnit& unit : units) {
      if (!unit.name.ends_with(".timer")) continue;
      if (const auto time = bus_->unit_u64(unit, "Timer", "LastTriggerUSec")) {
        out.sample({{"name", unit.name}}, seconds(*time));
      }
    }
  }

  void write_start_times(const Units& units, prom_text::Writer& out) {
    out.family(start_time_);
    for (const SystemdUnit& unit : units) {
      const bool active = unit.active_state == "active";
      const auto time = active ? bus_->unit_u64(unit, "Unit", "ActiveEnterTimestamp") : std::uint64_t{0};
      if (time) out.sample({{"name", unit.name}}, seconds(*time));
    }
  }

  void write_tasks(const Family& family, const char* property, const Units& units, prom_text::Writer& out) {
    constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
    out.family(family);
    for (const SystemdUnit& unit : units) {
      if (!unit.name.ends_with(".service")) continue;
      const auto tasks = bus_->unit_u64(unit, "Service", property);
      if (tasks && *tasks != kNone) out.sample({{"name", unit.name}}, *tasks);
    }
  }

  std::unique_ptr<SystemdBus> bus_;
  NameFilter exclude_, include_;
  const bool with_restarts_, with_start_time_, with_tasks_;
  std::optional<std::uint64_t> loaded_at_;
  std::map<std::string, std::string, std::less<>> types_;  ///< by unit
  const Family restarts_{"node_systemd_service_restart_total", Type::kCounter, "Restarts of a service by systemd."};
  const Family accepted_{"node_systemd_socket_accepted_connections_total", Type::kCounter,
                         "Connections that a socket unit accepted."};
  const Family connections_{"node_systemd_socket_current_connections", Type::kGauge,
                            "Connections of a socket unit that are open."};
  const Family refused_{"node_systemd_socket_refused_connections_total", Type::kGauge,
                        "Connections that a socket unit refused."};
  const Family system_running_{"node_systemd_system_running", Type::kGauge,
                               "Whether the system is fully up, with no unit failed: 1 or 0."};
  const Family last_trigger_{"node_systemd_timer_last_trigger_seconds", Type::kGauge,
                             "When a timer last fired, in seconds since the Unix epoch."};
  const Family start_time_{"node_systemd_unit_start_time_seconds", Type::kGauge,
                           "When a unit became active, in seconds since the Unix epoch; 0 when it is not."};
  const Family unit_state_{"node_systemd_unit_state", Type::kGauge, "Whether a unit is in a state: 1 or 0."};
  const Family tasks_{"node_systemd_unit_tasks_current", Type::kGauge, "Tasks of a service."};
  const Family most_tasks_{"node_systemd_unit_tasks_max", Type::kGauge, "How many tasks a service may have."};
  const Family units_{"node_systemd_units", Type::kGauge, "Units in a state."};
  const Family version_family_{"node_systemd_version", Type::kGauge, "Version of systemd; in whole as a label."};
};

}  // namespace

double systemd_version_number(std::string_view version) {
  constexpr std::size_t kLeastDigits = 3;
  const auto digits_at = [&](std::size_t at) {
    std::size_t end = at;
    while (end < version.size() && version[end] >= '0' && version[end] <= '9') ++end;
    return end - at;
  };
  for (std::size_t at = 0; at < version.size();) {
    const std::size_t whole = digits_at(at);
    if (whole < kLeastDigits) {
      at += whole + 1;
      continue;
    }
    const bool dot = at + whole < version.size() && version[at + whole] == '.';
    const std::size_t fraction = dot ? digits_at(at + whole + 1) : 0;
    return parse_double(version.substr(at, fraction > 0 ? whole + 1 + fraction : whole)).value_or(0);
  }
  return 0;
}

Result<std::unique_ptr<Collector>> make_systemd_collector_on(const CollectorContext& context,
                                                             std::unique_ptr<SystemdBus> bus) {
  const auto whole = [&](std::string_view option) {
    const std::string expression = context.option(option);
    return expression.empty() ? expression : concat("^(", expression, ")$");
  };
  auto exclude = NameFilter::make("systemd.unit", whole("systemd.unit-exclude"), "");
  if (!exclude) return fail(exclude.error().message);
  auto include = NameFilter::make("systemd.unit", "", whole("systemd.unit-include"));
  if (!include) return fail(include.error().message);
  return std::make_unique<SystemdCollector>(context, std::move(bus), std::move(*exclude), std::move(*include));
}

Result<std::unique_ptr<Collector>> make_systemd_collector(const CollectorContext& context) {
  return make_systemd_collector_on(context, make_sd_bus());
}

}  // namespace piman::agent
