// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "common/http/web_config.h"
#include "common/plain_yaml.h"

namespace {

/// Lines grow, maps are pairs with texts as keys, leaves have no children.
void check_tree(const piman::PlainYaml& node, std::size_t least_line) {
  using Kind = piman::PlainYaml::Kind;
  PIMAN_CHECK(node.line >= least_line);
  if (node.kind == Kind::kNothing || node.kind == Kind::kText) PIMAN_CHECK(node.children.empty());
  if (node.kind == Kind::kMap) PIMAN_CHECK(node.children.size() % 2 == 0);
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (node.kind == Kind::kMap && i % 2 == 0) PIMAN_CHECK(node.children[i].kind == Kind::kText);
    check_tree(node.children[i], node.line);
  }
}

}  // namespace

/// A web configuration is understood or told off, by lines that a log can hold; what is understood is whole.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto tree = piman::parse_plain_yaml(text)) check_tree(*tree, 0);
  const auto parsed = piman::http::parse_web_config(text, "/folder");
  for (const std::string& problem : parsed.problems) {
    PIMAN_CHECK(!problem.empty() && std::all_of(problem.begin(), problem.end(), [](char c) { return c >= ' '; }));
  }
  if (!parsed.problems.empty()) return 0;
  if (const auto& tls = parsed.config.tls) {
    PIMAN_CHECK(!tls->cert_file.empty() && !tls->key_file.empty() && !tls->ciphers.empty());
  }
  for (const auto& user : parsed.config.users) PIMAN_CHECK(!user.name.empty() && user.bcrypt_hash.size() == 60);
  return 0;
}
