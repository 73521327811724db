// SPDX-License-Identifier: Apache-2.0
#include "common/plain_yaml.h"

#include <algorithm>
#include <utility>

#include "common/text.h"

namespace piman {
namespace {

constexpr std::size_t kMostBytes = 64UL * 1024;
constexpr std::size_t kMostLevels = 8;

using Kind = PlainYaml::Kind;

struct Line {
  std::size_t number = 0;
  std::size_t indent = 0;
  std::string_view content;  ///< without its comment
};

tl::unexpected<Error> fail_at(std::size_t line, const std::string& words) {
  return fail(concat("line ", line, ": ", words));
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Where the quoted text that begins `text` ends, behind its quote; npos: nowhere.
std::size_t end_of_quoted(std::string_view text) {
  const char mark = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (mark == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == mark) {
      if (mark != '\'' || i + 1 == text.size() || text[i + 1] != '\'') return i + 1;
      ++i;  // '' is one '
    }
  }
  return std::string_view::npos;
}

/// Where a comment begins; the end where there is none. A '#' within quotes or a word is none.
std::size_t comment_at(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool at_word = i == 0 || is_blank(text[i - 1]) || text[i - 1] == '[' || text[i - 1] == ',';
    if (text[i] == '#' && (i == 0 || is_blank(text[i - 1]))) return i;
    if ((text[i] == '"' || text[i] == '\'') && at_word) {
      const std::size_t end = end_of_quoted(text.substr(i));
      if (end == std::string_view::npos) return text.size();
      i += end - 1;
    }
  }
  return text.size();
}

Result<std::vector<Line>> split_lines(std::string_view text) {
  std::vector<Line> lines;
  if (text.size() > kMostBytes) return fail(concat("longer than ", kMostBytes, " bytes"));
  std::size_t number = 0;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool printable = std::all_of(line.begin(), line.end(), [](char c) {
      return static_cast<unsigned char>(c) >= ' ' ? c != '\x7f' : c == '\t';
    });
    if (!printable || !is_valid_utf8(line)) return fail_at(number, "holds bytes that are no text");
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    std::string_view content = line.substr(indent);
    content = trim(content.substr(0, comment_at(content)));
    if (content.empty() || (lines.empty() && indent == 0 && content == "---")) continue;
    if (line[indent] == '\t') return fail_at(number, "is indented by a tab; YAML wants blanks");
    if (indent == 0 && (content == "---" || content == "..." || content.starts_with('%'))) {
      return fail_at(number, concat(quote(content), ": one file is one document"));
    }
    lines.push_back({number, indent, content});
  }
  return lines;
}

class Parser {
 public:
  explicit Parser(std::vector<Line> lines) : lines_(std::move(lines)) {}

  Result<PlainYaml> run() {
    if (lines_.empty()) return PlainYaml{};
    auto root = parse_block(lines_.front().indent, 1);
    if (root && at_ != lines_.size())
      return fail_at(lines_[at_].number, "is indented differently from what it belongs to");
    return root;
  }

 private:
  static bool is_item(std::string_view content) { return content == "-" || content.starts_with("- "); }

  /// All lines from here on with this indentation, and what belongs to them.
  Result<PlainYaml> parse_block(std::size_t indent, std::size_t level) {
    if (level > kMostLevels) return fail_at(lines_[at_].number, concat("more than ", kMostLevels, " levels deep"));
    PlainYaml block;
    block.line = lines_[at_].number;
    block.kind = is_item(lines_[at_].content) ? Kind::kList : Kind::kMap;
    while (at_ < lines_.size() && lines_[at_].indent == indent) {
      const Line line = lines_[at_];
      if (is_item(line.content) != (block.kind == Kind::kList)) {
        if (block.kind == Kind::kMap) return fail_at(line.number, "a list within a map needs a key of its own");
        break;  // the list of a key with the same indentation has ended
      }
      ++at_;
      auto added = block.kind == Kind::kList ? add_item(block, line) : add_pair(block, line, level);
      if (!added) return tl::unexpected<Error>(added.error());
    }
    return block;
  }

  static Result<void> add_item(PlainYaml& block, const Line& line) {
    auto value = parse_scalar(trim(line.content.substr(1)), line.number);
    if (!value) return tl::unexpected<Error>(value.error());
    block.children.push_back(std::move(*value));
    return {};
  }

  Result<void> add_pair(PlainYaml& block, const Line& line, std::size_t level) {
    const std::size_t colon = end_of_key(line.content);
    if (colon == std::string_view::npos)
      return fail_at(line.number, concat(quote(line.content), " is not \"key: value\""));
    auto key = parse_scalar(trim(line.content.substr(0, colon)), line.number);
    if (!key) return tl::unexpected<Error>(key.error());
    if (key->kind != Kind::kText) return fail_at(line.number, "a key must be a word");
    if (const PlainYaml* const earlier = block.find(key->text)) {
      return fail_at(line.number, concat(quote(key->text), " is set twice: first in line ", earlier->line));
    }
    const std::string_view rest = trim(line.content.substr(colon + 1));
    auto value = rest.empty() ? parse_nested(line, level) : parse_value(rest, line.number);
    if (!value) return tl::unexpected<Error>(value.error());
    block.children.push_back(std::move(*key));
    block.children.push_back(std::move(*value));
    return {};
  }

