// SPDX-License-Identifier: Apache-2.0
#include "manager/config_web.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "common/text.h"
#include "manager/config_values.h"

namespace piman::manager {
namespace {

constexpr auto kText = ConfigKey::Scalar::kText;
constexpr auto kNumber = ConfigKey::Scalar::kNumber;
using In = std::string_view;

constexpr std::uint64_t kMostThreads = 1024;
template <class Choice>
using Word = std::pair<std::string_view, Choice>;
using ChangesFrom = Config::Web::ChangesFrom;
constexpr std::array<Word<ChangesFrom>, 2> kChangesFrom = {
    {{"loopback", ChangesFrom::kLoopback}, {"everywhere", ChangesFrom::kEverywhere}}};
using ReadAccess = Config::Web::ReadAccess;
constexpr std::array<Word<ReadAccess>, 2> kReadAccess = {
    {{"everyone", ReadAccess::kEveryone}, {"login", ReadAccess::kLogin}}};

// clang-format off
constexpr std::array<ConfigKey, 9> kKeys = {{
    {"web", "listen_address", "address:port", kText,
     "Where the page, the API and the metrics are served. `:8080` is every address of this machine; that lets everyone "
     "in the network read the fleet's state.",
     [](Config& c, In t) { return override_listen_address(c, t); },
     [](const Config& c) { return c.web.listen_address.to_string(); }},
    {"web", "external_url", "URL", kText,
     "How Prometheus and people reach the manager, when that is not `http://` and the listen address: behind a reverse "
     "proxy or another name.",
     [](Config& c, In t) { return set_url(c.web.external_url, t); },
     [](const Config& c) { return c.web.external_url; }},
    {"web", "threads", "whole number, 1 to 1024", kNumber,
     "How many requests are served at once. Each browser that watches live holds one.",
     [](Config& c, In t) { return set_number(c.web.threads, t, 1, kMostThreads); },
     [](const Config& c) { return concat(c.web.threads); }},
    {"web", "changes_from", "loopback or everywhere", kText,
     "From where requests may change something, such as accept a host. They need the token or a login in both cases.",
     [](Config& c, In t) { return set_choice(c.web.changes_from, t, kChangesFrom); },
     [](const Config& c) { return show_choice(c.web.changes_from, kChangesFrom); }},
    {"web", "token_file", "path", kText,
     "The file with the token that orders (install, restart, power) need. Empty: `api.token` in `store.folder`, which "
     "the server makes, readable only by its user.",
     [](Config& c, In t) { return t.empty() ? Result<void>() : set_file(c.web.token_file, t); },
     [](const Config& c) { return c.web.token_file; }},
    {"web", "users_file", "path", kText,
     "Who may log in on the page by name and password, one `NAME:ROLE:HASH` a line; `piman users` writes it. Empty: the "
     "token is the only way. Read anew when it changes.",
     [](Config& c, In t) { return t.empty() ? Result<void>() : set_file(c.web.users_file, t); },
     [](const Config& c) { return c.web.users_file; }},
    {"web", "read_access", "everyone or login", kText,
     "Who may read the fleet's state, the metrics and the nodes' pages: whoever reaches the listen address, or only "
     "sessions and those who send the token (Prometheus: `authorization`).",
     [](Config& c, In t) { return set_choice(c.web.read_access, t, kReadAccess); },
     [](const Config& c) { return show_choice(c.web.read_access, kReadAccess); }},
    {"web", "loopback_login", "true or false", kText,
     "Whether requests from this machine need a login or the token as well. `false` lets every user of this machine, and "
     "whoever comes through a reverse proxy on it, do everything.",
     [](Config& c, In t) { return set_switch(c.web.loopback_login, t); },
     [](const Config& c) { return show_switch(c.web.loopback_login); }},
    {"web", "config_file", "path", kText,
     "TLS, client certificates, passwords and tokens for page, API and metrics, in the format of the Prometheus "
     "exporters' `--web.config.file`; docs/security.md. Read again when it changes. Empty: plain HTTP for everybody.",
     [](Config& c, In t) { return t.empty() ? Result<void>() : set_file(c.web.config_file, t); },
     [](const Config& c) { return c.web.config_file; }},
}};
// clang-format on

}  // namespace

std::span<const ConfigKey> web_keys() { return kKeys; }

}  // namespace piman::manager
