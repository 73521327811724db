// SPDX-License-Identifier: Apache-2.0
#include "manager/config_keys.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "common/text.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostSiteBytes = 64;
constexpr milliseconds kDay{86'400'000};

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array<Unit, 5> kTimeUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizeUnits = {{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}};

/// Takes "15" and "s" off the front of "15s30ms".
std::optional<std::uint64_t> take_number(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_u64(text.substr(0, digits));
  text.remove_prefix(digits);
  return number;
}
std::string_view take_unit(std::string_view& text) {
  const std::string_view unit = text.substr(0, text.find_first_of("0123456789"));
  text.remove_prefix(unit.size());
  return unit;
}

Result<void> set_duration(milliseconds& out, std::string_view text, milliseconds least, milliseconds most) {
  const auto duration = parse_duration(text);
  if (!duration) return fail(concat(quote(text), " is no duration like 500ms, 15s or 1h30m"));
  if (*duration < least || *duration > most) {
    return fail(concat(text, " is not between ", format_duration(least), " and ", format_duration(most)));
  }
  out = *duration;
  return {};
}

template <class Number>
Result<void> set_number(Number& out, std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto number = parse_i64(text);
  if (!number) return fail(concat(quote(text), " is no whole number"));
  if (*number < 0 || static_cast<std::uint64_t>(*number) < least || static_cast<std::uint64_t>(*number) > most) {
    return fail(concat(*number, " is not between ", least, " and ", most));
  }
  out = static_cast<Number>(*number);
  return {};
}

std::string show_size(std::uint64_t bytes) {
  for (const Unit& unit : kSizeUnits) {
    const auto factor = static_cast<std::uint64_t>(unit.factor);
    if (bytes != 0 && bytes % factor == 0) return concat(bytes / factor, unit.name);
  }
  return "0B";
}

Result<void> set_size(std::size_t& out, std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::string_view rest = text;
  const auto number = take_number(rest);
  const auto* const unit =
      std::find_if(kSizeUnits.begin(), kSizeUnits.end(), [&](const Unit& u) { return u.name == rest; });
  if (!number || unit == kSizeUnits.end()) return fail(concat(quote(text), " is no size like 512KiB or 16MiB"));
  const auto factor = static_cast<std::uint64_t>(unit->factor);
  if (*number > most / factor || *number * factor < least) {
    return fail(concat(text, " is not between ", show_size(least), " and ", show_size(most)));
  }
  out = *number * factor;
  return {};
}

Result<void> set_site(std::string& out, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
  if (text.empty() || text.size() > kMostSiteBytes || !plain) {
    return fail(concat(quote(text), " is no site name: 1 to ", kMostSiteBytes, " of A-Z a-z 0-9 . _ -"));
  }
  out = text;
  return {};
}

