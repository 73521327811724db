// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "manager/fleet/node.h"

/// The Python system's hosts.csv as an inventory of piman: the same format, without what that system makes of it over
/// time: names that are lost, the name that every freshly written card has, lines that people broke. Pure.
namespace piman::manager {

struct ImportedHosts {
  std::string csv;                    ///< an inventory without problems, which the Python system can still read
  std::vector<Host> hosts;            ///< what is in it
  std::vector<std::string> problems;  ///< with line numbers: what was left out, or got another name
};

/// A name that is missing, not to be used or taken becomes "pi" and the last number of the address.
ImportedHosts import_hosts(std::string_view csv);

}  // namespace piman::manager
