// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "manager/fleet/node.h"

/// A line a node and scrape in a file that is rotated by size: what the Python system called status.log.
namespace piman::watch {

/// Pure: one line in logfmt, without its end. What the node did not say is not in it.
std::string render_status_line(const manager::NodeState& node, std::string_view site,
                               const std::vector<std::string_view>& firing);

/// FILE, and FILE.1 (newest) to FILE.3. Thread-safety: none.
class StatusLog {
 public:
  static constexpr int kKept = 3;

  /// Errors: the file can't be opened for appending.
  static Result<StatusLog> open(const std::string& path, std::size_t most_bytes);

  /// Lines are gathered and written together, to spare an SD card.
  void add(std::string_view line);
  /// Errors: the disk is full or gone. The lines are dropped then.
  Result<void> flush();

 private:
  StatusLog(std::string path, std::size_t most_bytes) : path_(std::move(path)), most_bytes_(most_bytes) {}
  Result<void> reopen();

  std::string path_;
  std::size_t most_bytes_;
  UniqueFd file_;
  std::size_t bytes_ = 0;
  std::string gathered_;
};

}  // namespace piman::watch
