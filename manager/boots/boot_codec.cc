// SPDX-License-Identifier: Apache-2.0
#include "manager/boots/boot_codec.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMostTextBytes = 1024;

/// The words that come again and again take one byte. Kept for ever in this order; others are spelt out.
constexpr std::array<std::string_view, 32> kWords = {
    "",        "DISCOVER", "OFFER", "REQUEST",   "ACK",      "NAK",       "tftp",     "http",
    "started", "complete", "probe", "not_found", "aborted",  "timed_out", "pi3b_rom", "pi3",
    "pi4",     "pi5",      "linux", "u_boot",    "ipxe",     "other",     "INFORM",   "RELEASE",
    "DECLINE", "bios",     "uefi",  "uefi_http", "too_long", "refused",   "failed",   "unknown_host"};

class Encoder {
 public:
  void byte(std::uint8_t value) { out_.push_back(value); }
  /// Seven bits a byte, the lowest first.
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) byte(static_cast<std::uint8_t>(value | 0x80U));
    byte(static_cast<std::uint8_t>(value));
  }
  /// Times before the boot began don't exist; a clock that went back must not become the far future.
  void milliseconds(std::int64_t milliseconds) {
    number(static_cast<std::uint64_t>(std::max<std::int64_t>(milliseconds, 0)));
  }
  void optional(const std::optional<std::uint32_t>& value) { number(value ? std::uint64_t{*value} + 1 : 0); }
  void text(std::string_view value) {
    const auto* const word = std::find(kWords.begin(), kWords.end(), value);
    if (word != kWords.end()) {
      number(static_cast<std::uint64_t>(word - kWords.begin()));
      return;
    }
    value = value.substr(0, kMostTextBytes);
    number(kWords.size() + value.size());
    out_.insert(out_.end(), value.begin(), value.end());
  }
  std::vector<std::uint8_t> take() { return std::move(out_); }

 private:
  std::vector<std::uint8_t> out_;
};

/// After the first thing that can't be read everything is nothing, and ok() is false.
class Decoder {
 public:
  explicit Decoder(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  std::uint8_t byte() {
    if (rest_.empty()) return refuse();
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t part = byte();
      if (shift == 63 && part > 1) return refuse();
      value |= std::uint64_t{part & 0x7FU} << shift;
      if ((part & 0x80U) == 0) return value;
    }
    return refuse();
  }
  std::int64_t milliseconds() {
    const std::uint64_t value = number();
    return value > static_cast<std::uint64_t>(INT64_MAX) ? refuse() : static_cast<std::int64_t>(value);
  }
  std::uint32_t number32() {
    const std::uint64_t value = number();
    return value > UINT32_MAX ? refuse() : static_cast<std::uint32_t>(value);
  }
  std::optional<std::uint32_t> optional() {
    const std::uint64_t value = number();
    if (value > std::uint64_t{UINT32_MAX} + 1) refuse();
    return value == 0 || !ok_ ? std::nullopt : std::optional(static_cast<std::uint32_t>(value - 1));
  }
  std::string text() {
    const std::uint64_t value = number();
    if (!ok_) return {};
    if (value < kWords.size()) return std::string(kWords[static_cast<std::size_t>(value)]);
    const std::uint64_t length = value - kWords.size();
    if (length > kMostTextBytes || length > rest_.size()) {
      refuse();
      return {};
    }
    const auto part = rest_.first(static_cast<std::size_t>(length));
    rest_ = rest_.subspan(part.size());
    return {part.begin(), part.end()};
  }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::uint8_t refuse() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

 private:
  std::span<const std::uint8_t> rest_;
  bool ok_ = true;
};

void encode(Encoder& out, const DhcpStep& step) {
  for (const std::string* text : {&step.received, &step.sent, &step.drop_reason, &step.model}) out.text(*text);
  out.number(step.address.value());
  out.number(step.other_server.value());
  out.byte(step.relayed ? 1 : 0);
  out.number(step.count);
  out.milliseconds(step.last_ms);
}
DhcpStep decode_dhcp(Decoder& in) {
  DhcpStep step;
  for (std::string* text : {&step.received, &step.sent, &step.drop_reason, &step.model}) *text = in.text();
  step.address = Ipv4Address(in.number32());
  step.other_server = Ipv4Address(in.number32());
  step.relayed = in.byte() != 0;
  step.count = in.number32();
  step.last_ms = in.milliseconds();
  return step;
}

void encode(Encoder& out, const FileStep& step) {
  for (const std::string* text : {&step.protocol, &step.requested, &step.served, &step.outcome}) out.text(*text);
  for (const std::uint64_t number : {step.id, step.size_bytes, step.sent_bytes, step.blocks, step.retransmits}) {
    out.number(number);
  }
  out.milliseconds(step.duration_ms);
}
FileStep decode_file(Decoder& in) {
  FileStep step;
  for (std::string* text : {&step.protocol, &step.requested, &step.served, &step.outcome}) *text = in.text();
  for (std::uint64_t* number : {&step.id, &step.size_bytes, &step.sent_bytes, &step.blocks, &step.retransmits}) {
    *number = in.number();
  }
  step.duration_ms = in.milliseconds();
  return step;
}

void encode(Encoder& out, const ConsoleStep& step) { out.text(step.text); }

}  // namespace

std::vector<std::uint8_t> encode_boot(const Boot& boot) {
  Encoder out;
  out.byte(kVersion);
  out.byte(static_cast<std::uint8_t>(boot.state));
  out.milliseconds(boot.last_ms);
  out.milliseconds(boot.booted_ms ? *boot.booted_ms + 1 : 0);
  out.text(boot.model);
  out.optional(boot.serial);
  out.optional(boot.revision);
  out.number(boot.address.value());
  out.number(boot.dropped);
  out.number(boot.events.size());
  for (const BootEvent& event : boot.events) {
    out.byte(static_cast<std::uint8_t>(event.step.index()));
    out.milliseconds(event.at_ms);
    std::visit([&out](const auto& step) { encode(out, step); }, event.step);
  }
  return out.take();
}

Result<Boot> decode_boot(const MacAddress& mac, WallTime started, std::span<const std::uint8_t> bytes) {
  Decoder in(bytes);
  Boot boot;
  boot.mac = mac;
  boot.started = started;
  if (in.byte() != kVersion) return fail("a stored boot of another version");
  const std::uint8_t state = in.byte();
  if (state >= kBootStateCount) in.refuse();
  boot.state = static_cast<BootState>(state);
  boot.last_ms = in.milliseconds();
  if (const std::int64_t booted = in.milliseconds(); booted > 0) boot.booted_ms = booted - 1;
  boot.model = in.text();
  boot.serial = in.optional();
  boot.revision = in.optional();
  boot.address = Ipv4Address(in.number32());
  boot.dropped = in.number();
  const std::uint64_t count = in.number();
  if (count > kMostStoredEvents) in.refuse();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::uint8_t kind = in.byte();
    BootEvent event;
    event.at_ms = in.milliseconds();
    if (kind == 0) {
      event.step = decode_dhcp(in);
    } else if (kind == 1) {
      event.step = decode_file(in);
    } else if (kind == 2) {
      event.step = ConsoleStep{in.text()};
    } else {
      in.refuse();
    }
    boot.events.push_back(std::move(event));
  }
  if (!in.ok() || !in.at_end()) return fail("a stored boot is damaged");
  return boot;
}

}  // namespace piman::manager
