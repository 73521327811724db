// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "common/result.h"

/// TFTP's packets (RFC 1350) and options (RFC 2347) as values: what a server receives is decoded, what it sends
/// encoded. Pure; no length in a packet is believed.
namespace piman::netboot::tftp {

/// RFC 1350 section 5, RFC 2347.
enum class Opcode : std::uint16_t {
  kReadRequest = 1,
  kWriteRequest = 2,
  kData = 3,
  kAck = 4,
  kError = 5,
  kOptionAck = 6,
};

/// RFC 1350 appendix, RFC 2347.
enum class ErrorCode : std::uint16_t {
  kUndefined = 0,
  kNotFound = 1,
  kAccessViolation = 2,
  kDiskFull = 3,
  kIllegalOperation = 4,
  kUnknownTransfer = 5,
  kFileExists = 6,
  kNoSuchUser = 7,
  kOptionsRefused = 8,
};

/// Transfer modes; "mail" and whatever else is named is kUnknown.
enum class Mode { kOctet, kNetascii, kUnknown };

/// The options that piman knows, in RFC 2348, 2349 and 7440.
enum class OptionKind : std::uint8_t { kBlockSize, kTimeout, kTransferSize, kWindowSize };
inline constexpr std::size_t kOptionKinds = 4;
/// As written on the wire: "blksize", "timeout", "tsize", "windowsize".
std::string_view word(OptionKind kind);

struct Option {
  OptionKind kind{};
  std::uint64_t value = 0;
};

/// Options in the order in which they were asked for, each at most once.
class OptionList {
 public:
  void add(OptionKind kind, std::uint64_t value);
  std::optional<std::uint64_t> find(OptionKind kind) const;
  bool empty() const { return size_ == 0; }
  const Option* begin() const { return options_.data(); }
  const Option* end() const { return options_.data() + size_; }

 private:
  std::array<Option, kOptionKinds> options_{};
  std::size_t size_ = 0;
};

/// RRQ or WRQ. Texts point into the packet.
struct Request {
  bool is_write = false;
  std::string_view filename;  ///< never empty; any bytes but NUL
  Mode mode = Mode::kOctet;
  OptionList options;  ///< the known ones whose values the RFCs allow; all others are left out, as RFC 2347 wants
};

struct Ack {
  std::uint16_t block = 0;
};

struct ErrorMessage {
  std::uint16_t code = 0;
  std::string_view text;  ///< points into the packet
};

using Message = std::variant<Request, Ack, ErrorMessage>;

enum class Malformed {
  kTooShort,
  kUnknownOpcode,     ///< none of the six
  kNotForServers,     ///< DATA or OACK: only a client gets these from piman
  kUnterminatedText,  ///< a name, mode, option or error text without its NUL
  kEmptyName,
  kUnpairedOption,  ///< an option without a value
  kTooManyOptions,
};
/// "too_short", ...: metric label and log word.
std::string_view word(Malformed reason);

/// More options than this in one request are an attack, not a request.
inline constexpr std::size_t kMaxOptions = 32;
inline constexpr std::size_t kDataHeaderBytes = 4;
/// The largest data block that RFC 2348 allows, and the default of RFC 1350.
inline constexpr std::uint32_t kMaxBlockBytes = 65464, kMinBlockBytes = 8, kDefaultBlockBytes = 512;

/// Decodes what a client may send to a server. Zero bytes after the last field are taken as padding.
tl::expected<Message, Malformed> decode(std::span<const std::uint8_t> packet);

/// The 4 bytes before a data block.
void encode_data_header(std::uint16_t block, std::span<std::uint8_t, kDataHeaderBytes> out);
/// Returns the packet's length. `out` needs kMaxOptionAckBytes.
std::size_t encode_option_ack(const OptionList& options, std::span<std::uint8_t> out);
inline constexpr std::size_t kMaxOptionAckBytes = 2 + kOptionKinds * (11 + 21);
/// Returns the packet's length; a text that does not fit into `out` (at least 5 bytes) is cut.
std::size_t encode_error(ErrorCode code, std::string_view text, std::span<std::uint8_t> out);

}  // namespace piman::netboot::tftp
