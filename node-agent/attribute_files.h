// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/host_files.h"

namespace piman::agent {

/// Sysfs attributes (one small value a file) that a collector reads at every scrape. The first kMostOpen of them stay
/// open and cost one pread a scrape; a machine with hundreds of container interfaces reads the rest with open, read and
/// close, and so never runs out of descriptors.
/// Thread-safety: none.
class AttributeFiles {
 public:
  static constexpr std::size_t kMostOpen = 384;

  /// The trimmed content, valid until the next call; nothing when it can't be read (absent, EINVAL of a link that is
  /// down, EIO of an odd driver).
  std::optional<std::string_view> read(const std::string& path);
  std::optional<std::int64_t> read_i64(const std::string& path);
  std::optional<std::uint64_t> read_u64(const std::string& path);
  /// The content without trimming, with the reason when it can't be read.
  Result<std::string_view> read_raw(const std::string& path);

 private:
  std::map<std::string, HostFile, std::less<>> open_;
  std::string last_;
};

}  // namespace piman::agent
