// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "netboot/dhcp/client_model.h"
#include "netboot/dhcp/config.h"
#include "netboot/dhcp/packet.h"
#include "netboot/hosts.h"

/// What stands in a reply, by the client's model.
namespace piman::netboot::dhcp {

/// What the parts of a reply depend on. All of it outlives the call.
struct ReplyContext {
  const ResponderConfig& config;
  const Packet& request;
  const Client& client;
  Ipv4Address server_id;
  const Subnet* subnet = nullptr;  ///< null in proxy mode
  const Host* host = nullptr;      ///< null for a client outside of the inventory
};

/// Each function writes a whole reply into `out`, which it clears first.
/// OFFER or ACK with an address; `address` 0.0.0.0: the ACK of an INFORM, without lease (RFC 2131 section 4.3.5).
void build_reply(const ReplyContext& context, MessageType type, Ipv4Address address, Packet& out);
void build_nak(const ReplyContext& context, std::string_view reason, Packet& out);
/// OFFER or ACK of a proxyDHCP server: no address, only where to boot from. REQUIRES: has_boot_reply(...).
void build_proxy_reply(const ReplyContext& context, MessageType type, Packet& out);

/// What this client is to load; empty when it is a Pi (which asks by names of its own) or nothing is configured.
std::string_view boot_file_for(const BootFiles& files, const Client& client);
/// Whether a proxy has anything to say to this client.
bool has_boot_reply(const BootFiles& files, const Client& client);

}  // namespace piman::netboot::dhcp
