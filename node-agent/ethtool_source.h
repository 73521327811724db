// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"

/// What a network driver answers to ethtool's questions. The seam between the collector and the kernel.
namespace piman::agent {

struct EthtoolLink {
  std::uint32_t supported = 0, advertised = 0;  ///< bits ETHTOOL_LINK_MODE_* of the first 32
  std::uint8_t autonegotiates = 0;
};
struct EthtoolDriver {
  std::string bus, driver, expansion_rom_version, firmware_version, version;
};
using EthtoolStatistics = std::vector<std::pair<std::string, std::uint64_t>>;

/// Thread-safety: none.
class EthtoolSource {
 public:
  virtual ~EthtoolSource() = default;
  /// Nothing where the driver has no answer.
  virtual std::optional<EthtoolLink> link(const std::string& device) = 0;
  virtual std::optional<EthtoolDriver> driver(const std::string& device) = 0;
  virtual EthtoolStatistics statistics(const std::string& device) = 0;
};

/// Asks by ioctl, which needs a socket as its handle: one of datagrams that is never bound, nor connected, nor sent to.
/// Errors: there is no such handle to be had.
Result<std::unique_ptr<EthtoolSource>> make_ethtool_ioctl();

}  // namespace piman::agent
