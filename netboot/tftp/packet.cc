// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/packet.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "common/check.h"
#include "common/text.h"

namespace piman::netboot::tftp {
namespace {

/// A cursor that never leaves the packet.
class Fields {
 public:
  explicit Fields(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  std::optional<std::uint16_t> next_u16() {
    if (rest_.size() < 2) return std::nullopt;
    const auto value = static_cast<std::uint16_t>(rest_[0] << 8 | rest_[1]);
    rest_ = rest_.subspan(2);
    return value;
  }
  /// Up to the next NUL, which is taken as well; nothing when there is none.
  std::optional<std::string_view> next_text() {
    const auto nul = std::find(rest_.begin(), rest_.end(), std::uint8_t{0});
    if (nul == rest_.end()) return std::nullopt;
    const auto length = static_cast<std::size_t>(nul - rest_.begin());
    const std::string_view text(reinterpret_cast<const char*>(rest_.data()), length);
    rest_ = rest_.subspan(length + 1);
    return text;
  }
  bool only_padding_left() const {
    return std::all_of(rest_.begin(), rest_.end(), [](std::uint8_t byte) { return byte == 0; });
  }

 private:
  std::span<const std::uint8_t> rest_;
};

Mode mode_of(std::string_view text) {
  if (equals_ignoring_case(text, "octet")) return Mode::kOctet;
  if (equals_ignoring_case(text, "netascii")) return Mode::kNetascii;
  return Mode::kUnknown;
}

bool is_allowed(OptionKind kind, std::uint64_t value) {
  switch (kind) {
    case OptionKind::kBlockSize:
      return value >= kMinBlockBytes && value <= kMaxBlockBytes;  // RFC 2348
    case OptionKind::kTimeout:
      return value >= 1 && value <= 255;  // RFC 2349
    case OptionKind::kTransferSize:
      return true;  // RFC 2349
    case OptionKind::kWindowSize:
      return value >= 1 && value <= 65535;  // RFC 7440
  }
  return false;
}

/// What is unknown or out of range is left out: the server "must not" acknowledge it and goes on without (RFC 2347).
void add_option(std::string_view name, std::string_view text, OptionList& options) {
  for (std::size_t i = 0; i < kOptionKinds; ++i) {
    const auto kind = static_cast<OptionKind>(i);
    if (!equals_ignoring_case(name, word(kind))) continue;
    const auto value = parse_u64(text);
    if (value && is_allowed(kind, *value) && !options.find(kind)) options.add(kind, *value);
  }
}

tl::expected<Message, Malformed> decode_request(Fields fields, bool is_write) {
  const auto filename = fields.next_text();
  const auto mode = fields.next_text();
  if (!filename || !mode) return tl::unexpected(Malformed::kUnterminatedText);
  if (filename->empty()) return tl::unexpected(Malformed::kEmptyName);
  Request request{.is_write = is_write, .filename = *filename, .mode = mode_of(*mode), .options = {}};
  for (std::size_t count = 0; !fields.only_padding_left(); ++count) {
    if (count == kMaxOptions) return tl::unexpected(Malformed::kTooManyOptions);
    const auto name = fields.next_text();
    if (!name) return tl::unexpected(Malformed::kUnterminatedText);
    const auto value = fields.next_text();
    if (!value) return tl::unexpected(Malformed::kUnpairedOption);
    add_option(*name, *value, request.options);
  }
  return request;
}

void put_u16(std::uint16_t value, std::uint8_t* out) {
  out[0] = static_cast<std::uint8_t>(value >> 8);
  out[1] = static_cast<std::uint8_t>(value & 0xFF);
}

}  // namespace

std::string_view word(OptionKind kind) {
  switch (kind) {
    case OptionKind::kBlockSize:
      return "blksize";
    case OptionKind::kTimeout:
      return "timeout";
    case OptionKind::kTransferSize:
      return "tsize";
    case OptionKind::kWindowSize:
      return "windowsize";
  }
  return "";
}

std::string_view word(Malformed reason) {
  switch (reason) {
    case Malformed::kTooShort:
      return "too_short";
    case Malformed::kUnknownOpcode:
      return "unknown_opcode";
    case Malformed::kNotForServers:
      return "not_for_servers";
    case Malformed::kUnterminatedText:
      return "unterminated_text";
    case Malformed::kEmptyName:
      return "empty_name";
    case Malformed::kUnpairedOption:
      return "unpaired_option";
    case Malformed::kTooManyOptions:
      return "too_many_options";
  }
  return "";
}

void OptionList::add(OptionKind kind, std::uint64_t value) {
  PIMAN_CHECK(size_ < options_.size() && !find(kind));
  options_[size_++] = {kind, value};
}

std::optional<std::uint64_t> OptionList::find(OptionKind kind) const {
  for (const Option& option : *this) {
    if (option.kind == kind) return option.value;
  }
  return std::nullopt;
}

tl::expected<Message, Malformed> decode(std::span<const std::uint8_t> packet) {
  Fields fields(packet);
  const auto opcode = fields.next_u16();
  if (!opcode) return tl::unexpected(Malformed::kTooShort);
  switch (static_cast<Opcode>(*opcode)) {
    case Opcode::kReadRequest:
      return decode_request(fields, false);
    case Opcode::kWriteRequest:
      return decode_request(fields, true);
    case Opcode::kAck: {
      const auto block = fields.next_u16();
      if (!block) return tl::unexpected(Malformed::kTooShort);
      return Ack{*block};
    }
    case Opcode::kError: {
      const auto code = fields.next_u16();
      if (!code) return tl::unexpected(Malformed::kTooShort);
      // Some firmware leaves the text out altogether; what it means is in the code.
      return ErrorMessage{*code, fields.next_text().value_or("")};
    }
    case Opcode::kData:
    case Opcode::kOptionAck:
      return tl::unexpected(Malformed::kNotForServers);
  }
  return tl::unexpected(Malformed::kUnknownOpcode);
}

void encode_data_header(std::uint16_t block, std::span<std::uint8_t, kDataHeaderBytes> out) {
  put_u16(static_cast<std::uint16_t>(Opcode::kData), out.data());
  put_u16(block, out.data() + 2);
}

std::size_t encode_option_ack(const OptionList& options, std::span<std::uint8_t> out) {
  PIMAN_CHECK(out.size() >= kMaxOptionAckBytes);
  put_u16(static_cast<std::uint16_t>(Opcode::kOptionAck), out.data());
  char* at = reinterpret_cast<char*>(out.data()) + 2;
  char* const end = reinterpret_cast<char*>(out.data()) + out.size();
  for (const Option& option : options) {
    const std::string_view name = word(option.kind);
    at = std::copy(name.begin(), name.end(), at);
    *at++ = '\0';
    at = std::to_chars(at, end, option.value).ptr;
    *at++ = '\0';
  }
  return static_cast<std::size_t>(at - reinterpret_cast<char*>(out.data()));
}

std::size_t encode_error(ErrorCode code, std::string_view text, std::span<std::uint8_t> out) {
  PIMAN_CHECK(out.size() >= kDataHeaderBytes + 1);
  put_u16(static_cast<std::uint16_t>(Opcode::kError), out.data());
  put_u16(static_cast<std::uint16_t>(code), out.data() + 2);
  text = text.substr(0, std::min(text.find('\0'), out.size() - kDataHeaderBytes - 1));
  std::memcpy(out.data() + kDataHeaderBytes, text.data(), text.size());
  out[kDataHeaderBytes + text.size()] = 0;
  return kDataHeaderBytes + text.size() + 1;
}

}  // namespace piman::netboot::tftp
