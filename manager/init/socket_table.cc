// SPDX-License-Identifier: Apache-2.0
#include "manager/init/socket_table.h"

#include <array>

#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::string_view kListens = "0A";
constexpr std::size_t kState = 3, kInode = 9, kFields = 10;

}  // namespace

std::string_view to_text(Transport transport) { return transport == Transport::kUdp ? "udp" : "tcp"; }

std::vector<WantedPort> wanted_ports(const Config& config) {
  std::vector<WantedPort> ports;
  const auto add = [&ports](Transport transport, HostPort where, const std::string& interface, std::string_view use) {
    if (where.port != 0) ports.push_back({transport, std::move(where), interface, use});
  };
  if (config.netboot.enabled) {
    for (const std::string& interface : config.netboot.interfaces) {
      const auto here = [&](Transport transport, std::uint16_t port, std::string_view use) {
        add(transport, HostPort{{}, port, false}, interface, use);
      };
      if (config.dhcp.mode != Config::Dhcp::Mode::kOff) here(Transport::kUdp, config.dhcp.port, "DHCP");
      if (config.dhcp.mode == Config::Dhcp::Mode::kProxy) here(Transport::kUdp, config.dhcp.proxy_port, "proxy DHCP");
      if (config.tftp.enabled) here(Transport::kUdp, config.tftp.port, "TFTP");
      if (config.install.enabled) here(Transport::kTcp, config.install.hello_port, "installer");
      if (config.install.enabled) here(Transport::kTcp, config.install.image_port, "images");
    }
    add(Transport::kUdp, HostPort{{}, config.netboot.console_port, false}, {}, "console");
    add(Transport::kTcp, config.http_boot.listen_address, {}, "HTTP boot");
  }
  add(Transport::kTcp, config.web.listen_address, {}, "page and API");
  return ports;
}

std::vector<BoundSocket> parse_socket_table(std::string_view table, Transport transport) {
  std::vector<BoundSocket> found;
  while (!table.empty()) {
    std::string_view line = next_line(table);
    std::array<std::string_view, kFields> fields;
    for (std::string_view& field : fields) field = next_field(line);
    const std::size_t colon = fields[1].rfind(':');
    if (colon == std::string_view::npos || (transport == Transport::kTcp && fields[kState] != kListens)) continue;
    const auto port = parse_hex(fields[1].substr(colon + 1));
    const auto inode = parse_u64(fields[kInode]);
    if (!port || *port == 0 || *port > 0xFFFF || !inode) continue;
    found.push_back({static_cast<std::uint16_t>(*port), *inode});
  }
  return found;
}

}  // namespace piman::manager
