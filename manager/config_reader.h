// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "manager/config.h"

/// The second half of reading the configuration: from a YAML document, already taken apart, to values. Pure.
namespace piman::manager {

/// A YAML document as values that know their lines.
struct YamlNode {
  enum class Kind { kNothing, kScalar, kMap, kList };
  Kind kind = Kind::kNothing;
  std::size_t line = 0;  ///< 1-based
  bool quoted = false;
  std::string text;
  std::vector<YamlNode> children;  ///< a map's keys and values take turns
};

/// Takes a document apart. Anchors, aliases, tags, more than 16 levels and a second document are problems; the caller
/// bounds the size.
YamlNode parse_yaml(std::string_view yaml, std::vector<ConfigProblem>& problems);

/// Sets what the document says and appends what is wrong with it, in no particular order.
void read_config_tree(const YamlNode& root, Config& config, std::vector<ConfigProblem>& problems);

}  // namespace piman::manager
