// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/network_route.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "common/text.h"
#include "node-agent/link_names.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

struct ProtocolName {
  std::uint8_t protocol;
  std::string_view name;
};
constexpr std::array kProtocols = {ProtocolName{RTPROT_UNSPEC, "unspec"},
                                   ProtocolName{RTPROT_REDIRECT, "redirect"},
                                   ProtocolName{RTPROT_KERNEL, "kernel"},
                                   ProtocolName{RTPROT_BOOT, "boot"},
                                   ProtocolName{RTPROT_STATIC, "static"},
                                   ProtocolName{RTPROT_GATED, "gated"},
                                   ProtocolName{RTPROT_RA, "ra"},
                                   ProtocolName{RTPROT_MRT, "mrt"},
                                   ProtocolName{RTPROT_ZEBRA, "zebra"},
                                   ProtocolName{RTPROT_BIRD, "bird"},
                                   ProtocolName{RTPROT_DNROUTED, "dnrouted"},
                                   ProtocolName{RTPROT_XORP, "xorp"},
                                   ProtocolName{RTPROT_NTK, "ntk"},
                                   ProtocolName{RTPROT_DHCP, "dhcp"},
                                   ProtocolName{RTPROT_MROUTED, "mrouted"},
                                   ProtocolName{RTPROT_BABEL, "babel"},
                                   ProtocolName{RTPROT_BGP, "bgp"},
                                   ProtocolName{RTPROT_ISIS, "isis"},
                                   ProtocolName{RTPROT_OSPF, "ospf"},
                                   ProtocolName{RTPROT_RIP, "rip"},
                                   ProtocolName{RTPROT_EIGRP, "eigrp"}};

constexpr std::size_t kIpv4Bytes = 4, kIpv6Bytes = 16;

std::string ipv4_text(NetlinkBytes address) {
  return concat(int{address[0]}, '.', int{address[1]}, '.', int{address[2]}, '.', int{address[3]});
}

/// inet_ntop would do, but for the few addresses that it writes half in dots and Go's library does not.
std::string ipv6_text(NetlinkBytes address) {
  constexpr std::size_t kWords = kIpv6Bytes / 2;
  std::array<unsigned, kWords> words{};
  for (std::size_t i = 0; i < kWords; ++i) words[i] = address[2 * i] * 256U + address[2 * i + 1];
  std::size_t gap = kWords, gap_length = 1;  // the first of the longest runs of zeros, where it has two or more
  for (std::size_t begin = 0; begin < kWords; ++begin) {
    std::size_t end = begin;
    while (end < kWords && words[end] == 0) ++end;
    if (end - begin > gap_length) {
      gap = begin;
      gap_length = end - begin;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < kWords;) {
    if (i == gap) {
      text += "::";
      i += gap_length;
      continue;
    }
    if (!text.empty() && text.back() != ':') text.push_back(':');
    std::array<char, 4> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), words[i], 16);
    text.append(digits.data(), written.ptr);
    ++i;
  }
  return text;
}

/// One message's paths are appended. Pure.
class RouteMessage {
 public:
  RouteMessage(const ::rtmsg& head, NetlinkBytes attributes) : prefix_bits_(head.rtm_dst_len) {
    common_.protocol = head.rtm_protocol;
    ok_ = take(attributes) && (prefix_bits_ == 0 || !common_.destination.empty());
    common_.destination = prefix_bits_ == 0 ? "default" : concat(common_.destination, '/', prefix_bits_);
  }
  bool ok() const { return ok_; }

  void append_to(std::vector<Route>& routes) const {
    if (paths_.empty()) routes.push_back(common_);
    for (const Path& path : paths_) {
      Route route = common_;
      route.device = path.device;
      route.gateway = path.gateway;
      route.weight = path.weight;
      routes.push_back(std::move(route));
    }
  }

 private:
  struct Path {
    std::uint32_t device, weight;
    std::string gateway;
  };

  bool take(NetlinkBytes bytes) {
    NetlinkAttributes attributes(bytes);
    while (const auto attribute = attributes.next()) {
      if (!take(*attribute)) return false;
    }
    return !attributes.broken();
  }

  bool take(const NetlinkAttribute& attribute) {
    switch (attribute.type) {
      case RTA_DST:
        return take_address(attribute.value, common_.destination);
      case RTA_PREFSRC:
        return take_address(attribute.value, common_.source);
      case RTA_GATEWAY:
        return take_address(attribute.value, common_.gateway);
      case RTA_OIF:
        return take_number(attribute.value, common_.device);
      case RTA_PRIORITY:
        return take_number(attribute.value, common_.priority);
      case RTA_MULTIPATH:
        return take_paths(attribute.value);
      default:
        return true;
    }
  }

  static bool take_address(NetlinkBytes bytes, std::string& text) {
    const auto address = address_text(bytes);
    text = address.value_or("");
    return address.has_value();
  }
  static bool take_number(NetlinkBytes bytes, std::uint32_t& number) {
    const auto value = netlink_value<std::uint32_t>(bytes);
    number = value.value_or(0);
    return value.has_value();
  }

