// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/client_model.h"

#include <algorithm>

namespace piman::netboot::dhcp {
namespace {

constexpr std::size_t kMachineIdBytes = 17;  // a type of 0, then 16 bytes (RFC 4578 section 2.3)
constexpr std::uint8_t kRomFill = 0x44;      // what the 3B's ROM sends in place of a serial number
constexpr std::uint16_t kArchPiIpv6 = 0x29;
constexpr std::uint16_t kArchBios = 0;
constexpr std::uint16_t kArchFirstHttp = 0x0F, kArchLastHttp = 0x14;  // IANA: x86, x64, EBC, arm32, arm64 and BIOS HTTP
/// Pis ask for 12 or 14 options; the PXE ROMs of PCs for more than 20.
constexpr std::size_t kMostPiParameters = 16;

std::uint32_t little_endian(Bytes bytes) {
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

bool same(Bytes a, Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

/// "RPi4" or "RPi5" in front of revision, tail of the hardware address and serial number. Both byte orders of the word
/// are in use.
std::optional<Client> identify_eeprom(Bytes id) {
  const std::string_view word = as_text(id.first(4));
  Client client;
  if (word == "RPi4" || word == "4iPR") {
    client.model = ClientModel::kPi4;
  } else if (word == "RPi5" || word == "5iPR") {
    client.model = ClientModel::kPi5;
  } else {
    return std::nullopt;
  }
  client.revision = little_endian(id.subspan(4, 4));
  client.serial = little_endian(id.subspan(12, 4));
  return client;
}

/// The older form: the serial number four times over. All zeros and all ones are what careless PCs send.
std::optional<Client> identify_serial(Bytes id, const Options& options) {
  const Bytes word = id.first(4);
  if (!same(word, id.subspan(4, 4)) || !same(word, id.subspan(8, 4)) || !same(word, id.subspan(12, 4))) {
    return std::nullopt;
  }
  const std::uint32_t serial = little_endian(word);
  if (serial == 0 || serial == 0xFFFF'FFFF) return std::nullopt;
  const auto parameters = options.find(option::kParameterList);
  if (parameters && parameters->size() > kMostPiParameters) return std::nullopt;
  Client client;
  if (std::all_of(word.begin(), word.end(), [](std::uint8_t byte) { return byte == kRomFill; })) {
    client.model = ClientModel::kPi3bRom;
  } else {
    client.model = ClientModel::kPi3;
    client.serial = serial;
  }
  return client;
}

bool begins(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool is_linux_class(std::string_view vendor_class) {
  for (const std::string_view known : {"udhcp", "dhcpcd", "Linux ", "systemd-networkd", "anaconda", "d-i", "busybox"}) {
    if (begins(vendor_class, known)) return true;
  }
  return false;
}

ClientModel without_pi(const Options& options, std::string_view vendor_class, std::uint16_t arch) {
  if (options.has(option::kIpxe) || options.find_text(option::kUserClass).find("iPXE") != std::string_view::npos) {
    return ClientModel::kIpxe;
  }
  if (begins(vendor_class, "U-Boot")) return ClientModel::kUBoot;
  const bool http_arch = arch >= kArchFirstHttp && arch <= kArchLastHttp;
  if (begins(vendor_class, "HTTPClient") || (begins(vendor_class, "PXEClient") && http_arch)) {
    return ClientModel::kUefiHttp;
  }
  if (begins(vendor_class, "PXEClient")) return arch == kArchBios ? ClientModel::kBios : ClientModel::kUefi;
  if (is_linux_class(vendor_class)) return ClientModel::kLinux;
  // dhclient, networkd and the kernel's own ip=dhcp mostly send no class at all, but ask for what an interface needs.
  if (vendor_class.empty() && options.has(option::kParameterList) && !options.has(option::kClientArch)) {
    return ClientModel::kLinux;
  }
  return ClientModel::kOther;
}

}  // namespace

std::string_view to_text(ClientModel model) {
  switch (model) {
    case ClientModel::kOther:
      return "other";
    case ClientModel::kPi3bRom:
      return "pi3b_rom";
    case ClientModel::kPi3:
      return "pi3";
    case ClientModel::kPi4:
      return "pi4";
    case ClientModel::kPi5:
      return "pi5";
    case ClientModel::kLinux:
      return "linux";
    case ClientModel::kUBoot:
      return "u_boot";
    case ClientModel::kIpxe:
      return "ipxe";
    case ClientModel::kUefi:
      return "uefi";
    case ClientModel::kUefiHttp:
      return "uefi_http";
    case ClientModel::kBios:
      return "bios";
  }
  return "other";
}

Client identify(const Packet& packet) {
  const Options& options = packet.options;
  const std::string_view vendor_class = options.find_text(option::kVendorClass);
  // RFC 4578 section 2.1 allows a list; the first is the one that runs.
  std::optional<std::uint16_t> arch;
  if (const auto archs = options.find(option::kClientArch); archs && archs->size() >= 2) {
    arch = static_cast<std::uint16_t>((*archs)[0] << 8 | (*archs)[1]);
  }
  const std::uint16_t arch_or_zero = arch.value_or(kArchBios);

  // UEFI, U-Boot and iPXE run on Pis too and may send the same option 97: another class or processor rules a ROM out.
  const bool may_be_rom = (vendor_class.empty() || begins(vendor_class, "PXEClient")) &&
                          (arch_or_zero == kArchBios || arch_or_zero == kArchPiIpv6) && !options.has(option::kIpxe) &&
                          !options.has(option::kUserClass);
  const auto id = options.find(option::kClientMachineId);
  if (may_be_rom && id && id->size() == kMachineIdBytes && (*id)[0] == 0) {
    const Bytes value = id->subspan(1);
    auto client = identify_eeprom(value);
    if (!client) client = identify_serial(value, options);
    if (client) {
      client->arch = arch;
      return *client;
    }
  }
  Client client;
  client.model = without_pi(options, vendor_class, arch_or_zero);
  client.arch = arch;
  return client;
}

}  // namespace piman::netboot::dhcp
