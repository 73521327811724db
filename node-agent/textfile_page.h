// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/prom_text.h"
#include "node-agent/textfile_parser.h"

namespace piman::agent {

/// The families of several files made one page. The first file decides the type and the help of a family; what does not
/// agree with it is left out and told.
/// Thread-safety: none.
class TextfilePage {
 public:
  /// A name that no file may use.
  void reserve(std::string_view name) { reserved_.emplace_back(name); }
  /// `file` is named in problems, and in the help of families that have none. `families` must outlive the page.
  void add(const std::string& file, const std::vector<TextfileFamily>& families);
  /// The families in the order of their names.
  void write(prom_text::Writer& out) const;
  /// One line for each family or metric that was left out.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  struct Merged {
    prom_text::Type type = prom_text::Type::kUntyped;
    const std::string* help = nullptr;
    std::string files;                                     ///< that it was read from, comma-separated
    std::map<std::string, const TextfileMetric*> metrics;  ///< by rendered labels, without braces
  };

  /// What stands against a family; empty when nothing does.
  std::string_view objection(const TextfileFamily& family) const;
  bool has(std::string_view name) const { return families_.find(name) != families_.end(); }

  std::vector<std::string> reserved_;
  std::map<std::string, Merged, std::less<>> families_;
  std::vector<std::string> problems_;
};

}  // namespace piman::agent
