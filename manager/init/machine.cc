// SPDX-License-Identifier: Apache-2.0
#include "manager/init/machine.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <system_error>

#include "common/host_files.h"
#include "common/text.h"
#include "common/unique_fd.h"
#include "netboot/dhcp/server_search.h"

namespace piman::manager {
namespace {

constexpr std::size_t kMostUsersNamed = 3;

/// The interface of the default route of IPv4; empty: none.
std::string way_out(const HostPaths& paths) {
  const auto table = read_host_file(paths.proc("net/route"));
  if (!table) return {};
  std::string_view rest = *table;
  while (!rest.empty()) {
    std::string_view line = next_line(rest);
    std::array<std::string_view, 8> fields;
    for (std::string_view& field : fields) field = next_field(line);
    if (fields[1] == "00000000" && fields[7] == "00000000") return std::string(fields[0]);
  }
  return {};
}

std::uint32_t ipv4_of(const ::sockaddr* address) {
  ::sockaddr_in in{};
  std::memcpy(&in, address, sizeof in);
  return ntohl(in.sin_addr.s_addr);
}

void take(WireFacts& wire, bool& is_ethernet, const ::ifaddrs& entry) {
  wire.is_up = (entry.ifa_flags & IFF_UP) != 0;
  wire.has_carrier = (entry.ifa_flags & IFF_RUNNING) != 0;
  if (entry.ifa_addr->sa_family == AF_PACKET) {
    ::sockaddr_ll link{};
    std::memcpy(&link, entry.ifa_addr, sizeof link);
    is_ethernet = link.sll_hatype == ARPHRD_ETHER;
  } else if (entry.ifa_addr->sa_family == AF_INET && entry.ifa_netmask != nullptr) {
    const auto length = static_cast<std::uint8_t>(std::popcount(ipv4_of(entry.ifa_netmask)));
    if (length != 0) wire.addresses.push_back({Ipv4Address(ipv4_of(entry.ifa_addr)), length});
  }
}

/// Of an address that people wrote; empty: every one.
::socklen_t fill_address(const HostPort& where, ::sockaddr_storage& out) {
  if (where.is_ipv6) {
    ::sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(where.port);
    if (::inet_pton(AF_INET6, where.host.c_str(), &in.sin6_addr) != 1) return 0;
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  ::sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(where.port);
  if (!where.host.empty() && ::inet_pton(AF_INET, where.host.c_str(), &in.sin_addr) != 1) return 0;
  std::memcpy(&out, &in, sizeof in);
  return sizeof in;
}

/// Binds and lets go. For UDP nobody else may be there, although the server itself would share.
int try_bind(const WantedPort& wanted) {
  ::sockaddr_storage address{};
  const ::socklen_t size = fill_address(wanted.where, address);
  if (size == 0) return EADDRNOTAVAIL;
  const bool is_tcp = wanted.transport == Transport::kTcp;
  const UniqueFd fd(::socket(address.ss_family, (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno;
  const int on = 1;
  // Connections that have ended do not count.
  if (is_tcp && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return errno;
  if (!wanted.interface.empty() && ::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, wanted.interface.c_str(),
                                                static_cast<::socklen_t>(wanted.interface.size() + 1)) != 0) {
    return errno;
  }
  return ::bind(fd.get(), reinterpret_cast<const ::sockaddr*>(&address), size) == 0 ? 0 : errno;
}

std::vector<BoundSocket> sockets_of(Transport transport, const HostPaths& paths) {
  std::vector<BoundSocket> all;
  for (const char* version : {"", "6"}) {
    const auto table = read_host_file(paths.proc(concat("net/", to_text(transport), version)));
    if (!table) continue;
    const auto found = parse_socket_table(*table, transport);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

struct Owner {
  std::string name;
  std::uint64_t process = 0;
};

/// Who has sockets, by inode; of other users only root sees them.
std::map<std::uint64_t, Owner> socket_owners(const HostPaths& paths) {
  constexpr std::string_view kSocket = "socket:[";
  std::map<std::uint64_t, Owner> owners;
  const auto names = list_host_directory(paths.proc(""));
  if (!names) return owners;
  for (const std::string& name : *names) {
    const auto process = parse_u64(name);
    if (!process) continue;
    const std::string folder = paths.proc(name + "/fd");
    const auto files = list_host_directory(folder);
    if (!files) continue;
    for (const std::string& file : *files) {
      const auto link = read_host_link(concat(folder, '/', file));
      if (!link || !link->starts_with(kSocket) || !link->ends_with(']')) continue;
      const auto inode = parse_u64(std::string_view(*link).substr(kSocket.size(), link->size() - kSocket.size() - 1));
      if (!inode || owners.contains(*inode)) continue;
      owners[*inode] = {read_host_text(paths.proc(name + "/comm")).value_or("?"), *process};
    }
  }
  return owners;
}

/// Names who waits at the port; true when anybody does, named or not.
bool find_users(const WantedPort& wanted, const std::vector<BoundSocket>& sockets,
                const std::map<std::uint64_t, Owner>& owners, PortFacts& facts) {
  bool is_anybody = false;
  std::size_t ours = 0;
  for (const BoundSocket& each : sockets) {
    if (each.port != wanted.where.port) continue;
    is_anybody = true;
    const auto owner = owners.find(each.inode);
    if (owner == owners.end()) continue;
    const std::string words = concat(owner->second.name, " (process ", owner->second.process, ')');
    if (std::find(facts.users.begin(), facts.users.end(), words) != facts.users.end()) continue;
    if (facts.users.size() == kMostUsersNamed) break;
    facts.users.push_back(words);
    if (owner->second.name == "piman") ++ours;
  }
  facts.is_piman = !facts.users.empty() && ours == facts.users.size();
  return is_anybody;
}

}  // namespace

std::vector<WireFacts> list_wires(const HostPaths& paths) {
  ::ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<::ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  std::map<std::string, std::pair<WireFacts, bool>> found;
  for (const ::ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_LOOPBACK) != 0) continue;
    auto& [wire, is_ethernet] = found[entry->ifa_name];
    take(wire, is_ethernet, *entry);
  }
  const std::string out = way_out(paths);
  std::vector<WireFacts> wires;
  for (auto& [name, facts] : found) {
    auto& [wire, is_ethernet] = facts;
    const std::string folder = paths.sys(concat("class/net/", name));
    if (!is_ethernet || host_path_exists(folder + "/wireless") || host_path_exists(folder + "/phy80211")) continue;
    wire.name = name;
    wire.leads_out = name == out;
    wire.is_hardware = host_path_exists(folder + "/device");
    wires.push_back(std::move(wire));
  }
  return wires;
}

std::vector<PortFacts> look_at_ports(const std::vector<WantedPort>& wanted, const HostPaths& paths) {
  const std::array<std::vector<BoundSocket>, 2> sockets = {sockets_of(Transport::kUdp, paths),
                                                           sockets_of(Transport::kTcp, paths)};
  std::map<std::uint64_t, Owner> owners;
  bool knows_owners = false;  // all processes are looked at only when somebody is in the way
  std::vector<PortFacts> all;
  for (const WantedPort& each : wanted) {
    PortFacts facts;
    const int problem = try_bind(each);
    if (problem == EADDRINUSE || problem == EACCES || problem == EPERM) {
      if (!knows_owners) owners = socket_owners(paths);
      knows_owners = true;
      const bool is_seen = find_users(each, sockets[each.transport == Transport::kUdp ? 0 : 1], owners, facts);
      facts.state = problem == EADDRINUSE || is_seen ? PortState::kInUse : PortState::kNotAllowed;
    } else if (problem != 0) {
      facts.state = PortState::kOther;
      facts.why = std::generic_category().message(problem);
    }
    all.push_back(std::move(facts));
  }
  return all;
}

WireSearch search_wires(const std::vector<std::string>& interfaces, std::chrono::milliseconds wait) {
  WireSearch search;
  for (const std::string& name : interfaces) {
    const auto interface = netboot::dhcp::find_interface(name);
    if (!interface) {
      search.why_not = interface.error().message;
      return search;
    }
    const auto found = netboot::dhcp::search_servers(*interface, wait);
    if (!found) {
      search.why_not = found.error().message;
      return search;
    }
    for (const netboot::dhcp::OtherServer& server : *found) netboot::dhcp::add_server(search.servers, server);
  }
  search.looked = !interfaces.empty();
  return search;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string();
}

}  // namespace piman::manager
