// SPDX-License-Identifier: Apache-2.0
#include "manager/config_reader.h"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>
#include <utility>

#include "common/text.h"
#include "manager/config_checks.h"
#include "manager/config_keys.h"
#include "manager/config_switches.h"
#include "manager/config_watch.h"

namespace piman::manager {
namespace {

/// A word further away than this from all that we know is not a slip of the finger.
constexpr std::size_t kMostTypos = 2;
/// In a file that is something else altogether, guesses help nobody and take long.
constexpr std::size_t kMostGuesses = 100;

using Problems = std::vector<ConfigProblem>;

/// Levenshtein's distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

/// What the writer of an unknown key may have meant; empty when nothing is near.
std::string nearest_key(const std::string& unknown, std::string_view leaf) {
  std::string nearest;
  std::size_t least = std::min(kMostTypos, leaf.size() / 2) + 1;  // of three letters, two make another word
  const auto consider = [&](const std::string& known, std::string_view known_leaf) {
    const std::size_t right_word_elsewhere = known_leaf == leaf ? 1 : kMostTypos + 1;
    const std::size_t distance = std::min(edit_distance(unknown, known), right_word_elsewhere);
    if (distance < least) {
      least = distance;
      nearest = known;
    }
  };
  for (const ConfigKey& key : config_keys()) {
    consider(key.full_name(), key.name);
    if (!key.section.empty()) consider(std::string(key.section), key.section);
  }
  return nearest;
}

/// Walks the tree along the table of keys.
class ConfigReader {
 public:
  ConfigReader(Config& config, Problems& problems) : config_(config), problems_(problems) {}

  void read(const YamlNode& root) {
    if (root.kind == YamlNode::Kind::kNothing) return;  // an empty file: all defaults
    if (root.kind != YamlNode::Kind::kMap) {
      problem(root.line, "the file must hold keys and values, like scrape: {interval: 15s}");
      return;
    }
    read_section(root, {});
    check_together();
  }

 private:
  void problem(std::size_t line, std::string message) { problems_.push_back({line, std::move(message)}); }

  void read_section(const YamlNode& map, std::string_view section) {
    std::map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) {
      const YamlNode& key = map.children[i];
      if (key.kind != YamlNode::Kind::kScalar) {
        problem(key.line, "a key must be a word");
        continue;
      }
      const std::string name = section.empty() ? key.text : concat(section, '.', key.text);
      const auto [earlier, is_new] = seen.emplace(key.text, key.line);
      if (!is_new) {
        problem(key.line, concat(name, " is set twice: first in line ", earlier->second));
        continue;
      }
      read_entry(section, key, name, map.children[i + 1]);
    }
  }

  void read_entry(std::string_view section, const YamlNode& key, const std::string& name, const YamlNode& value) {
    if (name == kSwitchesKey) {
      read_switches(value, config_.power, problems_);
      return;
    }
    if (name == kOverridesKey) {
      read_overrides(value, config_, problems_);
      return;
    }
    bool is_section = false;
    for (const ConfigKey& known : config_keys()) {
      if (known.section == section && known.name == key.text) {
        read_value(known, key, value);
        return;
      }
      is_section = is_section || (section.empty() && !known.section.empty() && known.section == key.text);
    }
    if (!is_section) {
      const std::string meant = problems_.size() < kMostGuesses ? nearest_key(name, key.text) : std::string();
      const std::string shown = name.size() > 80 || !is_plain(name) ? quote(name) : name;
      problem(key.line, concat("unknown key ", shown, meant.empty() ? "" : concat("; did you mean ", meant, "?")));
    } else if (value.kind == YamlNode::Kind::kMap) {
      read_section(value, key.text);
    } else if (value.kind != YamlNode::Kind::kNothing) {  // a section whose keys are all commented out is fine
      problem(value.line, concat(name, ": must hold keys and values"));
    }
  }

  void read_value(const ConfigKey& known, const YamlNode& key, const YamlNode& value) {
    const std::string name = known.full_name();
    if (value.kind == YamlNode::Kind::kNothing) {
      problem(key.line, concat(name, ": has no value"));
    } else if (value.kind != YamlNode::Kind::kScalar) {
      problem(value.line, concat(name, ": must be one value (", known.type, ")"));
    } else if (known.scalar == ConfigKey::Scalar::kNumber && value.quoted) {
      problem(value.line, concat(name, ": ", quote(value.text), " is a text: write it without quotes"));
    } else if (const auto set = known.set(config_, value.text); !set) {
      problem(value.line, concat(name, ": ", set.error().message));
      bad_.push_back(name);
    } else {
      lines_.emplace_back(name, value.line);
    }
  }

  bool is_bad(std::string_view name) const { return std::find(bad_.begin(), bad_.end(), name) != bad_.end(); }

  /// What no key can say alone. Only of keys that were read well, so that one slip is one problem.
  void check_together() {
    check_config(config_, [this](std::initializer_list<std::string_view> keys, std::string message) {
      for (const std::string_view key : keys) {
        if (is_bad(key)) return;
      }
      problem(line_of_keys(keys), std::move(message));
    });
  }

  /// The line of the first of these keys that the file sets.
  std::size_t line_of_keys(std::initializer_list<std::string_view> keys) const {
    for (const std::string_view wanted : keys) {
      for (const auto& [key, line] : lines_) {
        if (key == wanted) return line;
      }
    }
    return 0;
  }

  static bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '"'; });
  }

  Config& config_;
  Problems& problems_;
  std::vector<std::pair<std::string, std::size_t>> lines_;  ///< of the keys that were read well
  std::vector<std::string> bad_;                            ///< keys whose values were refused
};

}  // namespace

std::map<std::string, std::size_t> read_keys(
    const YamlNode& item, const std::function<void(std::size_t line, std::string message)>& problem,
    const std::function<void(const YamlNode& key, const YamlNode& value)>& read) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i + 1 < item.children.size(); i += 2) {
    const YamlNode& key = item.children[i];
    if (key.kind != YamlNode::Kind::kScalar) {
      problem(key.line, "a key must be a word");
    } else if (const auto [earlier, is_new] = seen.emplace(key.text, key.line); !is_new) {
      problem(key.line, concat(quote(key.text), " is set twice: first in line ", earlier->second));
    } else {
      read(key, item.children[i + 1]);
    }
  }
  return seen;
}

void read_config_tree(const YamlNode& root, Config& config, std::vector<ConfigProblem>& problems) {
  ConfigReader(config, problems).read(root);
}

}  // namespace piman::manager
