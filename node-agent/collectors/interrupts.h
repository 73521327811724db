// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node-agent/collector.h"

/// Interrupts by CPU and source, from interrupts under procfs.
namespace piman::agent {

/// One line: "46: 430784 130 IR-PCI-MSI-edge iwlwifi", or "LOC: 174326 135776 Local timer interrupts".
struct InterruptLine {
  std::string_view name;    ///< "46", "LOC"
  std::string_view counts;  ///< the columns of numbers, one for each CPU
  std::string info;         ///< "IR-PCI-MSI-edge"; of a source without a number all words behind its counts
  std::string devices;      ///< "iwlwifi"
};
/// Nothing for a line without words behind its `cpus` numbers: counts of errors, which belong to no CPU. Pure.
/// Source: proc(5), "/proc/interrupts".
std::optional<InterruptLine> parse_interrupt_line(std::string_view line, std::size_t cpus);

Result<std::unique_ptr<Collector>> make_interrupts_collector(const CollectorContext& context);

}  // namespace piman::agent
