// SPDX-License-Identifier: Apache-2.0
#include "node-agent/name_pattern.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace piman::agent {
namespace {

/// More is left to a regex engine. The longest default expression has 40 alternatives of at most 24 elements.
constexpr std::size_t kMostAlternatives = 128;
constexpr std::size_t kMostElements = 128;
constexpr std::size_t kMostSets = 64;
constexpr int kMostDepth = 16;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_one_of(char c, std::string_view characters) { return characters.find(c) != std::string_view::npos; }

}  // namespace

/// Turns groups into one list of alternatives, by multiplying them out.
class NamePatternParser {
 public:
  explicit NamePatternParser(std::string_view expression) : rest_(expression) {}

  std::optional<NamePattern> parse() {
    auto alternatives = parse_choice(0);
    if (!alternatives || !rest_.empty()) return std::nullopt;
    pattern_.alternatives_ = std::move(*alternatives);
    for (const Alternative& alternative : pattern_.alternatives_) {
      if (!runs_have_one_end(alternative)) return std::nullopt;
    }
    return std::move(pattern_);
  }

 private:
  using Alternative = NamePattern::Alternative;
  using Element = NamePattern::Element;
  using Kind = NamePattern::Kind;
  using Set = NamePattern::Set;
  using Choice = std::vector<Alternative>;

  std::optional<Choice> parse_choice(int depth) {
    Choice all;
    for (;;) {
      auto one = parse_sequence(depth);
      if (!one || all.size() + one->size() > kMostAlternatives) return std::nullopt;
      all.insert(all.end(), one->begin(), one->end());
      if (!rest_.starts_with('|')) return all;
      rest_.remove_prefix(1);
    }
  }

  std::optional<Choice> parse_sequence(int depth) {
    Choice whole(1);
    if (rest_.empty() || is_one_of(rest_.front(), "|)")) return std::nullopt;  // an empty one: engines differ
    while (!rest_.empty() && !is_one_of(rest_.front(), "|)")) {
      const auto part = parse_part(depth);
      if (!part || !append(whole, *part)) return std::nullopt;
    }
    return whole;
  }

  /// A group, an anchor, or a character with its quantifier.
  std::optional<Choice> parse_part(int depth) {
    const char c = rest_.front();
    Choice part(1);
    if (c == '^' || c == '$') {
      rest_.remove_prefix(1);
      (c == '^' ? part[0].at_begin : part[0].at_end) = true;
    } else if (c == '(') {
      rest_.remove_prefix(rest_.starts_with("(?:") ? 3 : 1);
      auto group = depth < kMostDepth ? parse_choice(depth + 1) : std::nullopt;
      if (!group || !rest_.starts_with(')')) return std::nullopt;
      rest_.remove_prefix(1);
      part = std::move(*group);
      if (take('?')) part.emplace_back();
    } else {
      const auto element = parse_element();
      if (!element) return std::nullopt;
      Element run = *element;
      run.repeated = true;
      if (take('*')) {
        part[0].elements = {run};
      } else if (take('+')) {
        part[0].elements = {*element, run};
      } else {
        part[0].elements = {*element};
        if (take('?')) part.emplace_back();
      }
    }
    if (!rest_.empty() && is_one_of(rest_.front(), "*+?{")) return std::nullopt;  // of a group, or a second one
    return part;
  }

