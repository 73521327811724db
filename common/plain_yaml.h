// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

/// The part of YAML that short configuration files are written in, for a program that has no room for all of it: maps
/// and lists by indentation, lists in brackets, quoted and plain values, comments. What else YAML knows (anchors, tags,
/// texts of several lines, maps in braces, more documents) is refused with its line. Pure.
namespace piman {

/// A document as values that know their lines.
struct PlainYaml {
  enum class Kind { kNothing, kText, kMap, kList };
  Kind kind = Kind::kNothing;
  std::size_t line = 0;  ///< 1-based
  bool quoted = false;
  std::string text;
  std::vector<PlainYaml> children;  ///< a map's keys and values take turns

  /// The value of a key of a map; null when there is none.
  const PlainYaml* find(std::string_view key) const;
};

/// Errors: "line 7: ..."; the first thing that is no such YAML, a repeated key, more than 64 KiB or 8 levels.
Result<PlainYaml> parse_plain_yaml(std::string_view text);

}  // namespace piman
