// SPDX-License-Identifier: Apache-2.0
#include "manager/config.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <sstream>
#include <utility>

#include "common/http/web_gate.h"
#include "common/text.h"
#include "manager/config_reader.h"
#include "manager/fleet/text_file.h"

namespace piman::manager {
namespace {

constexpr std::size_t kMostDepth = 16;

using Problems = std::vector<ConfigProblem>;

std::size_t line_of(const YAML::Mark& mark) { return mark.line < 0 ? 0 : static_cast<std::size_t>(mark.line) + 1; }

/// Builds the tree from the parser's events. Events instead of YAML::Node, because a Node forgets repeated keys'
/// places and follows aliases.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Problems& problems) : problems_(problems) {}
  ~TreeBuilder() override = default;

  const YamlNode& root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(YamlNode{YamlNode::Kind::kNothing, line_of(mark), false, {}, {}});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    problems_.push_back({line_of(mark), "aliases (*name) are not supported"});
    add(YamlNode{YamlNode::Kind::kNothing, line_of(mark), false, {}, {}});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    const bool quoted = tag == "!";
    const bool null = !quoted && (value.empty() || value == "~" || value == "null");
    add(YamlNode{null ? YamlNode::Kind::kNothing : YamlNode::Kind::kScalar, line_of(mark), quoted, value, {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) problems_.push_back({line_of(mark), "anchors (&name) are not supported"});
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    // The parser itself says "?" for a plain value and "!" for a quoted one.
    if (tag.empty() || tag == "?" || tag == "!") return;
    problems_.push_back({line_of(mark), concat("the tag ", quote(tag), " is not supported")});
  }
  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (open_.size() == kMostDepth) throw YAML::ParserException(mark, concat("more than ", kMostDepth, " levels deep"));
    open_.push_back(YamlNode{kind, line_of(mark), false, {}, {}});
  }
  void close() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    add(std::move(node));
  }
  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().children.push_back(std::move(node));
    }
  }

  Problems& problems_;
  YamlNode root_;
  std::vector<YamlNode> open_;
};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {};
  return slash == 0 ? "/" : path.substr(0, slash);
}

void make_absolute(std::string& path, const std::string& folder) {
  if (path.starts_with('/') || folder.empty()) return;
  path = concat(folder, folder.ends_with('/') ? "" : "/", path);
}

/// A web configuration that can't be used is a problem of this file, too.
void read_web_config(ParsedConfig& parsed) {
  Config::Web& web = parsed.config.web;
  if (web.config_file.empty()) return;
  const http::CheckedWebConfig checked = http::check_web_config(web.config_file);
  web.tls = checked.has_tls;
  for (const std::string& problem : checked.problems) {
    parsed.problems.push_back({0, concat("web.config_file: ", problem)});
  }
}

}  // namespace

YamlNode parse_yaml(std::string_view yaml, Problems& problems) {
  TreeBuilder tree(problems);
  try {
    std::istringstream stream{std::string(yaml)};
    YAML::Parser parser(stream);
    TreeBuilder second(problems);
    parser.HandleNextDocument(tree);
    if (parser.HandleNextDocument(second)) {
      problems.push_back({second.root().line, "a second document: one file has one"});
    }
  } catch (const YAML::Exception& thrown) {
    problems.push_back({line_of(thrown.mark), concat("not YAML: ", thrown.msg)});
  }
  return tree.root();
}

std::string ConfigProblem::to_string(std::string_view file) const {
  return line == 0 ? concat(file, ": ", message) : concat(file, ':', line, ": ", message);
}

ParsedConfig parse_config(std::string_view yaml, const std::string& folder) {
  ParsedConfig parsed;
  if (yaml.size() > kMostConfigBytes) {
    parsed.problems.push_back({0, concat("longer than ", kMostConfigBytes, " bytes")});
    return parsed;
  }
  const YamlNode root = parse_yaml(yaml, parsed.problems);
  if (parsed.problems.empty() || root.kind == YamlNode::Kind::kMap) {
    read_config_tree(root, parsed.config, parsed.problems);
  }
  std::stable_sort(parsed.problems.begin(), parsed.problems.end(),
                   [](const ConfigProblem& a, const ConfigProblem& b) { return a.line < b.line; });
  for (std::string* path : {&parsed.config.inventory.hosts_file, &parsed.config.store.folder,
                            &parsed.config.netboot.root, &parsed.config.install.images}) {
    make_absolute(*path, folder);
  }
  for (std::string* path :
       {&parsed.config.web.token_file, &parsed.config.web.users_file, &parsed.config.web.config_file}) {
    if (!path->empty()) make_absolute(*path, folder);
  }
  AccessSettings& access = parsed.config.agents.access;
  for (std::string* path : {&access.ca_file, &access.crl_file, &access.cert_file, &access.key_file,
                            &access.password_file, &access.token_file, &parsed.config.agents.ca_dir}) {
    if (!path->empty()) make_absolute(*path, folder);
  }
  if (const std::string& ca = parsed.config.agents.ca_dir; !ca.empty()) {
    if (access.ca_file.empty()) access.ca_file = ca + "/ca.crt";
    if (access.crl_file.empty()) access.crl_file = ca + "/ca.crl";
  }
  watch::WatchConfig& watch = parsed.config.watch;
  for (std::string* path : {&watch.slack_url_file, &watch.webhook_url_file, &watch.ca_file, &watch.status_log}) {
    if (!path->empty()) make_absolute(*path, folder);
  }
  for (power::SwitchConfig& each : parsed.config.power.switches) {
    for (std::string* path : {&each.community_file, &each.auth_key_file, &each.priv_key_file, &each.command}) {
      if (!path->empty()) make_absolute(*path, folder);
    }
  }
  return parsed;
}

ParsedConfig read_config(const std::string& path) {
  ParsedConfig parsed;
  auto text = read_text_file(path, kMostConfigBytes);
  if (!text) {
    parsed.problems.push_back({0, text.error().message});
  } else if (!*text) {
    parsed.problems.push_back({0, "no such file"});
  } else {
    parsed = parse_config(**text, folder_of(path));
    read_web_config(parsed);
  }
  return parsed;
}

std::string external_url(const Config& config, std::string_view request_host) {
  if (!config.web.external_url.empty()) return config.web.external_url;
  const HostPort& listen = config.web.listen_address;
  const bool every_address = listen.host.empty() || listen.host == "0.0.0.0" || listen.host == "::";
  const std::string_view scheme = config.web.tls ? "https://" : "http://";
  if (every_address && !request_host.empty()) return concat(scheme, request_host);
  if (every_address) return concat(scheme, "127.0.0.1:", listen.port);
  return concat(scheme, listen.to_string());
}

}  // namespace piman::manager
