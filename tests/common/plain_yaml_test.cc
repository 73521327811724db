// SPDX-License-Identifier: Apache-2.0
#include "common/plain_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/text.h"

namespace piman {
namespace {

using testing::HasSubstr;
using Kind = PlainYaml::Kind;

/// "{a: 1, b: [x, 'y']}": what was understood, on one line. Quoted texts have quotes, nothing is "~".
std::string shown(const PlainYaml& node) {
  if (node.kind == Kind::kNothing) return "~";
  if (node.kind == Kind::kText) return node.quoted ? concat('\'', node.text, '\'') : node.text;
  std::string out;
  const bool map = node.kind == Kind::kMap;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (!out.empty()) out += map && i % 2 == 1 ? ": " : ", ";
    out += shown(node.children[i]);
  }
  return concat(map ? "{" : "[", out, map ? "}" : "]");
}
std::string parsed(std::string_view text) {
  const auto root = parse_plain_yaml(text);
  return root ? shown(*root) : root.error().message;
}

TEST(PlainYaml, MapsListsAndTexts) {
  EXPECT_EQ(parsed(""), "~");
  EXPECT_EQ(parsed("# only words\n\n---\n"), "~");
  EXPECT_EQ(parsed("a: 1\nb: two words\n"), "{a: 1, b: two words}");
  EXPECT_EQ(parsed("---\na:\n  b: 1\n  c:\n    d: 2\ne: 3"), "{a: {b: 1, c: {d: 2}}, e: 3}");
  EXPECT_EQ(parsed("a:\n- x\n- y\nb: 1\n"), "{a: [x, y], b: 1}");
  EXPECT_EQ(parsed("a:\n    - x\n    - 'y z'\n"), "{a: [x, 'y z']}");
  EXPECT_EQ(parsed("a: [x, \"y, z\" , 'w']\n"), "{a: [x, 'y, z', 'w']}");
  EXPECT_EQ(parsed("a: []\nb: {}\nc:\nd: ~\ne: null\nf: ''\n"), "{a: [], b: {}, c: ~, d: ~, e: ~, f: ''}");
  EXPECT_EQ(parsed("- 1\n- 2\n"), "[1, 2]");
}

TEST(PlainYaml, QuotesAndComments) {
  EXPECT_EQ(parsed("a: x # y\n"), "{a: x}");
  EXPECT_EQ(parsed("a: x#y\n"), "{a: x#y}");
  EXPECT_EQ(parsed("a: 'x # y' # z\n"), "{a: 'x # y'}");
  EXPECT_EQ(parsed("a: \"x \\\" \\\\ y\"\n"), "{a: 'x \" \\ y'}");
  EXPECT_EQ(parsed("a: 'it''s'\n"), "{a: 'it's'}");
  EXPECT_EQ(parsed("'a: b': c\n"), "{'a: b': c}");
  EXPECT_EQ(parsed("a: it's\n"), "{a: it's}");
  EXPECT_EQ(parsed("a: http://x:1/y\r\nb: 2\r\n"), "{a: http://x:1/y, b: 2}");
  EXPECT_EQ(parsed("alice: $2y$10$abc./def\n"), "{alice: $2y$10$abc./def}");
}

TEST(PlainYaml, KnowsItsLines) {
  const auto root = parse_plain_yaml("# c\na:\n\n  b: 1\n");
  ASSERT_TRUE(root);
  ASSERT_NE(root->find("a"), nullptr);
  EXPECT_EQ(root->find("a")->find("b")->line, 4U);
  EXPECT_EQ(root->find("b"), nullptr);
}

TEST(PlainYaml, RefusesTheRestOfYaml) {
  const std::pair<std::string, std::string> refused[] = {
      {"a: &x 1\n", "line 1: \"&x 1\" means more"},
      {"a: *x\n", "means more"},
      {"a: !!str 1\n", "means more"},
      {"a: |\n  text\n", "means more"},
      {"a: {b: 1}\n", "means more"},
      {"a: b: c\n", "means more"},
      {"a: [x, [y]]\n", "means more"},
      {"a: [x\n", "must end in its line"},
      {"a: [x,,y]\n", "is empty"},
      {"a: 'x\n", "do not match"},
      {"a: 'x' y\n", "do not match"},
      {"a: \"x\\qy\"\n", "\\q is not supported"},
      {"a: 1\na: 2\n", "line 2: \"a\" is set twice: first in line 1"},
      {"a: 1\n  b: 2\n", "line 2: is indented differently"},
      {"a:\n    b: 1\n  c: 2\n", "line 3: is indented differently"},
      {"a:\n\tb: 1\n", "line 2: is indented by a tab"},
      {"a: 1\n- b\n", "needs a key of its own"},
      {"- a: 1\n", "means more"},
      {"just words\n", "is not \"key: value\""},
      {"a: 1\n---\nb: 2\n", "one file is one document"},
      {"%YAML 1.2\n", "one file is one document"},
      {"a: \x01\n", "no text"},
      {"a: \xff\n", "no text"},
      {": 1\n", "a key must be a word"},
  };
  for (const auto& [text, words] : refused) EXPECT_THAT(parsed(text), HasSubstr(words)) << text;
}

TEST(PlainYaml, IsBounded) {
  EXPECT_THAT(parsed(std::string(70'000, '#')), HasSubstr("longer than"));
  std::string deep;
  for (int i = 0; i < 12; ++i) deep += concat(std::string(static_cast<std::size_t>(i), ' '), "a:\n");
  EXPECT_THAT(parsed(deep), HasSubstr("levels deep"));
}

TEST(PlainYaml, CutAnywhereItNeverFailsBadly) {
  const std::string text = "a:\n  b: ['x', \"y\\\\\"]\n  c: # d\n  - 'e''f'\n'g': \"h\"\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto root = parse_plain_yaml(std::string_view(text).substr(0, size));
    if (root) continue;
    EXPECT_THAT(root.error().message, HasSubstr("line ")) << size;
  }
}

}  // namespace
}  // namespace piman
