// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "common/prom_text.h"
#include "manager/store/order_records.h"

/// Installs, orders and switched power as metrics. Plain counters of our own: they are written with the page.
namespace piman::manager {

/// Thread-safety: none.
class OrderMetrics {
 public:
  OrderMetrics();

  void count_install(std::string_view result, double seconds);
  void count_hello(std::string_view dialect);
  void count_refused(std::string_view reason);
  void count_power(OrderAction action, bool worked, bool dry_run);
  void count_bytes(std::uint64_t bytes) { bytes_ += bytes; }

  struct Present {
    std::size_t sessions = 0, running = 0, queued = 0, held = 0;
    std::array<std::array<std::size_t, kOrderStateCount>, kOrderActionCount> orders{};
  };
  void write(prom_text::Writer& out, const Present& present) const;

 private:
  static constexpr std::array<double, 9> kBounds = {15, 30, 60, 120, 300, 600, 1200, 3600, 7200};
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;
  static void count(Counts& counts, std::string_view word);

  Counts results_, hellos_, refused_, power_;
  std::array<std::uint64_t, kBounds.size() + 1> durations_{};
  double seconds_ = 0;
  std::uint64_t bytes_ = 0;
  prom_text::Family installs_total_, duration_, running_gauge_, sessions_gauge_, hellos_total_, refused_total_,
      orders_gauge_, power_total_;
};

}  // namespace piman::manager
