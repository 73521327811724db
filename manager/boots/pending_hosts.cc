// SPDX-License-Identifier: Apache-2.0
#include "manager/boots/pending_hosts.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <tuple>
#include <utility>

#include "manager/boots/boot.h"

namespace piman::manager {
namespace {

constexpr std::chrono::seconds kBetweenStores{60};

WallTime whole_seconds(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); }

bool is_pi_program(std::string_view model) { return model.starts_with("pi"); }
/// 0: a Pi's boot program, 1: another boot program, 2: a system, which may as well be somebody's laptop.
int rank_of(std::string_view model) {
  if (is_pi_program(model)) return 0;
  return stage_of(model) == BootStage::kSystem ? 2 : 1;
}

}  // namespace

bool PendingHosts::take(const netboot::DhcpEvent& event, const netboot::HostTable& hosts, WallTime now) {
  if (hosts.find(event.mac) != nullptr) return false;
  const auto found = hosts_.find(event.mac);
  const bool is_new = found == hosts_.end();
  if (is_new && hosts_.size() >= most_) make_room();
  Entry& entry = is_new ? hosts_[event.mac] : found->second;
  PendingHost& host = entry.host;
  const PendingHost before = host;
  host.mac = event.mac;
  // What booted it says more of a machine than the system that it started.
  if (host.model.empty() || rank_of(event.client.model) <= rank_of(host.model)) host.model = event.client.model;
  if (event.client.serial) host.serial = event.client.serial;
  if (event.client.revision) host.revision = event.client.revision;
  host.interface = event.interface;
  host.address = event.address;
  if (is_new) host.first_seen = whole_seconds(now);
  host.last_seen = whole_seconds(now);
  ++host.messages;
  const auto traits = [](const PendingHost& h) {
    return std::tie(h.model, h.serial, h.revision, h.interface, h.address);
  };
  if (is_new || traits(before) != traits(host) || now - entry.stored >= kBetweenStores) {
    entry.stored = now;
    changes_.push_back({event.mac, host});
  }
  return is_new;
}

void PendingHosts::leave_out(const netboot::HostTable& hosts) {
  for (auto it = hosts_.begin(); it != hosts_.end();) {
    if (hosts.find(it->first) == nullptr) {
      ++it;
      continue;
    }
    changes_.push_back({it->first, std::nullopt});
    it = hosts_.erase(it);
  }
}

void PendingHosts::restore(std::vector<PendingHost> hosts) {
  for (PendingHost& host : hosts) {
    if (hosts_.size() >= most_) return;
    const MacAddress mac = host.mac;
    const WallTime stored = host.last_seen;
    hosts_.insert_or_assign(mac, Entry{std::move(host), stored});
  }
}

std::vector<PendingHosts::Change> PendingHosts::take_changes() { return std::exchange(changes_, {}); }

std::vector<PendingHost> PendingHosts::list() const {
  std::vector<PendingHost> list;
  list.reserve(hosts_.size());
  for (const auto& [mac, entry] : hosts_) list.push_back(entry.host);
  std::stable_sort(list.begin(), list.end(), [](const PendingHost& a, const PendingHost& b) {
    return std::pair(rank_of(a.model), a.first_seen) < std::pair(rank_of(b.model), b.first_seen);
  });
  return list;
}

std::optional<PendingHost> PendingHosts::find(const MacAddress& mac) const {
  const auto found = hosts_.find(mac);
  return found == hosts_.end() ? std::nullopt : std::optional(found->second.host);
}

void PendingHosts::make_room() {
  const auto worst = std::max_element(hosts_.begin(), hosts_.end(), [](const auto& a, const auto& b) {
    const PendingHost& x = a.second.host;
    const PendingHost& y = b.second.host;
    // The higher the rank and the longer the silence, the sooner it goes.
    return std::pair(rank_of(x.model), -x.last_seen.time_since_epoch()) <
           std::pair(rank_of(y.model), -y.last_seen.time_since_epoch());
  });
  changes_.push_back({worst->first, std::nullopt});
  hosts_.erase(worst);
}

}  // namespace piman::manager
