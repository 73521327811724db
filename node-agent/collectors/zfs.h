// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "node-agent/collector.h"

/// Counters of the ZFS module, its pools and their datasets, from spl/kstat/zfs under procfs.
namespace piman::agent {

using KstatSink = std::function<void(std::string_view name, std::uint64_t value)>;

/// A file of lines "NAME TYPE VALUE" behind a heading: passes on the unsigned 64-bit ones, and what a line
/// "dataset_name" says. Errors: no heading, a value that is no number. Pure but for `sink`. Source:
/// module/os/linux/spl/spl-kstat.c of OpenZFS.
Result<std::string> parse_kstat_names(std::string_view content, const KstatSink& sink);
/// A pool's file "io": a line of column names above a line of numbers.
Result<Outcome> parse_kstat_columns(std::string_view content, const KstatSink& sink);

Result<std::unique_ptr<Collector>> make_zfs_collector(const CollectorContext& context);

}  // namespace piman::agent
