// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "manager/fleet/node.h"

/// Adds to the inventory file and takes out of it, which belongs to people: every other line stays as they wrote it.
namespace piman::manager {

/// Pure: `csv` with a line for `host` at its end, in the file's own kind of line ends.
/// Errors: a MAC, address or name that is taken, with the line that has it; a name or address that no host can have;
/// an inventory that has problems already, for with them it would not be loaded anew.
Result<std::string> with_host(std::string_view csv, const Host& host);

/// Does that to the file at `path`: at once and durably, or not at all. Links are followed; owner and mode stay. A file
/// that is not there is made.
/// Errors: with_host()'s; a file that somebody else changed meanwhile; what the disk says. They name the path.
/// Thread-safety: callers take turns; other programs need not.
Result<void> append_host(const std::string& path, const Host& host);

/// Pure: `csv` without the line of the host with this name, MAC or IPv4 address, which becomes `removed`.
/// Errors: no such host; an inventory that has problems already.
Result<std::string> without_host(std::string_view csv, std::string_view which, Host& removed);

/// Does that to the file at `path`, as append_host() does; returns who was removed.
Result<Host> remove_host(const std::string& path, std::string_view which);

}  // namespace piman::manager
