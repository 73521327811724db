// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/prom_text.h"
#include "common/result.h"

/// What the manager itself wants to know from a node's page of metrics. Pure. The whole page is checked on the way: it
/// is passed on to Prometheus, which would refuse it as a whole for one bad line.
namespace piman::manager {

struct PageFacts {
  std::size_t samples = 0;
  std::optional<double> temperature_celsius;  ///< of the SoC where the page has it, else of the first sensor
  std::optional<double> boot_time_seconds;    ///< Unix time
  std::string model;                          ///< "Raspberry Pi 4 Model B Rev 1.5"; empty when the page does not say
};

/// Errors: not the exposition format; they name the line.
Result<PageFacts> read_page_facts(std::string_view page, prom_text::Format format);

}  // namespace piman::manager
