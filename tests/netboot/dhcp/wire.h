// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "common/net_types.h"

/// DHCP messages byte by byte, without the codec that they test: as captures of each boot program show them.
namespace piman::netboot::dhcp {

using Wire = std::vector<std::uint8_t>;

inline Wire from_hex(std::string_view hex) {
  Wire bytes;
  int high = -1;
  for (const char c : hex) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) continue;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  return bytes;
}

inline Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }
inline MacAddress mac(std::string_view text) { return *MacAddress::parse(text); }

/// Header and cookie of a client's message; the options are appended by the caller.
inline Wire wire_header(std::uint32_t xid, const MacAddress& chaddr) {
  Wire bytes(240, 0);
  bytes[0] = bytes[1] = 1;
  bytes[2] = 6;
  for (int i = 0; i < 4; ++i) bytes[static_cast<std::size_t>(4 + i)] = static_cast<std::uint8_t>(xid >> (24 - 8 * i));
  for (std::size_t i = 0; i < 6; ++i) bytes[28 + i] = chaddr.bytes()[i];
  const std::array<std::uint8_t, 4> cookie{0x63, 0x82, 0x53, 0x63};
  for (std::size_t i = 0; i < 4; ++i) bytes[236 + i] = cookie[i];
  return bytes;
}

inline Wire operator+(Wire a, const Wire& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline constexpr std::uint32_t kRomXid = 0x26f30339;  // every Pi 1, 2, 3: the same in all captures
inline constexpr std::string_view kUndiClass = "3c20 505845436c69656e743a417263683a30303030303a554e44493a303032303031";
inline constexpr std::string_view kPi4Id = "6111 00 52506934 1431d000 32b023c3 d80092e0";

/// The mask ROM of a 3B: 12 parameters, no serial number.
inline Wire pi3b_discover(std::string_view chaddr = "b8:27:eb:12:34:56") {
  return wire_header(kRomXid, mac(chaddr)) +
         from_hex(
             "350101 370c 2b3c43 8081828384858687 42 5d020000 5e03010201"
             "6111 00 44444444444444444444444444444444") +
         from_hex(kUndiClass) + from_hex("ff");
}
/// bootcode.bin, or the ROM of a 3B+: 14 parameters, the serial number four times.
inline Wire pi3_discover(std::string_view chaddr = "b8:27:eb:6c:4c:16") {
  return wire_header(kRomXid, mac(chaddr)) +
         from_hex(
             "350101 370e 2b3c43 8081828384858687 42 01 03 5d020000 5e03010201"
             "6111 00 164c6cb6164c6cb6164c6cb6164c6cb6") +
         from_hex(kUndiClass) + from_hex("ff");
}
inline Wire pi4_discover(std::uint32_t xid = 0xd383a6ac) {
  return wire_header(xid, mac("dc:a6:32:b0:23:c3")) +
         from_hex("350101 370e 01032b3c42438081828384858687 5d020000 5e03010201") + from_hex(kPi4Id) +
         from_hex(kUndiClass) + from_hex("ff");
}
/// As of 2020: no option 60.
inline Wire pi4_request(std::uint32_t xid, std::string_view address_hex, std::string_view server_hex) {
  return wire_header(xid, mac("dc:a6:32:b0:23:c3")) + from_hex("350103 3204") + from_hex(address_hex) +
         from_hex("3604") + from_hex(server_hex) + from_hex("370e 01032b3c42438081828384858687") + from_hex(kPi4Id) +
         from_hex("ff");
}
/// Through one relay.
inline Wire pi5_discover(std::string_view giaddr_hex) {
  Wire bytes = wire_header(0x0a485863, mac("2c:cf:67:01:02:03")) +
               from_hex(
                   "350101 370e 01032b3c42438081828384858687 5d020000 5e03010201"
                   "6111 00 52506935 7041d000 67010203 efbeadde") +
               from_hex(kUndiClass) + from_hex("ff");
  bytes[3] = 1;  // hops
  const Wire giaddr = from_hex(giaddr_hex);
  for (std::size_t i = 0; i < 4; ++i) bytes[24 + i] = giaddr[i];
  return bytes;
}
/// A PC's PXE ROM: the same class and processor as a Pi's, another machine id, two dozen parameters, broadcast flag.
inline Wire bios_discover() {
  Wire bytes = wire_header(0x11223344, mac("52:54:00:12:34:56")) +
               from_hex(
                   "350101 3719 01020305060b0c0d0f101112 2b36 3c4342 8081828384858687 3902 05c0"
                   "6111 00 564d0000 11112222 33334444 55556666 5d020000 5e03010201") +
               from_hex(kUndiClass) + from_hex("ff");
  bytes[10] = 0x80;
  return bytes;
}
/// The kernel's ip=dhcp, busybox's udhcpc and the like.
inline Wire linux_discover(std::string_view chaddr, std::uint32_t xid = 0x01020304) {
  return wire_header(xid, mac(chaddr)) + from_hex("350101 3902 0240 3707 0103060c0f1c2a 3c0c") +
         Wire{'u', 'd', 'h', 'c', 'p', ' ', '1', '.', '3', '5', '.', '0'} + from_hex("ff");
}

}  // namespace piman::netboot::dhcp
