// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

/// Reasons for not answering.
namespace piman::netboot::dhcp {

/// Why a message got no answer. The words are log word and metric label.
enum class Drop : std::uint8_t {
  kNone,
  kNotRequest,        ///< a server's message
  kNoMessageType,     ///< BOOTP, or an unknown type
  kUnexpectedType,    ///< OFFER, ACK or NAK from a client, or a type that this mode has no answer to
  kBadClientAddress,  ///< a hardware address that no single client has
  kTooManyHops,
  kNoSubnet,              ///< of a network that is not configured
  kUnknownIgnored,        ///< not in the inventory, by policy
  kUnknownPending,        ///< not in the inventory; reported, for an operator to accept
  kReservationElsewhere,  ///< in the inventory with an address of another network
  kReservationConflict,   ///< the inventory gives its address to another client, too
  kAddressInUse,          ///< its reserved address is still another client's
  kAddressDeclined,       ///< its reserved address was found in use by a stranger
  kNoPool,
  kPoolEmpty,
  kProbing,      ///< the answer waits until the wire was asked about the address
  kOtherServer,  ///< the client chose another server
  kNoAddress,    ///< a REQUEST that names none
  kNoRecord,     ///< an address that we know nothing about, and we are not authoritative
  kReleased,     ///< RELEASE and DECLINE have no answer
  kDeclined,
  kNotHeld,      ///< RELEASE or DECLINE of what the client does not have
  kNoBootFile,   ///< a proxy has nothing for this client
  kStoreFailed,  ///< the lease could not be stored
  kSendFailed,   ///< the kernel did not take the reply
  kBusy,         ///< too many answers are waiting
};
std::string_view to_text(Drop drop);

}  // namespace piman::netboot::dhcp
