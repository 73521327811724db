// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/systemd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <map>

#include "common/text.h"

namespace piman::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A systemd of a map: "ssh.service Service.Type" -> "notify".
struct FakeSystemd final : SystemdBus {
  Result<bool> connect() override {
    if (!problem.empty()) return fail(problem);
    return true;
  }
  bool is_connected() const override { return !lost; }
  Result<std::vector<SystemdUnit>> list_units() override { return units; }
  Result<std::string> manager_text(const char* property) override {
    ++calls;
    const auto found = texts.find(property);
    if (found == texts.end()) return fail(concat("no ", property));
    return found->second;
  }
  std::optional<std::uint64_t> manager_u64(const char*) override { return loaded_at; }
  std::optional<std::string> unit_text(const SystemdUnit& unit, const char* kind, const char* property) override {
    return find(texts, unit, kind, property);
  }
  std::optional<std::uint32_t> unit_u32(const SystemdUnit& unit, const char* kind, const char* property) override {
    const auto number = find(numbers, unit, kind, property);
    if (!number) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
  }
  std::optional<std::uint64_t> unit_u64(const SystemdUnit& unit, const char* kind, const char* property) override {
    return find(numbers, unit, kind, property);
  }

  template <class Map>
  std::optional<typename Map::mapped_type> find(const Map& map, const SystemdUnit& unit, const char* kind,
                                                const char* property) {
    ++calls;
    const auto found = map.find(concat(unit.name, ' ', kind, '.', property));
    if (found == map.end()) return std::nullopt;
    return found->second;
  }

  std::string problem;
  bool lost = false;
  std::vector<SystemdUnit> units;
  std::map<std::string, std::string> texts{{"Version", "252.39-1"}, {"SystemState", "running"}};
  std::map<std::string, std::uint64_t> numbers;
  std::uint64_t loaded_at = 1;
  int calls = 0;
};

class Systemd : public testing::Test {
 protected:
  Systemd() {
    bus_->units = {{"ssh.service", "loaded", "active", ""},       {"odd.service", "loaded", "failed", ""},
                   {"gone.service", "not-found", "inactive", ""}, {"apt.timer", "loaded", "active", ""},
                   {"dbus.socket", "loaded", "reloading", ""},    {"sda.device", "loaded", "active", ""}};
    bus_->texts["ssh.service Service.Type"] = "notify";
    bus_->numbers = {{"ssh.service Service.NRestarts", 3},
                     {"ssh.service Service.TasksCurrent", 4},
                     {"ssh.service Service.TasksMax", std::numeric_limits<std::uint64_t>::max()},
                     {"ssh.service Unit.ActiveEnterTimestamp", 1700000000500000},
                     {"apt.timer Timer.LastTriggerUSec", 1690000000000000},
                     {"dbus.socket Socket.NAccepted", 5},
                     {"dbus.socket Socket.NConnections", 1}};
    context_.options = {{"systemd.unit-include", ".+"}, {"systemd.unit-exclude", ".+\\.(device|slice)"}};
  }

  std::string page() {
    if (!collector_) {
      auto made = make_systemd_collector_on(context_, std::unique_ptr<SystemdBus>(bus_));
      if (!made) return concat("not made: ", made.error().message);
      collector_ = std::move(*made);
    }
    prom_text::Writer out;
    const auto outcome = collector_->collect(out);
    return outcome ? out.text() : concat("error: ", outcome.error().message, '\n', out.text());
  }

  FakeSystemd* const bus_ = new FakeSystemd;  // the collector's from the first page() on
  CollectorContext context_;
  std::unique_ptr<Collector> collector_;
};

