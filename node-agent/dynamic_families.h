// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "common/prom_text.h"

namespace piman::agent {

/// Families whose names the kernel, a driver or a file decides. Each is rendered when it is first met, and kept.
/// Thread-safety: none.
class DynamicFamilies {
 public:
  /// `help` is looked at only when the name is new. The reference stays valid.
  const prom_text::Family& get(std::string_view name, prom_text::Type type, std::string_view help) {
    const auto found = families_.find(name);
    if (found != families_.end()) return found->second;
    return families_.emplace(std::string(name), prom_text::Family(name, type, help)).first->second;
  }

 private:
  std::map<std::string, prom_text::Family, std::less<>> families_;
};

/// A name of a driver or a kernel counter made fit for a metric name: characters that no metric name may have become
/// one underscore, together with the underscores beside them.
inline std::string to_metric_name(std::string_view name) {
  const auto foreign = [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
  };
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    std::size_t middle = at;
    while (middle < name.size() && name[middle] == '_') ++middle;
    std::size_t end = middle;
    while (end < name.size() && foreign(name[end])) ++end;
    if (end == middle) {
      end = middle > at ? middle : at + 1;
      out += name.substr(at, end - at);
    } else {
      while (end < name.size() && name[end] == '_') ++end;
      out.push_back('_');
    }
    at = end;
  }
  return out;
}

}  // namespace piman::agent
