// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node-agent/collector.h"

/// Kernel settings that the operator names, from sys/ under procfs.
namespace piman::agent {

/// One --collector.sysctl.include: "fs.file-nr:total,current,max" is the three values of fs.file-nr, each with a metric
/// of its own; without keys a single value is node_sysctl_NAME and several are told apart by their index.
struct SysctlRequest {
  std::string name;  ///< "fs.file-nr"
  std::vector<std::string> keys;
};
SysctlRequest parse_sysctl_request(std::string_view text);

/// A setting's name as part of a metric's: "kernel.threads-max" is "kernel_threads_max".
std::string sysctl_metric_name(std::string_view name);

Result<std::unique_ptr<Collector>> make_sysctl_collector(const CollectorContext& context);

}  // namespace piman::agent
