// SPDX-License-Identifier: Apache-2.0
// What a stored lease costs: piman_store_bench FOLDER [BATCH] [BATCHES]. Prints CPU and wall time per lease and memory.
#include <sys/resource.h>

#include <cstdio>
#include <future>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/store/store.h"
#include "tests/manager/store/sample_leases.h"

int main(int argc, char** argv) {
  using namespace piman;
  using namespace piman::manager;
  if (argc < 2) return std::fputs("usage: piman_store_bench FOLDER [BATCH] [BATCHES]\n", stderr), 2;
  const auto batch = argc > 2 ? parse_number<std::uint32_t>(argv[2]).value_or(16) : 16;
  const auto batches = argc > 3 ? parse_number<std::uint32_t>(argv[3]).value_or(1000) : 1000;
  Logger log;
  StoreSettings settings;
  settings.folder = argv[1];
  auto store = Store::open(settings, log);
  if (!store) return std::fprintf(stderr, "%s\n", store.error().message.c_str()), 1;

  const auto cpu_seconds = [] {
    ::rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const ::timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return std::pair(seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
  };
  const double cpu_before = cpu_seconds().first;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < batches; ++i) {
    std::vector<netboot::dhcp::LeaseChange> changes;
    // Addresses of a /20 in an order that touches its pages as a storm of many hosts does.
    for (std::uint32_t j = 0; j < batch; ++j) {
      changes.push_back(test::put_of(test::make_lease((i * batch + j) * 2'654'435'761U % 4096)));
    }
    std::promise<Result<void>> done;
    (*store)->commit(std::move(changes), [&](Result<void> outcome) { done.set_value(std::move(outcome)); });
    if (const auto outcome = done.get_future().get(); !outcome) {
      return std::fprintf(stderr, "%s\n", outcome.error().message.c_str()), 1;
    }
  }
  const double wall = to_seconds(std::chrono::steady_clock::now() - began);
  const auto [cpu_after, memory] = cpu_seconds();
  const double leases = static_cast<double>(batch) * batches;
  std::printf("batch %u: %.2f us CPU, %.2f us wall a lease; %.0f leases/s; %ld KiB resident at most\n", batch,
              (cpu_after - cpu_before) / leases * 1e6, wall / leases * 1e6, leases / wall, memory);
  return 0;
}
