// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "node-agent/collector.h"

/// Energy used by parts of a processor that has counters for it, from class/powercap under sysfs.
namespace piman::agent {

/// How a zone is called on the page. Several zones may have one name: each gets a number.
struct RaplZoneName {
  std::string name;  ///< "package"
  long index = 0;    ///< from "package-0", else how many zones of that name came before
};
/// `uses` counts the names of this scrape so far. Pure but for that.
RaplZoneName number_rapl_zone(std::string_view zone, std::map<std::string, long>& uses);

Result<std::unique_ptr<Collector>> make_rapl_collector(const CollectorContext& context);

}  // namespace piman::agent
