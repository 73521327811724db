// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/inventory.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "common/text.h"
#include "manager/fleet/text_file.h"

namespace piman::manager {
namespace {

constexpr std::size_t kFields = 4;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // spreadsheet programs put it at the front

std::string derived_name(Ipv4Address address) { return concat("pi", address.value() & 0xFFU); }

/// An address that one machine can have.
bool is_unicast(Ipv4Address address) {
  const std::uint32_t first = address.value() >> 24U;
  return first != 0 && first < 224;
}
bool is_unicast(const MacAddress& mac) {
  constexpr std::uint8_t kGroupBit = 1;
  return mac != MacAddress() && (mac.bytes()[0] & kGroupBit) == 0;
}

class InventoryReader {
 public:
  ParsedInventory read(std::string_view csv) {
    if (csv.starts_with(kByteOrderMark)) csv.remove_prefix(kByteOrderMark.size());
    while (!csv.empty()) {
      ++line_;
      const std::string_view text = trim(next_line(csv));
      if (text.empty() || text.front() == '#') continue;
      if (result_.hosts.size() == kMostHosts) {
        problem(concat("more than ", kMostHosts, " hosts: this line and those after it are not used"));
        break;
      }
      read_host(text);
    }
    if (unlisted_ > 0) result_.problems.push_back({0, concat("and ", unlisted_, " more problems")});
    return std::move(result_);
  }

 private:
  void problem(std::string message) {
    if (result_.problems.size() < kMostInventoryProblems) {
      result_.problems.push_back({line_, std::move(message)});
    } else {
      ++unlisted_;
    }
  }

  void read_host(std::string_view text) {
    const auto separators = static_cast<std::size_t>(std::count(text.begin(), text.end(), ';'));
    if (separators == 0 || separators >= kFields) {
      problem(concat(quote(text), " has ", separators + 1, " fields; a line is MAC;IPv4;name;last_used"));
      return;
    }
    std::array<std::string_view, kFields> fields;
    for (std::string_view& field : fields) field = trim(next_until(text, ';'));
    const auto& [mac_text, address_text, name_text, last_used_text] = fields;

    const auto mac = MacAddress::parse(mac_text);
    const auto address = Ipv4Address::parse(address_text);
    if (!mac || !is_unicast(*mac)) {
      problem(concat(quote(mac_text), " is no MAC address of a machine"));
    } else if (!address || !is_unicast(*address)) {
      problem(concat(quote(address_text), " is no IPv4 address of a machine"));
    } else if (!name_text.empty() && !is_host_name(name_text)) {
      problem(concat(quote(name_text), " is no host name: 1 to ", kMostHostNameBytes, " of A-Z a-z 0-9 . _ -"));
    } else if (!last_used_text.empty() && !parse_double(last_used_text)) {
      problem(concat(quote(last_used_text), " is no time in seconds since 1970"));
    } else {
      add(Host{name_text.empty() ? derived_name(*address) : std::string(name_text), *address, *mac});
    }
  }

  void add(Host host) {
    if (is_taken(macs_, host.mac, "MAC ", host.mac.to_string())) return;
    if (is_taken(addresses_, host.address, "address ", host.address.to_string())) return;
    if (is_taken(names_, to_lower(host.name), "name ", host.name)) return;  // DNS does not tell cases apart
    macs_.emplace(host.mac, line_);
    addresses_.emplace(host.address, line_);
    names_.emplace(to_lower(host.name), line_);
    result_.hosts.push_back(std::move(host));
  }

  template <class Key>
  bool is_taken(const std::map<Key, std::size_t>& taken, const Key& key, std::string_view what,
                const std::string& shown) {
    const auto found = taken.find(key);
    if (found == taken.end()) return false;
    problem(concat(what, shown, " is that of line ", found->second, " already"));
    return true;
  }

  std::size_t line_ = 0;
  std::size_t unlisted_ = 0;
  std::map<MacAddress, std::size_t> macs_;
  std::map<Ipv4Address, std::size_t> addresses_;
  std::map<std::string, std::size_t> names_;
  ParsedInventory result_;
};

}  // namespace

std::string InventoryProblem::to_string(std::string_view file) const {
  return line == 0 ? concat(file, ": ", message) : concat(file, ':', line, ": ", message);
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > kMostHostNameBytes || name.front() == '.' || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

ParsedInventory parse_hosts(std::string_view csv) { return InventoryReader().read(csv); }

Result<ParsedInventory> read_inventory(const std::string& path) {
  auto text = read_text_file(path, kMostInventoryBytes);
  if (!text) return tl::unexpected<Error>(std::move(text.error()));
  if (*text) {
    ParsedInventory parsed = parse_hosts(**text);
    parsed.bytes = (*text)->size();
    return parsed;
  }
  return ParsedInventory{{}, 0, {{0, "no such file: the inventory is empty until it is there"}}};
}

}  // namespace piman::manager
