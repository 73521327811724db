// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "common/prom_text.h"
#include "manager/boots/recorder.h"
#include "manager/store/store.h"
#include "netboot/dhcp/pool_use.h"

/// What netboot and the store come to in numbers: the piman_dhcp_*, piman_tftp_*, piman_http_boot_*, piman_boot* and
/// piman_store_* families of `/metrics`.
namespace piman::manager {

/// Counters grow with each event; gauges are written from what the recorder and the store say at that moment. Labels
/// are netboot's fixed words; should a peer's words ever become labels, those beyond a limit are counted as "other".
/// Units: base units, named in each family's name and help.
/// Thread-safety: all methods may be called from any thread.
class NetbootMetrics final : public NetbootListener {
 public:
  NetbootMetrics();
  ~NetbootMetrics() override;
  NetbootMetrics(const NetbootMetrics&) = delete;
  NetbootMetrics& operator=(const NetbootMetrics&) = delete;

  void count(const NetbootEvent& event) override;
  void count_end(const EndedBoot& boot) override;
  /// Appends all families.
  void write(prom_text::Writer& out, const StoreStats& store, const Recorder::Counts& recorder);

 private:
  struct Counters;
  const std::unique_ptr<Counters> counters_;
};

/// Appends the families of what is left of the pools, as they were counted: labelled by the range that is configured.
/// Nothing without a pool.
void write_pool_metrics(prom_text::Writer& out, const std::vector<netboot::dhcp::PoolUse>& pools);

}  // namespace piman::manager
