// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/host_paths.h"
#include "common/prom_text.h"
#include "common/result.h"

/// What a collector is. A collector turns one subject of the kernel (memory, disks, a sensor) into metric families. It
/// reads files or makes ioctls and system calls; it needs no root, runs no command and writes nothing to disk. Those
/// that are off by default may ask over a socket: systemd's bus, or the kernel's netlink.
namespace piman::agent {

class BoardWatch;

/// What came of a collection that did not fail.
enum class Outcome {
  kCollected,
  kNone,    ///< the machine could have some (disk arrays, watchdogs) and has none now: success 1; what is plugged or
            ///< mounted by hand may take CollectorSet::kAbsenceIsBelieved to be seen
  kAbsent,  ///< this machine has no such hardware or kernel feature; reported as success 0, as node_exporter does
};

/// Thread-safety: collect() is called by one thread at a time, not always by the same one.
class Collector {
 public:
  virtual ~Collector() = default;
  /// Reads the present values and appends their families. Nothing is remembered between calls but open files and what
  /// makes a counter monotonic, so that a device that is gone leaves no sample behind.
  /// Errors: the subject exists and can't be read or understood; what was appended before stays on the page.
  virtual Result<Outcome> collect(prom_text::Writer& out) = 0;
};

/// What a collector is made from. Outlives the collectors.
struct CollectorContext {
  HostPaths paths;
  /// `--collector.NAME.OPTION` flags and their values: "filesystem.mount-points-exclude" -> "^/(dev|proc)($|/)".
  /// The values of a flag that may be given again and again are lines of one text.
  std::map<std::string, std::string, std::less<>> options;
  /// What several collectors ask together; null where a collector is made alone. See board_watch.h.
  std::shared_ptr<BoardWatch> board;
  /// For what a collector must tell though it goes on: once, not at every scrape. Empty where nobody listens.
  std::function<void(std::string_view collector, std::string_view problem)> warn;

  std::string option(std::string_view name) const {
    const auto found = options.find(name);
    return found == options.end() ? std::string() : found->second;
  }
};

}  // namespace piman::agent
