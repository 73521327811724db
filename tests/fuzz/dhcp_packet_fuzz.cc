// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/check.h"
#include "netboot/dhcp/client_model.h"
#include "netboot/dhcp/packet.h"
#include "netboot/dhcp/server_query.h"
#include "netboot/dhcp/udp_frame.h"

/// What can be read is written within every limit, and read again as the same as far as it fitted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::netboot::dhcp;
  const Bytes bytes(data, size);
  (void)parse_arp(bytes);
  for (const std::uint16_t port : {std::uint16_t{67}, std::uint16_t{68}}) {
    const auto payload = udp_payload(bytes, port);
    PIMAN_CHECK(!payload || (payload->size() + kUdpFrameHeaderBytes <= size && payload->data() > data));
  }
  Packet packet;
  if (!decode(bytes, packet)) return 0;
  (void)message_type(packet);
  if (const auto server = server_of(bytes, {}, packet)) PIMAN_CHECK(packet.op == kBootReply);
  const Client client = identify(packet);
  PIMAN_CHECK(!client.revision || is_pi(client.model));
  for (const std::uint8_t code : {option::kRelayAgent, option::kVendorSpecific}) {
    const auto value = packet.options.find(code);
    for (int sub = 0; value && sub < 256; ++sub) (void)find_suboption(*value, static_cast<std::uint8_t>(sub));
  }
  const std::size_t wanted = reply_limit(packet);
  PIMAN_CHECK(wanted >= kLeastLimitBytes && wanted <= kMostReplyBytes);
  std::vector<std::uint8_t> written;
  for (const std::size_t limit : {kLeastLimitBytes, wanted, std::size_t{65'536}}) {
    const std::size_t omitted = encode(packet, limit, written);
    PIMAN_CHECK(written.size() >= kLeastReplyBytes && written.size() <= limit);
    Packet again;
    PIMAN_CHECK(decode(written, again).has_value());
    PIMAN_CHECK(again.xid == packet.xid && again.chaddr == packet.chaddr && again.yiaddr == packet.yiaddr);
    PIMAN_CHECK(again.options.size() + omitted == packet.options.size());
    for (std::size_t i = 0; i < again.options.size(); ++i) {
      const auto view = again.options.at(i);
      const auto original = packet.options.find(view.code);
      PIMAN_CHECK(original && as_text(*original) == as_text(view.value));
    }
  }
  return 0;
}
