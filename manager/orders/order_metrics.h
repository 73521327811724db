// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/prom_text.h"
#include "manager/orders/install_progress.h"
#include "manager/store/order_records.h"

/// Installs, orders and switched power as metrics. Plain counters of our own: they are written with the page.
namespace piman::manager {

/// Thread-safety: none.
class OrderMetrics {
 public:
  OrderMetrics();

  /// `stage`: where one that did not succeed ended.
  void count_install(std::string_view result, InstallStage stage, double seconds);
  void count_stage(InstallStage stage, double seconds);
  /// Orders among `rows` that are over: each is stored once in such a state.
  void count_ended(const OrderChanges& rows);
  void count_hello(std::string_view dialect);
  void count_refused(std::string_view reason);
  void count_power(OrderAction action, bool worked, bool dry_run);

  /// A rollout that goes on: its nodes by the state of their orders.
  struct Rollout {
    Rollout(std::uint64_t number, OrderAction what) : id(number), action(what) {}
    std::uint64_t id;
    OrderAction action;
    std::array<std::uint64_t, kOrderStateCount> nodes{};
  };
  /// A node of the inventory whose card an install of this manager wrote.
  struct Installed {
    std::string_view node, image, version;
    std::int64_t installed_ms = 0;
  };
  /// What it refers to must live while it is written.
  struct Present {
    std::string_view site;
    std::size_t sessions = 0, running = 0, queued = 0, held = 0;
    std::array<std::array<std::size_t, kOrderStateCount>, kOrderActionCount> orders{};
    std::vector<Rollout> rollouts;
    std::vector<Installed> installed;
  };
  void write(prom_text::Writer& out, const Present& present) const;

 private:
  static constexpr std::array<double, 9> kBounds = {15, 30, 60, 120, 300, 600, 1200, 3600, 7200};
  static constexpr std::array<double, 9> kStageBounds = {1, 5, 15, 30, 60, 120, 300, 600, 1800};

  struct Durations {
    explicit Durations(const std::array<double, 9>& upper) : bounds(upper) {}
    void count(double value);
    void write(prom_text::Writer& out, std::string_view stage) const;

    const std::array<double, 9>& bounds;
    std::array<std::uint64_t, 10> counts{};
    double seconds = 0;
  };
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;
  static void count(Counts& counts, std::string_view word);
  void write_installs(prom_text::Writer& out, const Present& present) const;
  void write_orders(prom_text::Writer& out, const Present& present) const;

  Counts results_, hellos_, refused_, power_;
  std::map<std::pair<InstallStage, std::string>, std::uint64_t> failures_;
  std::array<std::array<std::uint64_t, kOrderStateCount>, kOrderActionCount> ended_{};
  Durations duration_{kBounds};
  std::vector<Durations> stages_{kInstallStageCount, Durations(kStageBounds)};
};

}  // namespace piman::manager
