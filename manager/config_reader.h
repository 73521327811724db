// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
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

/// The keys of an item of a list: calls `read` with each key that is a word and new, and its value, and `problem` with
/// the line of each that is not. The lines of those that were new, by key. REQUIRES: item is a map.
std::map<std::string, std::size_t> read_keys(
    const YamlNode& item, const std::function<void(std::size_t line, std::string message)>& problem,
    const std::function<void(const YamlNode& key, const YamlNode& value)>& read);

/// Sets what the document says and appends what is wrong with it, in no particular order.
void read_config_tree(const YamlNode& root, Config& config, std::vector<ConfigProblem>& problems);

}  // namespace piman::manager
