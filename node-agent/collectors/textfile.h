// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "node-agent/collector.h"

/// Metrics that other programs leave in *.prom files: backups, SMART, package updates. A file is read when it has
/// changed; of an unchanged directory only the times are asked.
/// A file that can't be understood, or says what another file denies, is told by node_textfile_scrape_error 1 and in
/// the log, once. The default directory may be missing: not every machine has such programs.
namespace piman::agent {

/// Where Debian's programs that have something to say leave it.
inline constexpr std::string_view kTextfileDirectory = "/var/lib/prometheus/node-exporter";

Result<std::unique_ptr<Collector>> make_textfile_collector(const CollectorContext& context);

}  // namespace piman::agent
