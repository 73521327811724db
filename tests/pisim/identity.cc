// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/identity.h"

#include <algorithm>

#include "common/text.h"

namespace piman::pisim {
namespace {

/// Boards of one model begin here, so that no two models meet although two of them share a maker's prefix.
std::uint32_t first_tail(std::string_view model) {
  std::uint32_t hash = 2'166'136'261U;
  for (const char c : model) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  return (hash & 0x3FU) << 16U;
}

ByteWriter& little_endian(ByteWriter& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) out.u8(static_cast<std::uint8_t>(value >> shift & 0xFFU));
  return out;
}

}  // namespace

std::string Identity::serial_text() const {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (unsigned shift = 32; shift > 0; shift -= 4) text.push_back(kHex[serial >> (shift - 4) & 0xFU]);
  return text;
}

Guid Identity::guid(GuidForm form) const {
  ByteWriter out;
  out.u8(0);
  switch (form) {
    case GuidForm::kConstant44:
      for (int i = 0; i < 16; ++i) out.u8(0x44);
      break;
    case GuidForm::kSerialTimes4:
      for (int i = 0; i < 4; ++i) little_endian(out, serial);
      break;
    case GuidForm::kRPi4:
    case GuidForm::kRPi5:
      out.text(form == GuidForm::kRPi4 ? "RPi4" : "RPi5");
      little_endian(out, revision).raw(ByteView(mac.bytes()).subspan(2));
      little_endian(out, serial);
      break;
    case GuidForm::kRandom: {
      Random random(serial);
      for (int i = 0; i < 4; ++i) little_endian(out, static_cast<std::uint32_t>(random.next()));
      break;
    }
  }
  const Bytes bytes = out.take();
  Guid guid{};
  std::copy_n(bytes.begin(), guid.size(), guid.begin());
  return guid;
}

Identity make_identity(std::string_view model, const std::array<std::uint8_t, 3>& prefix, std::uint32_t revision,
                       std::uint32_t index) {
  const std::uint32_t tail = (first_tail(model) + index + 1) & 0xFF'FFFFU;
  const std::string number = concat(index);
  Identity identity;
  identity.name = concat(model, '-', std::string(number.size() < 4 ? 4 - number.size() : 0, '0'), number);
  identity.mac = MacAddress({prefix[0], prefix[1], prefix[2], static_cast<std::uint8_t>(tail >> 16U),
                             static_cast<std::uint8_t>(tail >> 8U & 0xFFU), static_cast<std::uint8_t>(tail & 0xFFU)});
  // A Pi's serial number ends in the last three bytes of its MAC on the older boards; any unique number does elsewhere.
  identity.serial = 0xA000'0000U | static_cast<std::uint32_t>(prefix[2] & 0xFU) << 24U | tail;
  identity.revision = revision;
  return identity;
}

}  // namespace piman::pisim
