// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/options.h"

#include <algorithm>
#include <array>

#include "common/check.h"

namespace piman::netboot::dhcp {

void Options::clear() {
  bytes_.clear();
  entries_.clear();
  present_.reset();
}

void Options::add(std::uint8_t code, Bytes value) {
  PIMAN_CHECK(code != option::kPad && code != option::kEnd);
  PIMAN_CHECK(bytes_.size() + value.size() <= 0xFFFF);
  if (present_[code]) {
    extend(code, value);
    return;
  }
  present_.set(code);
  entries_.push_back({code, static_cast<std::uint16_t>(bytes_.size()), static_cast<std::uint16_t>(value.size())});
  bytes_.insert(bytes_.end(), value.begin(), value.end());
}

// Inserting keeps every value in one piece and the memory at the size of the datagram, whatever the order of the parts.
void Options::extend(std::uint8_t code, Bytes value) {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [code](const Entry& entry) { return entry.code == code; });
  const std::uint16_t place = static_cast<std::uint16_t>(found->offset + found->length);
  const std::uint16_t added = static_cast<std::uint16_t>(value.size());
  bytes_.insert(bytes_.begin() + place, value.begin(), value.end());
  found->length = static_cast<std::uint16_t>(found->length + added);
  // Offsets rise with the index: values are only ever appended or grown.
  for (auto later = found + 1; later != entries_.end(); ++later) {
    later->offset = static_cast<std::uint16_t>(later->offset + added);
  }
}

void Options::add_u8(std::uint8_t code, std::uint8_t value) { add(code, Bytes(&value, 1)); }

void Options::add_u32(std::uint8_t code, std::uint32_t value) {
  const std::array<std::uint8_t, 4> bytes{static_cast<std::uint8_t>(value >> 24),
                                          static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
                                          static_cast<std::uint8_t>(value)};
  add(code, bytes);
}

void Options::add_text(std::uint8_t code, std::string_view text) { add(code, as_bytes(text)); }

std::optional<Bytes> Options::find(std::uint8_t code) const {
  if (!present_[code]) return std::nullopt;
  for (const Entry& entry : entries_) {
    if (entry.code == code) return value_of(entry);
  }
  return std::nullopt;
}

std::optional<std::uint8_t> Options::find_u8(std::uint8_t code) const {
  const auto value = find(code);
  if (!value || value->size() != 1) return std::nullopt;
  return value->front();
}

std::optional<std::uint16_t> Options::find_u16(std::uint8_t code) const {
  const auto value = find(code);
  if (!value || value->size() != 2) return std::nullopt;
  return static_cast<std::uint16_t>((*value)[0] << 8 | (*value)[1]);
}

std::optional<Ipv4Address> Options::find_address(std::uint8_t code) const {
  const auto value = find(code);
  if (!value || value->size() != 4) return std::nullopt;
  std::uint32_t address = 0;
  for (const std::uint8_t byte : *value) address = address << 8 | byte;
  return Ipv4Address(address);
}

std::string_view Options::find_text(std::uint8_t code) const {
  const auto value = find(code);
  if (!value) return {};
  std::string_view text = as_text(*value);
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  return text;
}

Options::View Options::at(std::size_t index) const {
  PIMAN_CHECK(index < entries_.size());
  return {entries_[index].code, value_of(entries_[index])};
}

bool Options::operator==(const Options& other) const {
  if (size() != other.size()) return false;
  for (std::size_t i = 0; i < size(); ++i) {
    const View mine = at(i), theirs = other.at(i);
    if (mine.code != theirs.code ||
        !std::equal(mine.value.begin(), mine.value.end(), theirs.value.begin(), theirs.value.end())) {
      return false;
    }
  }
  return true;
}

std::optional<Bytes> find_suboption(Bytes value, std::uint8_t code) {
  while (value.size() >= 2 && value[0] != option::kEnd) {
    const std::size_t length = value[1];
    if (value.size() < 2 + length) return std::nullopt;
    if (value[0] == code) return value.subspan(2, length);
    value = value.subspan(2 + length);
  }
  return std::nullopt;
}

}  // namespace piman::netboot::dhcp
