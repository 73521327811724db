// SPDX-License-Identifier: Apache-2.0
#include "manager/config_agents.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "common/text.h"
#include "manager/config_values.h"

namespace piman::manager {
namespace {

constexpr auto kText = ConfigKey::Scalar::kText;
constexpr auto kNumber = ConfigKey::Scalar::kNumber;
constexpr std::size_t kMostNameBytes = 253;
using In = std::string_view;

constexpr std::array<std::pair<std::string_view, bool>, 2> kSchemes = {{{"http", false}, {"https", true}}};

Result<void> set_optional_file(std::string& out, In text) {
  return text.empty() ? Result<void>() : set_file(out, text);
}

Result<void> set_user(std::string& out, In text) {
  if (text.find(':') != In::npos || text.size() > kMostNameBytes)
    return fail(concat(quote(text), " is no user's name"));
  out = text;
  return {};
}

/// Letters, digits, dots, dashes, and the two words in braces.
Result<void> set_server_name(std::string& out, In text) {
  std::string rest(text);
  for (const std::string_view word : {"{name}", "{address}"}) {
    for (std::size_t at = rest.find(word); at != std::string::npos; at = rest.find(word)) {
      rest.replace(at, word.size(), "x");
    }
  }
  const bool plain = !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
  if (!plain || text.size() > kMostNameBytes) {
    return fail(concat(quote(text), " is no host name like {name}.fleet.example or {address}"));
  }
  out = text;
  return {};
}

// clang-format off
constexpr std::array<ConfigKey, 11> kKeys = {{
    {"agents", "port", "whole number, 1 to 65535", kNumber,
     "The TCP port of the node agent, the same on every node.",
     [](Config& c, In t) { return set_number(c.agents.port, t, 1, std::numeric_limits<std::uint16_t>::max()); },
     [](const Config& c) { return concat(c.agents.port); }},
    {"agents", "scheme", "http or https", kText,
     "Whether the agents speak TLS; docs/security.md.",
     [](Config& c, In t) { return set_choice(c.agents.access.tls, t, kSchemes); },
     [](const Config& c) { return show_choice(c.agents.access.tls, kSchemes); }},
    {"agents", "ca_file", "path", kText,
     "Who must have signed the agents' certificates, in PEM. Empty: whom this machine trusts.",
     [](Config& c, In t) { return set_optional_file(c.agents.access.ca_file, t); },
     [](const Config& c) { return c.agents.access.ca_file; }},
    {"agents", "ca_dir", "path", kText,
     "The folder of the fleet's CA, which `piman ca init --ca.dir` makes where the server may write. When set, each node "
     "that piman's own installer installs over HTTP gets a certificate of it, and its agent speaks TLS; `ca_file` and "
     "`crl_file` are those of the folder. Empty: nodes get none.",
     [](Config& c, In t) { return t.empty() ? Result<void>() : set_folder(c.agents.ca_dir, t); },
     [](const Config& c) { return c.agents.ca_dir; }},
    {"agents", "crl_file", "path", kText,
     "Certificates that are not accepted any more, in PEM, with a list of each CA in `ca_file`; `piman ca revoke` writes "
     "one. Taken anew when it changes. Empty: none are looked for.",
     [](Config& c, In t) { return set_optional_file(c.agents.access.crl_file, t); },
     [](const Config& c) { return c.agents.access.crl_file; }},
    {"agents", "server_name", "host name", kText,
     "What an agent's certificate must be for. `{name}` is the node's name in the inventory, `{address}` its address.",
     [](Config& c, In t) { return set_server_name(c.agents.access.server_name, t); },
     [](const Config& c) { return c.agents.access.server_name; }},
    {"agents", "cert_file", "path", kText,
     "The manager's own certificate, for agents that ask for one; `key_file` is its key.",
     [](Config& c, In t) { return set_optional_file(c.agents.access.cert_file, t); },
     [](const Config& c) { return c.agents.access.cert_file; }},
    {"agents", "key_file", "path", kText,
     "The key of `cert_file`.",
     [](Config& c, In t) { return set_optional_file(c.agents.access.key_file, t); },
     [](const Config& c) { return c.agents.access.key_file; }},
    {"agents", "user", "text", kText,
     "The user for agents that want a password.",
     [](Config& c, In t) { return set_user(c.agents.access.user, t); },
     [](const Config& c) { return c.agents.access.user; }},
    {"agents", "password_file", "path", kText,
     "Its first line is the user's password. No other user may read it. Read again when it changes.",
     [](Config& c, In t) { return set_optional_file(c.agents.access.password_file, t); },
     [](const Config& c) { return c.agents.access.password_file; }},
    {"agents", "token_file", "path", kText,
     "Its first line is a token, for agents that want one. No other user may read it. Read again when it changes.",
     [](Config& c, In t) { return set_optional_file(c.agents.access.token_file, t); },
     [](const Config& c) { return c.agents.access.token_file; }},
}};
// clang-format on

}  // namespace

std::span<const ConfigKey> agent_keys() { return kKeys; }

void check_agents(const Config::Agents& agents, const ReportTogether& report) {
  const AccessSettings& access = agents.access;
  if (access.cert_file.empty() != access.key_file.empty()) {
    report({"agents.cert_file", "agents.key_file"}, "agents.cert_file, agents.key_file: one needs the other");
  }
  if (access.user.empty() != access.password_file.empty()) {
    report({"agents.user", "agents.password_file"}, "agents.user, agents.password_file: one needs the other");
  }
  if (!access.user.empty() && !access.token_file.empty()) {
    report({"agents.token_file", "agents.user"}, "agents.token_file: a request has either a user or a token");
  }
  if (!access.tls &&
      (!access.ca_file.empty() || !access.crl_file.empty() || !access.cert_file.empty() || !agents.ca_dir.empty())) {
    report({"agents.scheme", "agents.ca_file", "agents.crl_file", "agents.cert_file", "agents.ca_dir"},
           "agents.scheme: certificates need https");
  }
  if (!access.crl_file.empty() && access.ca_file.empty() && agents.ca_dir.empty()) {
    report({"agents.crl_file", "agents.ca_file"}, "agents.crl_file: needs the agents.ca_file that it is of");
  }
}

}  // namespace piman::manager