  std::optional<Element> parse_element() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '.') return Element{};
    if (c == '[') return parse_set();
    if (c == '\\') return parse_escaped();
    if (is_one_of(c, "*+?{")) return std::nullopt;
    return character(c);
  }

  std::optional<Element> parse_escaped() {
    if (rest_.empty()) return std::nullopt;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (is_one_of(c, ".^$*+?()[]{}|\\/-_:")) return character(c);
    Set set;
    if (c == 'd' || c == 'w') add_range(set, '0', '9');
    if (c == 'w') {
      add_range(set, 'a', 'z');
      add_range(set, 'A', 'Z');
      set.set('_');
    }
    if (c == 's') {
      set.set(' ');
      add_range(set, '\t', '\r');
    }
    if (set.none()) return std::nullopt;
    return keep(set);
  }

  /// "[a-z_]" behind its first bracket.
  std::optional<Element> parse_set() {
    const bool negated = take('^');
    Set set;
    if (rest_.starts_with(']')) return std::nullopt;
    while (!rest_.empty() && rest_.front() != ']') {
      const char first = rest_.front();
      rest_.remove_prefix(1);
      if (is_one_of(first, "[\\")) return std::nullopt;  // [:digit:]; and a backslash, which POSIX takes for itself
      if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
        const char last = rest_[1];
        const bool alike = (is_digit(first) && is_digit(last)) || (is_letter(first) && is_letter(last));
        if (!alike || first > last) return std::nullopt;
        add_range(set, first, last);
        rest_.remove_prefix(2);
        if (rest_.starts_with('-') && !rest_.starts_with("-]")) return std::nullopt;  // [a-c-e]
      } else {
        set.set(static_cast<unsigned char>(first));
      }
    }
    if (!take(']')) return std::nullopt;
    return keep(negated ? ~set : set);
  }

  static Element character(char c) { return {Kind::kCharacter, false, static_cast<unsigned char>(c), 0}; }

  static void add_range(Set& set, char first, char last) {
    for (char c = first; c <= last; ++c) set.set(static_cast<unsigned char>(c));
  }

  std::optional<Element> keep(const Set& set) {
    std::vector<Set>& sets = pattern_.sets_;
    const auto found = std::find(sets.begin(), sets.end(), set);
    const auto index = static_cast<std::size_t>(found - sets.begin());
    if (index == kMostSets) return std::nullopt;
    if (found == sets.end()) sets.push_back(set);
    return Element{Kind::kSet, false, 0, static_cast<std::uint8_t>(index)};
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Every alternative of `whole` followed by every one of `part`.
  static bool append(Choice& whole, const Choice& part) {
    if (whole.size() * part.size() > kMostAlternatives) return false;
    Choice product;
    product.reserve(whole.size() * part.size());
    for (const Alternative& head : whole) {
      for (const Alternative& tail : part) {
        if (head.at_end && (tail.at_begin || tail.at_end || !tail.elements.empty())) return false;
        if (tail.at_begin && (head.at_begin || !head.elements.empty())) return false;
        if (head.elements.size() + tail.elements.size() > kMostElements) return false;
        Alternative& joined = product.emplace_back(head);
        joined.at_begin = head.at_begin || tail.at_begin;
        joined.at_end = tail.at_end;
        joined.elements.insert(joined.elements.end(), tail.elements.begin(), tail.elements.end());
      }
    }
    whole = std::move(product);
    return true;
  }

  /// A run of a set is matched as far as it goes, which is right only if what follows it could not be part of it.
  bool runs_have_one_end(const Alternative& alternative) const {
    for (std::size_t i = 0; i < alternative.elements.size(); ++i) {
      const Element& run = alternative.elements[i];
      if (!run.repeated || run.kind == Kind::kAny) continue;
      if (i + 1 == alternative.elements.size()) continue;  // its end is that of the name, or does not matter
      const Element& next = alternative.elements[i + 1];
      if (next.repeated || (members(run) & members(next)).any()) return false;
    }
    return true;
  }

  Set members(const Element& element) const {
    Set set;
    if (element.kind == Kind::kAny) return ~set;
    if (element.kind == Kind::kSet) return pattern_.sets_[element.set];
    set.set(element.character);
    return set;
  }

  std::string_view rest_;
  NamePattern pattern_;
};

std::optional<NamePattern> NamePattern::parse(std::string_view expression) {
  return NamePatternParser(expression).parse();
}

bool NamePattern::matches(std::string_view name) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(),
                     [&](const Alternative& alternative) { return matches(alternative, name); });
}

bool NamePattern::accepts(const Element& element, char c) const {
  const auto byte = static_cast<unsigned char>(c);
  switch (element.kind) {
    case Kind::kCharacter:
      return byte == element.character;
    case Kind::kSet:
      return sets_[element.set].test(byte);
    case Kind::kAny:
      return true;
  }
  return false;
}

bool NamePattern::matches(const Alternative& alternative, std::string_view name) const {
  const std::vector<Element>& elements = alternative.elements;
  if (alternative.at_begin && !elements.empty() && !elements.front().repeated &&
      (name.empty() || !accepts(elements.front(), name.front()))) {
    return false;  // most of them, most of the time
  }
  std::size_t at = 0, next = 0;
  // Where to go on when what follows the last run of anything does not fit: one character later. To go back to an
  // earlier run is never needed, as it could only leave less of the name. No anchor in front is such a run, too.
  bool can_retry = !alternative.at_begin;
  std::size_t retry_at = 0, retry_next = 0;
  for (;;) {
    bool fits = true;
    if (next == elements.size()) {
      if (!alternative.at_end || at == name.size()) return true;
      fits = false;
    } else if (elements[next].repeated && elements[next].kind == Kind::kAny) {
      can_retry = true;
      retry_at = at;
      retry_next = ++next;
    } else if (elements[next].repeated) {
      while (at < name.size() && accepts(elements[next], name[at])) ++at;
      ++next;
    } else if (at < name.size() && accepts(elements[next], name[at])) {
      ++at;
      ++next;
    } else {
      fits = false;
    }
    if (fits) continue;
    if (!can_retry || retry_at == name.size()) return false;
    at = ++retry_at;
    next = retry_next;
  }
}

}  // namespace piman::agent