/// Empty, or an address that a browser can open.
Result<void> set_url(std::string& out, std::string_view text) {
  std::string_view rest = text;
  const bool has_scheme = rest.starts_with("http://") || rest.starts_with("https://");
  const bool printable = std::all_of(rest.begin(), rest.end(),
                                     [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>'; });
  if (has_scheme) rest.remove_prefix(rest.find("//") + 2);
  if (!text.empty() && (!has_scheme || !printable || rest.empty() || rest.starts_with('/'))) {
    return fail(concat(quote(text), " is no URL like http://host:port"));
  }
  if (text.find_first_of("?#@") != std::string_view::npos) {
    return fail(concat(quote(text), " has a query, a fragment or a user, which can't be part of it"));
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  out = text;
  return {};
}

Result<void> set_level(LogLevel& out, std::string_view text) {
  const auto level = parse_log_level(text);
  if (!level) return fail(concat(quote(text), " is none of debug, info, warn, error"));
  out = *level;
  return {};
}

Result<void> set_format(LogFormat& out, std::string_view text) {
  const auto format = parse_log_format(text);
  if (!format) return fail(concat(quote(text), " is none of logfmt, json"));
  out = *format;
  return {};
}

Result<void> set_file(std::string& out, std::string_view text) {
  if (text.empty() || text.find('\0') != std::string_view::npos) return fail(concat(quote(text), " is no file name"));
  out = text;
  return {};
}

std::string show_level(LogLevel level) {
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warn", "error"};
  return std::string(kNames[static_cast<std::size_t>(level)]);
}

constexpr auto kText = ConfigKey::Scalar::kText;
constexpr auto kNumber = ConfigKey::Scalar::kNumber;
using In = std::string_view;

constexpr std::uint64_t kMostThreads = 1024;
constexpr std::uint64_t kMostInFlight = 4096;
constexpr std::uint64_t kLeastPageBytes = 1024;
constexpr std::uint64_t kMostPageBytes = 256UL * 1024UL * 1024;

// clang-format off
constexpr std::array<ConfigKey, 17> kKeys = {{
    {"", "site", "name", kText,
     "The `site` label of everything that this manager says. Letters, digits, dot, dash and underscore.",
     [](Config& c, In t) { return set_site(c.site, t); },
     [](const Config& c) { return c.site; }},

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

    {"inventory", "hosts_file", "path", kText,
     "The nodes, one a line: `MAC;IPv4;name;last_used`. A relative path is relative to the folder of this file.",
     [](Config& c, In t) { return set_file(c.inventory.hosts_file, t); },
     [](const Config& c) { return c.inventory.hosts_file; }},

    {"agents", "port", "whole number, 1 to 65535", kNumber,
     "The TCP port of the node agent, the same on every node.",
     [](Config& c, In t) { return set_number(c.agents.port, t, 1, std::numeric_limits<std::uint16_t>::max()); },
     [](const Config& c) { return concat(c.agents.port); }},

    {"scrape", "interval", "duration, 1s to 1h", kText,
     "How often each node is asked. The nodes are spread over the interval.",
     [](Config& c, In t) { return set_duration(c.scrape.interval, t, milliseconds(1000), milliseconds(3'600'000)); },
     [](const Config& c) { return format_duration(c.scrape.interval); }},
    {"scrape", "timeout", "duration, 100ms to the interval", kText,
     "How long a node may take to answer, its metrics and its events together.",
     [](Config& c, In t) { return set_duration(c.scrape.timeout, t, milliseconds(100), milliseconds(3'600'000)); },
     [](const Config& c) { return format_duration(c.scrape.timeout); }},
    {"scrape", "max_in_flight", "whole number, 1 to 4096", kNumber,
     "At most how many nodes are asked at the same moment.",
     [](Config& c, In t) { return set_number(c.scrape.max_in_flight, t, 1, kMostInFlight); },
     [](const Config& c) { return concat(c.scrape.max_in_flight); }},
    {"scrape", "max_page_size", "size, 1KiB to 256MiB", kText,
     "A node that sends more is cut off, and the scrape counts as failed.",
     [](Config& c, In t) { return set_size(c.scrape.max_page_bytes, t, kLeastPageBytes, kMostPageBytes); },
     [](const Config& c) { return show_size(c.scrape.max_page_bytes); }},
    {"scrape", "max_backoff", "duration, the interval to 1d", kText,
     "The longest pause between two tries of a node that does not answer. The pause doubles from the interval up to this.",
     [](Config& c, In t) { return set_duration(c.scrape.max_backoff, t, milliseconds(1000), kDay); },
     [](const Config& c) { return format_duration(c.scrape.max_backoff); }},
    {"scrape", "history", "duration, 1m to 1d", kText,
     "How far back the charts of the page look. Prometheus keeps what is older.",
     [](Config& c, In t) { return set_duration(c.scrape.history, t, milliseconds(60'000), kDay); },
     [](const Config& c) { return format_duration(c.scrape.history); }},

    {"log", "level", "debug, info, warn or error", kText,
     "The least important lines that are written. `--log.level` comes first.",
     [](Config& c, In t) { return set_level(c.log.level, t); },
     [](const Config& c) { return show_level(c.log.level); }},
    {"log", "format", "logfmt or json", kText,
     "How the lines look. `--log.format` comes first.",
     [](Config& c, In t) { return set_format(c.log.format, t); },
     [](const Config& c) { return std::string(c.log.format == LogFormat::kJson ? "json" : "logfmt"); }},

    {"links", "prometheus", "URL", kText, "Linked from the page when set.",
     [](Config& c, In t) { return set_url(c.links.prometheus, t); },
     [](const Config& c) { return c.links.prometheus; }},
    {"links", "alertmanager", "URL", kText, "Linked from the page when set.",
     [](Config& c, In t) { return set_url(c.links.alertmanager, t); },
     [](const Config& c) { return c.links.alertmanager; }},
    {"links", "grafana", "URL", kText, "Linked from the page when set.",
     [](Config& c, In t) { return set_url(c.links.grafana, t); },
     [](const Config& c) { return c.links.grafana; }},
}};
// clang-format on

}  // namespace

std::string ConfigKey::full_name() const { return section.empty() ? std::string(name) : concat(section, '.', name); }

std::span<const ConfigKey> config_keys() { return kKeys; }

std::string_view config_section_help(std::string_view section) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kHelp = {{
      {"web", "The HTTP server of the manager."},
      {"inventory", "Which nodes there are."},
      {"agents", "How the nodes are reached."},
      {"scrape", "How the nodes are asked for their state."},
      {"log", "What the manager writes to standard error."},
      {"links", "Other programs that the page leads to."},
  }};
  for (const auto& [name, help] : kHelp) {
    if (name == section) return help;
  }
  return {};
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return milliseconds(0);
  std::int64_t total = 0;
  std::size_t next_unit = 0;  // units come from large to small, each at most once
  while (!text.empty()) {
    const auto number = take_number(text);
    const std::string_view name = take_unit(text);
    while (next_unit < kTimeUnits.size() && kTimeUnits[next_unit].name != name) ++next_unit;
    if (!number || next_unit == kTimeUnits.size()) return std::nullopt;
    const std::int64_t factor = kTimeUnits[next_unit++].factor;
    const auto room = static_cast<std::uint64_t>((std::numeric_limits<std::int64_t>::max() - total) / factor);
    if (*number > room) return std::nullopt;
    total += static_cast<std::int64_t>(*number) * factor;
  }
  return next_unit == 0 ? std::nullopt : std::optional(milliseconds(total));
}

std::string format_duration(milliseconds duration) {
  std::int64_t rest = duration.count();
  if (rest <= 0) return "0s";
  std::string out;
  for (const Unit& unit : kTimeUnits) {
    if (rest >= unit.factor) out += concat(rest / unit.factor, unit.name);
    rest %= unit.factor;
  }
  return out;
}

Result<void> override_listen_address(Config& config, std::string_view text) {
  const auto address = HostPort::parse(text);
  if (!address) return fail(concat(quote(text), " is no address like 127.0.0.1:8080, [::1]:8080 or :8080"));
  if (address->port == 0) return fail(concat(quote(text), ": port 0 is not between 1 and 65535"));
  if (!address->host.empty() && !address->is_ipv6 && !Ipv4Address::parse(address->host)) {
    return fail(concat(quote(text), ": ", quote(address->host), " is no IP address of this machine"));
  }
  config.web.listen_address = *address;
  return {};
}

}  // namespace piman::manager