  /// What stands below a key without a value. The items of a list may stand as far left as their key.
  Result<PlainYaml> parse_nested(const Line& key, std::size_t level) {
    PlainYaml nothing;
    nothing.line = key.number;
    if (at_ == lines_.size()) return nothing;
    const Line& next = lines_[at_];
    if (next.indent > key.indent || (next.indent == key.indent && is_item(next.content))) {
      return parse_block(next.indent, level + 1);
    }
    return nothing;
  }

  static Result<PlainYaml> parse_value(std::string_view text, std::size_t line) {
    if (text == "{}") {
      PlainYaml map;
      map.kind = Kind::kMap;
      map.line = line;
      return map;
    }
    if (!text.starts_with('[')) return parse_scalar(text, line);
    if (!text.ends_with(']')) return fail_at(line, "a list in brackets must end in its line");
    PlainYaml list;
    list.kind = Kind::kList;
    list.line = line;
    std::string_view rest = trim(text.substr(1, text.size() - 2));
    while (!rest.empty()) {
      const std::size_t end = end_of_element(rest);
      auto value = parse_scalar(trim(rest.substr(0, end)), line);
      if (!value) return value;
      if (value->kind != Kind::kText) return fail_at(line, "a part between two commas is empty");
      list.children.push_back(std::move(*value));
      rest = end == rest.size() ? std::string_view() : trim(rest.substr(end + 1));
    }
    return list;
  }

  static std::size_t end_of_element(std::string_view text) {
    const bool quoted = text.front() == '"' || text.front() == '\'';
    const std::size_t from = quoted ? std::min(end_of_quoted(text), text.size()) : 0;
    return std::min(text.find(',', from), text.size());
  }

  /// Where the colon behind a key is; npos: there is none.
  static std::size_t end_of_key(std::string_view content) {
    const bool quoted = content.front() == '"' || content.front() == '\'';
    const std::size_t from = quoted ? end_of_quoted(content) : 0;
    if (from == std::string_view::npos) return from;
    for (std::size_t i = from; i < content.size(); ++i) {
      if (content[i] == ':' && (i + 1 == content.size() || is_blank(content[i + 1]))) return i;
      if (quoted && !is_blank(content[i])) break;
    }
    return std::string_view::npos;
  }

  static Result<PlainYaml> parse_scalar(std::string_view text, std::size_t line) {
    PlainYaml value;
    value.line = line;
    if (text.empty() || text == "~" || text == "null") return value;
    value.kind = Kind::kText;
    if (text.front() == '"' || text.front() == '\'') {
      value.quoted = true;
      if (end_of_quoted(text) != text.size()) return fail_at(line, concat(quote(text), ": its quotes do not match"));
      return unquote(value, text);
    }
    // Characters with a meaning of their own in YAML; whoever means the character puts quotes around the text.
    constexpr std::string_view kMarks = "&*!|>%@`{}[],\"'?#";
    const bool is_mark = kMarks.find(text.front()) != std::string_view::npos;
    if (is_mark || text.find(": ") != std::string_view::npos || text.ends_with(':') || text.starts_with("- ")) {
      return fail_at(line, concat(quote(text),
                                  " means more than a plain value in YAML: put quotes around it, or write "
                                  "it in another way"));
    }
    value.text = text;
    return value;
  }

  static Result<PlainYaml> unquote(PlainYaml value, std::string_view text) {
    const char mark = text.front();
    text = text.substr(1, text.size() - 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (mark == '\'' && text[i] == '\'') ++i;
      if (mark == '"' && text[i] == '\\') {
        ++i;
        if (text[i] != '"' && text[i] != '\\' && text[i] != '/') {
          return fail_at(value.line, concat("\\", text.substr(i, 1), " is not supported between quotes"));
        }
      }
      value.text += text[i];
    }
    return value;
  }

  std::vector<Line> lines_;
  std::size_t at_ = 0;
};

}  // namespace

const PlainYaml* PlainYaml::find(std::string_view key) const {
  if (kind != Kind::kMap) return nullptr;
  for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
    if (children[i].text == key) return &children[i + 1];
  }
  return nullptr;
}

Result<PlainYaml> parse_plain_yaml(std::string_view text) {
  auto lines = split_lines(text);
  if (!lines) return tl::unexpected<Error>(lines.error());
  return Parser(std::move(*lines)).run();
}

}  // namespace piman