TEST_F(Systemd, UnitsByState) {
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr("node_systemd_unit_state{name=\"odd.service\",state=\"failed\",type=\"\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("node_systemd_unit_state{name=\"ssh.service\",state=\"activating\",type=\"notify\"} 0\n"
                        "node_systemd_unit_state{name=\"ssh.service\",state=\"active\",type=\"notify\"} 1\n"
                        "node_systemd_unit_state{name=\"ssh.service\",state=\"deactivating\",type=\"notify\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("node_systemd_units{state=\"activating\"} 0\n"
                              "node_systemd_units{state=\"active\"} 3\n"
                              "node_systemd_units{state=\"deactivating\"} 0\n"
                              "node_systemd_units{state=\"failed\"} 1\n"
                              "node_systemd_units{state=\"inactive\"} 1\n"
                              "node_systemd_units{state=\"reloading\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("node_systemd_system_running 1\n"));
  EXPECT_THAT(text, HasSubstr("node_systemd_version{version=\"252.39-1\"} 252.39\n"));
  EXPECT_THAT(text, HasSubstr("node_systemd_timer_last_trigger_seconds{name=\"apt.timer\"} 1.69e+09\n"));
  EXPECT_THAT(text, HasSubstr("node_systemd_socket_accepted_connections_total{name=\"dbus.socket\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("node_systemd_socket_current_connections{name=\"dbus.socket\"} 1\n"));
  for (const std::string_view absent : {"sda.device", "gone.service", "refused", "restart", "tasks", "start_time"}) {
    EXPECT_THAT(text, Not(HasSubstr(std::string(absent)))) << absent;
  }
}

TEST_F(Systemd, WhatIsOnByFlag) {
  for (const std::string_view option : {"restarts", "start-time", "task"}) {
    context_.options[concat("systemd.enable-", option, "-metrics")] = "true";
  }
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr("node_systemd_service_restart_total{name=\"ssh.service\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("node_systemd_unit_start_time_seconds{name=\"ssh.service\"} 1.7000000005e+09\n"));
  EXPECT_THAT(text, HasSubstr("node_systemd_unit_start_time_seconds{name=\"odd.service\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("node_systemd_unit_tasks_current{name=\"ssh.service\"} 4\n"));
  EXPECT_THAT(text, Not(HasSubstr("tasks_max")));
}

TEST_F(Systemd, FiltersMatchTheWholeName) {
  context_.options["systemd.unit-include"] = "ssh|apt.timer";
  EXPECT_THAT(page(), Not(HasSubstr("ssh.service")));
  EXPECT_THAT(page(), HasSubstr("apt.timer"));
}

TEST_F(Systemd, TypesAreAskedAgainAfterAReload) {
  page();
  bus_->texts["ssh.service Service.Type"] = "simple";
  const int before = bus_->calls;
  EXPECT_THAT(page(), HasSubstr("type=\"notify\""));
  const int spared = bus_->calls - before;
  bus_->loaded_at = 2;
  EXPECT_THAT(page(), HasSubstr("type=\"simple\""));
  EXPECT_EQ(bus_->calls - before, 2 * spared + 1);
}

TEST_F(Systemd, OldVersionsTellLess) {
  bus_->texts["Version"] = "208";
  EXPECT_THAT(page(), Not(HasSubstr("system_running")));
  EXPECT_THAT(page(), Not(HasSubstr("timer_last_trigger")));
}

TEST_F(Systemd, FailuresNameTheirCause) {
  bus_->problem = "no system bus: Permission denied";
  EXPECT_EQ(page(), "error: no system bus: Permission denied\n");
  bus_->problem.clear();
  bus_->lost = true;
  EXPECT_THAT(page(), StartsWith("error: the system bus was lost"));
  bus_->lost = false;
  bus_->texts.erase("SystemState");
  EXPECT_THAT(page(), StartsWith("error: no SystemState"));
  EXPECT_THAT(page(), HasSubstr("node_systemd_unit_state{"));
  bus_->texts.erase("Version");
  EXPECT_EQ(page(), "error: no Version\n");
}

TEST_F(Systemd, ABadExpressionIsRefused) {
  context_.options["systemd.unit-exclude"] = "(";
  EXPECT_THAT(page(), HasSubstr("--collector.systemd.unit-exclude"));
}

TEST(SystemdVersion, Number) {
  EXPECT_EQ(systemd_version_number("252.39-1~deb12u1"), 252.39);
  EXPECT_EQ(systemd_version_number("systemd 247"), 247);
  EXPECT_EQ(systemd_version_number("v12.255.x"), 255);
  EXPECT_EQ(systemd_version_number("99"), 0);
  EXPECT_EQ(systemd_version_number(""), 0);
}

TEST(SdBus, WithoutABusItSaysSo) {
  const char* before = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
  const auto bus = make_sd_bus();
  EXPECT_FALSE(bus->connect());
  EXPECT_FALSE(bus->is_connected());
  EXPECT_FALSE(bus->unit_u64({}, "Unit", "x"));
  EXPECT_FALSE(bus->manager_text("Version"));
  if (before == nullptr) {
    ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
  } else {
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", kept.c_str(), 1);
  }
}

}  // namespace
}  // namespace piman::agent
