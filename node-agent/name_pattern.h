// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace piman::agent {

/// The regular expressions that are used to choose names, "^(eth|wlan)[0-9]+$", taken apart into alternatives of single
/// characters and runs of them. Nothing has to be built for a match: regcomp() and regexec() spend milliseconds on
/// their automata and on the first 400 names, which was a third of an agent's start. Pure. Thread-safety: const methods
/// may be called from any thread.
class NamePattern {
 public:
  /// Understands, with the meaning of POSIX extended expressions: characters, `.`, `[...]`, \d, \w, \s, groups and `|`,
  /// `?`, `*` and `+` behind one character, `^` in front and `$` at the end of an alternative. Nothing for all else,
  /// for what is malformed, and for what would become too large: a real regex engine has to look at that.
  static std::optional<NamePattern> parse(std::string_view expression);

  /// Whether the expression matches anywhere in `name`.
  bool matches(std::string_view name) const;

 private:
  friend class NamePatternParser;
  enum class Kind : std::uint8_t { kCharacter, kSet, kAny };
  struct Element {
    Kind kind = Kind::kAny;
    bool repeated = false;  ///< any number of them, none included
    unsigned char character = 0;
    std::uint8_t set = 0;  ///< index into sets_
  };
  struct Alternative {
    bool at_begin = false;
    bool at_end = false;
    std::vector<Element> elements;
  };
  using Set = std::bitset<256>;

  bool accepts(const Element& element, char c) const;
  bool matches(const Alternative& alternative, std::string_view name) const;

  std::vector<Alternative> alternatives_;
  std::vector<Set> sets_;
};

}  // namespace piman::agent
