// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace piman::agent {

/// What is known of each key of a file whose lines begin with a key, such as vmstat and meminfo. The kernel writes them
/// in the same order at every read, so the answer for the line at a position is kept with the position: comparing a key
/// with the one that stood there is a tenth of looking it up.
/// Thread-safety: none.
template <class Known>
class KeyedLines {
 public:
  /// The knowledge of `key` at line number `position`; `learn(key)` makes it when another key stood there before.
  template <class Learn>
  const Known& at(std::size_t position, std::string_view key, Learn learn) {
    if (position >= lines_.size()) lines_.resize(position + 1);
    auto& line = lines_[position];
    if (!line.is_known || line.key != key) {
      line.known = learn(key);
      line.key = key;
      line.is_known = true;
    }
    return line.known;
  }

 private:
  struct Line {
    std::string key;
    Known known{};
    bool is_known = false;
  };
  std::vector<Line> lines_;
};

}  // namespace piman::agent
