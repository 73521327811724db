// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/drop.h"

namespace piman::netboot::dhcp {

std::string_view to_text(Drop drop) {
  switch (drop) {
    case Drop::kNone:
      return "";
    case Drop::kNotRequest:
      return "not_request";
    case Drop::kNoMessageType:
      return "no_message_type";
    case Drop::kUnexpectedType:
      return "unexpected_type";
    case Drop::kBadClientAddress:
      return "bad_client_address";
    case Drop::kTooManyHops:
      return "too_many_hops";
    case Drop::kNoSubnet:
      return "no_subnet";
    case Drop::kUnknownIgnored:
      return "unknown_ignored";
    case Drop::kUnknownPending:
      return "unknown_pending";
    case Drop::kReservationElsewhere:
      return "reservation_elsewhere";
    case Drop::kReservationConflict:
      return "reservation_conflict";
    case Drop::kAddressInUse:
      return "address_in_use";
    case Drop::kAddressDeclined:
      return "address_declined";
    case Drop::kNoPool:
      return "no_pool";
    case Drop::kPoolEmpty:
      return "pool_empty";
    case Drop::kProbing:
      return "probing";
    case Drop::kOtherServer:
      return "other_server";
    case Drop::kNoAddress:
      return "no_address";
    case Drop::kNoRecord:
      return "no_record";
    case Drop::kReleased:
      return "released";
    case Drop::kDeclined:
      return "declined";
    case Drop::kNotHeld:
      return "not_held";
    case Drop::kNoBootFile:
      return "no_boot_file";
    case Drop::kStoreFailed:
      return "store_failed";
    case Drop::kSendFailed:
      return "send_failed";
    case Drop::kBusy:
      return "busy";
  }
  return "unknown";
}

}  // namespace piman::netboot::dhcp
