// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/client_model.h"

#include <gtest/gtest.h>

#include "tests/netboot/dhcp/wire.h"

namespace piman::netboot::dhcp {
namespace {

Client client_of(const Wire& wire) {
  Packet packet;
  EXPECT_TRUE(decode(wire, packet));
  return identify(packet);
}

Wire with_options(std::string_view hex) {
  return wire_header(7, mac("02:00:00:00:00:01")) + from_hex(hex) + from_hex("ff");
}

Wire class_and_arch(std::string_view vendor_class, std::string_view arch_hex) {
  Wire bytes = wire_header(7, mac("02:00:00:00:00:01")) + from_hex("350101 3c");
  bytes.push_back(static_cast<std::uint8_t>(vendor_class.size()));
  bytes.insert(bytes.end(), vendor_class.begin(), vendor_class.end());
  return bytes + from_hex("5d02") + from_hex(arch_hex) + from_hex("ff");
}

TEST(Identify, TheRomOfThe3bTellsNoSerial) {
  const Client client = client_of(pi3b_discover());
  EXPECT_EQ(client.model, ClientModel::kPi3bRom);
  EXPECT_FALSE(client.serial);
  EXPECT_FALSE(client.revision);
}

TEST(Identify, TheOlderFormTellsTheSerialThatFoldersAreNamedAfter) {
  const Client client = client_of(pi3_discover("b8:27:eb:6c:4c:16"));
  EXPECT_EQ(client.model, ClientModel::kPi3);
  EXPECT_EQ(client.serial, 0xb66c4c16);
}

TEST(Identify, Pi4TellsSerialAndRevision) {
  const Client client = client_of(pi4_discover());
  EXPECT_EQ(client.model, ClientModel::kPi4);
  EXPECT_EQ(client.serial, 0xe09200d8);
  EXPECT_EQ(client.revision, 0x00d03114U);
}

TEST(Identify, Pi4sRequestHasNoClassButTheId) {
  EXPECT_EQ(client_of(pi4_request(1, "0a000009", "0a000001")).model, ClientModel::kPi4);
}

TEST(Identify, Pi5InEitherByteOrder) {
  const Client client = client_of(pi5_discover("0a010001"));
  EXPECT_EQ(client.model, ClientModel::kPi5);
  EXPECT_EQ(client.serial, 0xdeadbeefU);
  EXPECT_EQ(client_of(with_options("350101 6111 00 35695052 7041d000 67010203 efbeadde")).model, ClientModel::kPi5);
  EXPECT_EQ(client_of(with_options("350101 6111 00 34695052 7041d000 67010203 efbeadde")).model, ClientModel::kPi4);
}

TEST(Identify, APcsRomIsNoPiAlthoughItsClassIsTheSame) {
  EXPECT_EQ(client_of(bios_discover()).model, ClientModel::kBios);
  const std::string undi(kUndiClass);
  // Machine ids of careless PCs: all zeros, all ones, another type, another length, and one word four times with a PC's
  // long list of parameters.
  for (const char* id :
       {"6111 00 00000000000000000000000000000000", "6111 00 ffffffffffffffffffffffffffffffff",
        "6111 01 164c6cb6164c6cb6164c6cb6164c6cb6", "6110 00 164c6cb6164c6cb6164c6cb6164c6c",
        "3718010203050607080a0b0c0d0e0f101112131415161718191a6111 00 11111111111111111111111111111111"}) {
    EXPECT_EQ(client_of(with_options("350101 5d020000" + undi + id)).model, ClientModel::kBios) << id;
  }
}

TEST(Identify, OtherFirmware) {
  EXPECT_EQ(client_of(class_and_arch("PXEClient:Arch:00007:UNDI:003001", "0007")).model, ClientModel::kUefi);
  EXPECT_EQ(client_of(class_and_arch("PXEClient:Arch:00011:UNDI:003001", "000b")).model, ClientModel::kUefi);
  EXPECT_EQ(client_of(class_and_arch("HTTPClient:Arch:00016:UNDI:003001", "0010")).model, ClientModel::kUefiHttp);
  EXPECT_EQ(client_of(class_and_arch("U-Boot.armv8", "0016")).model, ClientModel::kUBoot);
  EXPECT_EQ(client_of(with_options("350101 4d0469505845" + std::string(kUndiClass))).model, ClientModel::kIpxe);
  EXPECT_EQ(client_of(with_options("350101 af0306000f" + std::string(kUndiClass))).model, ClientModel::kIpxe);
  EXPECT_EQ(client_of(linux_discover("02:00:00:00:00:01")).model, ClientModel::kLinux);
  EXPECT_EQ(client_of(with_options("350101 370301031c")).model, ClientModel::kLinux);
  EXPECT_EQ(client_of(with_options("350101 3c054d53465420")).model, ClientModel::kOther);
  EXPECT_EQ(client_of(with_options("350101")).model, ClientModel::kOther);
}

TEST(Identify, UefiAndIpxeOnAPiAreNoRom) {
  EXPECT_EQ(client_of(with_options("350101 5d02000b" + std::string(kUndiClass) + std::string(kPi4Id))).model,
            ClientModel::kUefi);
  EXPECT_EQ(client_of(with_options("350101 4d0469505845" + std::string(kPi4Id))).model, ClientModel::kIpxe);
}

TEST(Identify, OptionsOfOddLengthsAreSurvived) {
  for (const char* hex : {"5d00", "5d0100", "6100", "610100", "3c00", "3700", "4d00"}) {
    EXPECT_EQ(client_of(with_options(std::string("350101") + hex)).serial, std::nullopt) << hex;
  }
}

}  // namespace
}  // namespace piman::netboot::dhcp
