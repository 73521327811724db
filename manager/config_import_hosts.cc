// SPDX-License-Identifier: Apache-2.0
#include "manager/config_import_hosts.h"

#include <algorithm>
#include <array>
#include <set>

#include "common/text.h"
#include "manager/fleet/inventory.h"

namespace piman::manager {
namespace {

constexpr std::size_t kFields = 4;

class HostsImport {
 public:
  ImportedHosts run(std::string_view rest) {
    // A byte order mark, for whoever edited it with a spreadsheet.
    if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
    while (!rest.empty()) {
      ++line_;
      const std::string_view text = trim(next_line(rest));
      if (!text.empty() && text.front() != '#') take(text);
      if (result_.hosts.size() == kMostHosts && !rest.empty()) {
        problem(concat("more than ", kMostHosts, " hosts: what follows was left out"));
        break;
      }
    }
    if (unlisted_ > 0) result_.problems.push_back(concat("line ", line_, ": and ", unlisted_, " more problems before"));
    return std::move(result_);
  }

 private:
  void problem(const std::string& words) {
    if (result_.problems.size() < kMostInventoryProblems) {
      result_.problems.push_back(concat("line ", line_, ": ", words));
    } else {
      ++unlisted_;
    }
  }

  void take(std::string_view text) {
    const std::string_view whole = text;
    const auto separators = static_cast<std::size_t>(std::count(text.begin(), text.end(), ';'));
    if (separators == 0 || separators >= kFields) {
      return problem(concat(quote(whole), " is no MAC;IPv4;name;last_used: left out"));
    }
    std::array<std::string_view, kFields> fields;
    for (std::string_view& field : fields) field = trim(next_until(text, ';'));
    // Whether MAC and address are those of a machine, the inventory itself says.
    const ParsedInventory bare = parse_hosts(concat(fields[0], ';', fields[1], ";;"));
    if (bare.hosts.size() != 1) {
      const std::string why = bare.problems.empty() ? std::string("is empty") : bare.problems.front().message;
      return problem(concat(why, ": left out"));
    }
    Host host = bare.hosts.front();
    if (!macs_.insert(host.mac).second) return problem(concat(host.mac.to_string(), " stands there before: left out"));
    if (!addresses_.insert(host.address).second) {
      macs_.erase(host.mac);
      return problem(concat(host.address.to_string(), " is another host's already: left out"));
    }
    if (!set_name(host, fields[2])) return;
    std::string_view time = fields[3];
    if (!time.empty() && !parse_double(time)) {
      problem(concat(quote(time), " is no time: it is not kept"));
      time = {};
    }
    result_.csv += concat(host.mac.to_string(), ';', host.address.to_string(), ';', host.name, ';', time, '\n');
    result_.hosts.push_back(std::move(host));
  }

  /// `host` has the derived name. False: that is taken, too.
  bool set_name(Host& host, std::string_view wanted) {
    const std::string derived = host.name;
    if (!wanted.empty() && is_host_name(wanted) && names_.insert(to_lower(wanted)).second) {
      host.name = wanted;
      return true;
    }
    const std::uint32_t address = host.address.value();
    for (const std::string& name : {derived, concat("pi", address >> 8U & 0xFFU, '-', address & 0xFFU)}) {
      if (!names_.insert(name).second) continue;
      host.name = name;
      if (!wanted.empty()) {
        problem(concat("the name ", quote(wanted),
                       is_host_name(wanted) ? " is another host's already" : " is no host name", ": ", name,
                       " instead"));
      }
      return true;
    }
    problem(concat(derived, " and the like are names of other hosts: left out"));
    macs_.erase(host.mac);
    addresses_.erase(host.address);
    return false;
  }

  std::size_t line_ = 0, unlisted_ = 0;
  std::set<MacAddress> macs_;
  std::set<Ipv4Address> addresses_;
  std::set<std::string> names_;
  ImportedHosts result_;
};

}  // namespace

ImportedHosts import_hosts(std::string_view csv) { return HostsImport().run(csv); }

}  // namespace piman::manager
