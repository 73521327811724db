// SPDX-License-Identifier: Apache-2.0
#include "node-agent/attribute_files.h"

#include <utility>

#include "common/text.h"

namespace piman::agent {

Result<std::string_view> AttributeFiles::read_raw(const std::string& path) {
  auto found = open_.find(path);
  if (found == open_.end() && open_.size() < kMostOpen) {
    found = open_.emplace(path, HostFile(path, HostFile::Content::kOnePiece)).first;
  }
  if (found != open_.end()) {
    auto content = found->second.read();
    // A device that is gone gives its place to another; one that only can't be read now keeps it.
    if (!content && !host_path_exists(path)) open_.erase(found);
    return content;
  }
  auto content = read_host_file(path);
  if (!content) return fail(content.error().message);
  last_ = std::move(*content);
  return std::string_view(last_);
}

std::optional<std::string_view> AttributeFiles::read(const std::string& path) {
  const auto content = read_raw(path);
  if (!content) return std::nullopt;
  return trim(*content);
}

std::optional<std::int64_t> AttributeFiles::read_i64(const std::string& path) {
  const auto text = read(path);
  return text ? parse_i64(*text) : std::nullopt;
}

std::optional<std::uint64_t> AttributeFiles::read_u64(const std::string& path) {
  const auto text = read(path);
  return text ? parse_u64(*text) : std::nullopt;
}

}  // namespace piman::agent
