// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "netboot/dhcp/packet.h"

/// Which program on which machine sent this message, as far as its options tell. A Pi presents two to four of these in
/// one boot, all with one hardware address.
namespace piman::netboot::dhcp {

enum class ClientModel : std::uint8_t {
  kOther,     ///< none of these: a printer, an installer, anything
  kPi3bRom,   ///< mask ROM of Pi 3B, 2B 1.2, CM3: takes the OFFER as binding, and only with frames that come later
  kPi3,       ///< ROM of the 3B+, bootcode.bin of Pi 1 to 3, or a Pi 4 before 2020-03: maybe never a REQUEST
  kPi4,       ///< bootloader of Pi 4, 400, CM4
  kPi5,       ///< bootloader of Pi 5, 500, CM5
  kLinux,     ///< the usual DHCP clients of Linux systems: udhcpc, dhclient, dhcpcd, networkd, ip=dhcp
  kUBoot,     ///< U-Boot
  kIpxe,      ///< iPXE
  kUefi,      ///< PXE of UEFI firmware, any processor
  kUefiHttp,  ///< HTTP boot of UEFI firmware
  kBios,      ///< PXE of a PC's BIOS. It says of itself what old Pis say, and must not get a Pi's reply.
};
/// "other", "pi3b_rom", "pi3", "pi4", "pi5", "linux", "u_boot", "ipxe", "uefi", "uefi_http", "bios".
std::string_view to_text(ClientModel model);

/// One of the boot programs of Raspberry Pis, which want "Raspberry Pi Boot" in option 43.
constexpr bool is_pi(ClientModel model) {
  return model == ClientModel::kPi3bRom || model == ClientModel::kPi3 || model == ClientModel::kPi4 ||
         model == ClientModel::kPi5;
}
/// These send no REQUEST: what they are offered, they take.
constexpr bool binds_at_offer(ClientModel model) {
  return model == ClientModel::kPi3bRom || model == ClientModel::kPi3;
}

struct Client {
  ClientModel model = ClientModel::kOther;
  std::optional<std::uint32_t> serial;    ///< low 32 bits; the 3B's ROM does not tell it
  std::optional<std::uint32_t> revision;  ///< board revision code; Pi 4 and 5 tell it
  std::optional<std::uint16_t> arch;  ///< option 93 (RFC 4578 section 2.1): 0 BIOS and Pi, 7 x64 UEFI, 11 arm64 UEFI

  bool operator==(const Client&) const = default;
};

/// Source: captures and vendor documents of each firmware; option 97 is the one that tells Pis apart, since option 60
/// and 93 of every Pi are those of a PC.
Client identify(const Packet& packet);

}  // namespace piman::netboot::dhcp
