// SPDX-License-Identifier: Apache-2.0
#include "manager/config_values.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "common/text.h"
#include "manager/fleet/inventory.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostSiteBytes = 64;

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

/// Calls `take` with each part of a list like "a, b,c", trimmed; "" has none. Errors: an empty part; what `take` says.
template <class Take>
Result<void> for_each_part(std::string_view text, const Take& take) {
  if (trim(text).empty()) return {};
  for (bool more = true; more;) {
    more = text.find(',') != std::string_view::npos;
    const std::string_view part = trim(next_until(text, ','));
    if (part.empty()) return fail("a part between two commas is empty");
    if (Result<void> taken = take(part); !taken) return taken;
  }
  return {};
}

template <class Value, class Show>
std::string joined(const std::vector<Value>& values, const Show& show) {
  std::string out;
  for (const Value& value : values) out += concat(out.empty() ? "" : ", ", show(value));
  return out;
}

}  // namespace

Result<void> set_duration(milliseconds& out, std::string_view text, milliseconds least, milliseconds most) {
  const auto duration = parse_duration(text);
  if (!duration) return fail(concat(quote(text), " is no duration like 500ms, 15s or 1h30m"));
  if (*duration < least || *duration > most) {
    return fail(concat(text, " is not between ", format_duration(least), " and ", format_duration(most)));
  }
  out = *duration;
  return {};
}

Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto number = parse_i64(text);
  if (!number) return fail(concat(quote(text), " is no whole number"));
  if (*number < 0 || static_cast<std::uint64_t>(*number) < least || static_cast<std::uint64_t>(*number) > most) {
    return fail(concat(*number, " is not between ", least, " and ", most));
  }
  return static_cast<std::uint64_t>(*number);
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

Result<void> set_switch(bool& out, std::string_view text) {
  if (text != "true" && text != "false") return fail(concat(quote(text), " is not true or false"));
  out = text == "true";
  return {};
}

Result<void> set_folder(std::string& out, std::string_view text) {
  while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  return set_file(out, text);
}

Result<void> set_path_part(std::string& out, std::string_view text) {
  if (!is_host_name(text)) return fail(concat(quote(text), " is no name of a folder: A-Z a-z 0-9 . _ -"));
  out = text;
  return {};
}

Result<void> set_interfaces(std::vector<std::string>& out, std::string_view text) {
  constexpr std::size_t kMostInterfaceBytes = 15;  // IFNAMSIZ with its NUL
  std::vector<std::string> names;
  auto read = for_each_part(text, [&](std::string_view name) -> Result<void> {
    const bool plain =
        std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '/' && c != ':'; });
    if (name.size() > kMostInterfaceBytes || !plain) return fail(concat(quote(name), " is no network interface"));
    if (std::find(names.begin(), names.end(), name) != names.end()) return fail(concat(name, " stands there twice"));
    names.emplace_back(name);
    return {};
  });
  if (read) out = std::move(names);
  return read;
}
std::string show_list(const std::vector<std::string>& names) {
  return joined(names, [](const std::string& name) { return name; });
}

Result<HostPort> parse_listen_address(std::string_view text) {
  const auto address = HostPort::parse(text);
  if (!address) return fail(concat(quote(text), " is no address like 127.0.0.1:8080, [::1]:8080 or :8080"));
  if (address->port == 0) return fail(concat(quote(text), ": port 0 is not between 1 and 65535"));
  if (!address->host.empty() && !address->is_ipv6 && !Ipv4Address::parse(address->host)) {
    return fail(concat(quote(text), ": ", quote(address->host), " is no IP address of this machine"));
  }
  return *address;
}

Result<void> set_optional_listen_address(HostPort& out, std::string_view text) {
  if (text.empty()) {
    out = {};
    return {};
  }
  const auto address = parse_listen_address(text);
  if (!address) return tl::unexpected<Error>(address.error());
  out = *address;
  return {};
}

std::string show_optional_listen_address(const HostPort& address) {
  return address.port == 0 ? "" : address.to_string();
}

Result<void> set_address(Ipv4Address& out, std::string_view text) {
  const auto address = text.empty() ? Ipv4Address() : Ipv4Address::parse(text);
  if (!address) return fail(concat(quote(text), " is no IPv4 address"));
  out = *address;
  return {};
}
std::string show_address(Ipv4Address address) { return address == Ipv4Address() ? std::string() : address.to_string(); }

Result<void> set_addresses(std::vector<Ipv4Address>& out, std::string_view text, std::size_t most) {
  std::vector<Ipv4Address> addresses;
  auto read = for_each_part(text, [&](std::string_view part) -> Result<void> {
    const auto address = Ipv4Address::parse(part);
    if (!address || *address == Ipv4Address()) return fail(concat(quote(part), " is no IPv4 address"));
    if (addresses.size() == most)
      return fail(concat("more than ", most, " addresses: ", address->to_string(), " is one too many"));
    addresses.push_back(*address);
    return {};
  });
  if (read) out = std::move(addresses);
  return read;
}
std::string show_addresses(const std::vector<Ipv4Address>& addresses) {
  return joined(addresses, [](Ipv4Address address) { return address.to_string(); });
}

Result<void> set_networks(std::vector<Ipv4Network>& out, std::string_view text) {
  std::vector<Ipv4Network> networks;
  auto read = for_each_part(text, [&](std::string_view part) -> Result<void> {
    const auto network = Ipv4Network::parse(part);
    if (!network) return fail(concat(quote(part), " is no network like 192.168.1.0/24"));
    if (network->first() != network->address) {
      return fail(
          concat(part, " names a host; its network is ", network->first().to_string(), '/', network->prefix_length));
    }
    networks.push_back(*network);
    return {};
  });
  if (read) out = std::move(networks);
  return read;
}
std::string show_networks(const std::vector<Ipv4Network>& networks) {
  return joined(networks, [](const Ipv4Network& network) { return network.to_string(); });
}

Result<void> set_ranges(std::vector<Ipv4Range>& out, std::string_view text) {
  std::vector<Ipv4Range> ranges;
  auto read = for_each_part(text, [&](std::string_view part) -> Result<void> {
    std::string_view rest = part;
    const auto first = Ipv4Address::parse(trim(next_until(rest, '-')));
    const auto last = Ipv4Address::parse(trim(rest));
    if (!first || !last) return fail(concat(quote(part), " is no range like 192.168.1.100-192.168.1.199"));
    if (*last < *first) return fail(concat(part, " ends before it begins"));
    ranges.push_back({*first, *last});
    return {};
  });
  if (read) out = std::move(ranges);
  return read;
}
std::string show_ranges(const std::vector<Ipv4Range>& ranges) {
  return joined(ranges, [](const Ipv4Range& range) { return range.to_string(); });
}

Result<void> set_domain(std::string& out, std::string_view text) {
  constexpr std::size_t kMostDomainBytes = 253;
  if (!text.empty() && (text.size() > kMostDomainBytes || !is_host_name(text.substr(0, kMostHostNameBytes)) ||
                        text.find("..") != std::string_view::npos)) {
    return fail(concat(quote(text), " is no domain"));
  }
  out = text;
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

}  // namespace piman::manager
