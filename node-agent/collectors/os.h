// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "node-agent/collector.h"

/// The operating system's name and version, from os-release.
namespace piman::agent {

/// "PRETTY_NAME" -> "Debian GNU/Linux 12 (bookworm)".
using OsRelease = std::map<std::string, std::string, std::less<>>;
/// Errors: a line that is no assignment, or whose quotes are not closed. Pure. Source: os-release(5).
Result<OsRelease> parse_os_release(std::string_view content);
/// The first one or two numbers of a version: "12.5.1" -> 12.5; 0 when it begins with none. Pure.
double leading_version(std::string_view version);

Result<std::unique_ptr<Collector>> make_os_collector(const CollectorContext& context);

}  // namespace piman::agent
