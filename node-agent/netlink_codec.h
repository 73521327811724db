// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/result.h"

/// Netlink's bytes and what they say: messages, attributes, and the answer to one question. Numbers are in the byte
/// order of the host, as the protocol never leaves it. Pure. Source: RFC 3549 section 2, netlink(7), linux/netlink.h.
namespace piman::agent {

using NetlinkBytes = std::span<const std::uint8_t>;

/// A number or a plain struct of the kernel at an offset; nothing where the bytes do not hold all of it.
template <class T>
requires std::is_trivially_copyable_v<T> std::optional<T> netlink_value(NetlinkBytes bytes, std::size_t offset = 0) {
  if (bytes.size() < sizeof(T) || offset > bytes.size() - sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// Up to the first NUL, or all of it.
std::string_view netlink_text(NetlinkBytes bytes);

struct NetlinkAttribute {
  std::uint16_t type = 0;  ///< without the flag bits
  NetlinkBytes value;
};

/// One attribute after the other: `while (const auto attribute = walk.next())`, then ask whether it is broken().
class NetlinkAttributes {
 public:
  explicit NetlinkAttributes(NetlinkBytes bytes) : rest_(bytes) {}
  std::optional<NetlinkAttribute> next();
  /// True once a length was met that is too short or reaches beyond the bytes; next() gives nothing from then on.
  bool broken() const { return broken_; }

 private:
  NetlinkBytes rest_;
  bool broken_ = false;
};

struct NetlinkMessage {
  std::uint16_t type = 0, flags = 0;
  std::uint32_t sequence = 0, port = 0;
  NetlinkBytes payload;
  NetlinkBytes whole;  ///< with its header
};

/// The same for the messages of a datagram, or of an answer.
class NetlinkMessages {
 public:
  explicit NetlinkMessages(NetlinkBytes bytes) : rest_(bytes) {}
  std::optional<NetlinkMessage> next();
  bool broken() const { return broken_; }

 private:
  NetlinkBytes rest_;
  bool broken_ = false;
};

/// The bytes of a question: a head of the protocol's own, and attributes behind it.
/// REQUIRES: together not more than an attribute may have, 65 KB.
class NetlinkBody {
 public:
  NetlinkBody() = default;
  template <class Head>
  requires std::is_trivially_copyable_v<Head>
  explicit NetlinkBody(const Head& head) { append({reinterpret_cast<const std::uint8_t*>(&head), sizeof head}); }
  NetlinkBody& add(std::uint16_t type, NetlinkBytes value);
  NetlinkBody& add(std::uint16_t type, std::uint32_t value);
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  void append(NetlinkBytes bytes);

  std::vector<std::uint8_t> bytes_;
};

/// A whole message: header and body.
std::vector<std::uint8_t> encode_netlink_message(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                                                 NetlinkBytes body);

/// Collects the answer to one question, datagram by datagram.
class NetlinkAnswer {
 public:
  enum class State : std::uint8_t {
    kMore,         ///< not all has come
    kComplete,     ///< messages() is the answer
    kInterrupted,  ///< the tables changed while the kernel wrote: some may be missing or there twice. Ask again.
    kRefused,      ///< refusal() says why
  };
  /// More than any kernel of a Pi has to tell; 20,000 routes.
  static constexpr std::size_t kMostBytes = 2 * 1024 * 1024;

  /// `port` is the asker's own, which answers carry.
  NetlinkAnswer(std::uint32_t sequence, std::uint32_t port) : sequence_(sequence), port_(port) {}

  /// Messages to somebody else or to an earlier question are passed over.
  /// Errors: a broken message, or more than kMostBytes of them.
  Result<State> add(NetlinkBytes datagram);
  /// The kernel's errno.
  int refusal() const { return refusal_; }
  /// The messages one behind the other, without those that only say that it is over.
  std::vector<std::uint8_t> take_messages() { return std::move(messages_); }

 private:
  State end_of_dump(const NetlinkMessage& message);
  State acknowledged_or_refused(const NetlinkMessage& message);

  const std::uint32_t sequence_, port_;
  int refusal_ = 0;
  bool interrupted_ = false;
  std::vector<std::uint8_t> messages_;
};

}  // namespace piman::agent
