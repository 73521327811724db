// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Open files of the whole machine, from sys/fs/file-nr under procfs.
namespace piman::agent {

struct FileNumbers {
  std::uint64_t allocated = 0, maximum = 0;
};
/// Three numbers, of which the second has no meaning any more. Nothing when there are fewer. Source: proc(5).
std::optional<FileNumbers> parse_file_numbers(std::string_view content);

Result<std::unique_ptr<Collector>> make_filefd_collector(const CollectorContext& context);

}  // namespace piman::agent