  bool take_paths(NetlinkBytes bytes) {
    while (!bytes.empty()) {
      const auto hop = netlink_value<::rtnexthop>(bytes);
      if (!hop || hop->rtnh_len < sizeof *hop || hop->rtnh_len > bytes.size()) return false;
      Path path{static_cast<std::uint32_t>(hop->rtnh_ifindex), hop->rtnh_hops + 1U, ""};
      NetlinkAttributes attributes(bytes.subspan(sizeof *hop, hop->rtnh_len - sizeof *hop));
      while (const auto attribute = attributes.next()) {
        if (attribute->type == RTA_GATEWAY && !take_address(attribute->value, path.gateway)) return false;
      }
      if (attributes.broken()) return false;
      paths_.push_back(std::move(path));
      bytes = bytes.subspan(std::min<std::size_t>(RTNH_ALIGN(hop->rtnh_len), bytes.size()));
    }
    return true;
  }

  int prefix_bits_;
  Route common_;
  std::vector<Path> paths_;
  bool ok_ = false;
};

class NetworkRouteCollector final : public Collector {
 public:
  explicit NetworkRouteCollector(std::unique_ptr<NetlinkSource> netlink) : netlink_(std::move(netlink)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    if (!netlink_) return Outcome::kAbsent;
    const auto names = read_link_names(*netlink_);
    if (!names) return fail(names.error().message);
    NetlinkBody body(::rtmsg{});
    const auto messages = messages_of(netlink_->ask({NETLINK_ROUTE, RTM_GETROUTE, true, body.take()}), "routes");
    if (!messages) return fail(messages.error().message);
    const auto routes = parse_routes(*messages);
    if (!routes) return fail(routes.error().message);
    write(*routes, *names, out);
    return Outcome::kCollected;
  }

 private:
  /// Routes of different tables or kinds of service may be the same to the labels: such are one sample, and counted
  /// each.
  void write(const std::vector<Route>& routes, const LinkNames& names, prom_text::Writer& out) const {
    std::map<std::string_view, std::uint64_t> by_device;
    std::set<std::array<std::string_view, 4>> known;
    std::vector<std::string> numbers;
    numbers.reserve(routes.size());
    out.family(info_);
    for (const Route& route : routes) {
      const auto name = names.find(route.device);
      const std::string_view device = name == names.end() ? std::string_view() : std::string_view(name->second);
      ++by_device[device];
      const std::string weight = route.weight == 0 ? std::string() : concat(route.weight);
      const std::string priority = concat(route.priority);
      const std::string_view protocol = route_protocol_name(route.protocol);
      numbers.push_back(concat(device, ' ', priority, ' ', protocol, ' ', weight));
      if (!known.insert({route.destination, route.gateway, route.source, numbers.back()}).second) continue;
      out.sample({{"dest", route.destination},
                  {"device", device},
                  {"gw", route.gateway},
                  {"priority", priority},
                  {"proto", protocol},
                  {"src", route.source},
                  {"weight", weight}},
                 std::uint64_t{1});
    }
    out.family(routes_);
    for (const auto& [device, count] : by_device) out.sample({{"device", device}}, count);
  }

  std::unique_ptr<NetlinkSource> netlink_;
  const Family info_{"node_network_route_info", Type::kGauge, "Always 1; the labels describe one path of a route."};
  const Family routes_{"node_network_routes", Type::kGauge, "Routes that leave by a device, each path counted."};
};

}  // namespace

std::string_view route_protocol_name(std::uint8_t protocol) {
  for (const ProtocolName& known : kProtocols) {
    if (known.protocol == protocol) return known.name;
  }
  return "unknown";
}

std::optional<std::string> address_text(NetlinkBytes address) {
  if (address.size() == kIpv4Bytes) return ipv4_text(address);
  if (address.size() == kIpv6Bytes) return ipv6_text(address);
  return std::nullopt;
}

Result<std::vector<Route>> parse_routes(NetlinkBytes messages) {
  std::vector<Route> routes;
  NetlinkMessages walk(messages);
  while (const auto message = walk.next()) {
    if (message->type != RTM_NEWROUTE) continue;
    const auto head = netlink_value<::rtmsg>(message->payload);
    if (!head) return fail("a route's message is too short");
    const bool is_ip = head->rtm_family == AF_INET || head->rtm_family == AF_INET6;
    if (head->rtm_type != RTN_UNICAST || !is_ip) continue;
    const RouteMessage route(*head, message->payload.subspan(sizeof *head));
    if (!route.ok()) return fail("a route's message is broken");
    route.append_to(routes);
  }
  if (walk.broken()) return fail("the list of routes is broken");
  return routes;
}

Result<std::unique_ptr<Collector>> make_network_route_collector(const CollectorContext& context) {
  return make_network_route_collector_from(make_kernel_netlink(context.paths));
}

std::unique_ptr<Collector> make_network_route_collector_from(std::unique_ptr<NetlinkSource> netlink) {
  return std::make_unique<NetworkRouteCollector>(std::move(netlink));
}

}  // namespace piman::agent
