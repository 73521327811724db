// SPDX-License-Identifier: Apache-2.0
#include "node-agent/netlink_codec.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include "common/check.h"
#include "common/text.h"

namespace piman::agent {
namespace {

/// Messages and attributes both begin at multiples of four; the last one's padding may be missing.
constexpr std::size_t aligned(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

NetlinkBytes behind(NetlinkBytes bytes, std::size_t length) {
  return bytes.subspan(std::min(aligned(length), bytes.size()));
}

/// What the kernel's negative errno stands for; EPROTO where it is none.
int errno_of(std::int32_t error) {
  constexpr std::int32_t kMostErrno = 4095;  // MAX_ERRNO
  return error < 0 && error >= -kMostErrno ? -error : EPROTO;
}

}  // namespace

std::string_view netlink_text(NetlinkBytes bytes) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return all.substr(0, all.find('\0'));
}

std::optional<NetlinkAttribute> NetlinkAttributes::next() {
  if (broken_ || rest_.empty()) return std::nullopt;
  const auto head = netlink_value<::nlattr>(rest_);
  if (!head || head->nla_len < sizeof *head || head->nla_len > rest_.size()) {
    broken_ = true;
    return std::nullopt;
  }
  const NetlinkAttribute attribute{static_cast<std::uint16_t>(head->nla_type & NLA_TYPE_MASK),
                                   rest_.subspan(sizeof *head, head->nla_len - sizeof *head)};
  rest_ = behind(rest_, head->nla_len);
  return attribute;
}

std::optional<NetlinkMessage> NetlinkMessages::next() {
  if (broken_ || rest_.empty()) return std::nullopt;
  const auto head = netlink_value<::nlmsghdr>(rest_);
  if (!head || head->nlmsg_len < sizeof *head || head->nlmsg_len > rest_.size()) {
    broken_ = true;
    return std::nullopt;
  }
  const NetlinkBytes whole = rest_.first(head->nlmsg_len);
  rest_ = behind(rest_, head->nlmsg_len);
  return NetlinkMessage{head->nlmsg_type, head->nlmsg_flags,           head->nlmsg_seq,
                        head->nlmsg_pid,  whole.subspan(sizeof *head), whole};
}

void NetlinkBody::append(NetlinkBytes bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  bytes_.resize(aligned(bytes_.size()));
}

NetlinkBody& NetlinkBody::add(std::uint16_t type, NetlinkBytes value) {
  constexpr std::size_t kMost = 0xffff;
  PIMAN_CHECK(value.size() <= kMost - sizeof(::nlattr));
  const ::nlattr head{static_cast<std::uint16_t>(sizeof head + value.size()), type};
  append({reinterpret_cast<const std::uint8_t*>(&head), sizeof head});
  append(value);
  return *this;
}

NetlinkBody& NetlinkBody::add(std::uint16_t type, std::uint32_t value) {
  return add(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
}

std::vector<std::uint8_t> encode_netlink_message(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                                                 NetlinkBytes body) {
  ::nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + body.size());
  head.nlmsg_type = type;
  head.nlmsg_flags = flags;
  head.nlmsg_seq = sequence;
  std::vector<std::uint8_t> bytes(sizeof head);
  std::memcpy(bytes.data(), &head, sizeof head);
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

/// A dump may fail half way: then its end carries the negative errno.
NetlinkAnswer::State NetlinkAnswer::end_of_dump(const NetlinkMessage& message) {
  const auto error = netlink_value<std::int32_t>(message.payload);
  if (error && *error < 0) {
    refusal_ = errno_of(*error);
    return State::kRefused;
  }
  return interrupted_ ? State::kInterrupted : State::kComplete;
}

NetlinkAnswer::State NetlinkAnswer::acknowledged_or_refused(const NetlinkMessage& message) {
  const auto error = netlink_value<std::int32_t>(message.payload);
  if (error && *error == 0) return State::kComplete;
  refusal_ = errno_of(error.value_or(0));
  return State::kRefused;
}

Result<NetlinkAnswer::State> NetlinkAnswer::add(NetlinkBytes datagram) {
  NetlinkMessages messages(datagram);
  while (const auto message = messages.next()) {
    if (message->sequence != sequence_ || message->port != port_) continue;
    if ((message->flags & NLM_F_DUMP_INTR) != 0) interrupted_ = true;
    switch (message->type) {
      case NLMSG_DONE:
        return end_of_dump(*message);
      case NLMSG_ERROR:
        return acknowledged_or_refused(*message);
      case NLMSG_NOOP:
        continue;
      case NLMSG_OVERRUN:
        return fail("netlink lost a part of its answer");
      default:
        break;
    }
    if (messages_.size() + message->whole.size() > kMostBytes) {
      return fail(concat("netlink's answer is longer than ", kMostBytes, " bytes"));
    }
    messages_.insert(messages_.end(), message->whole.begin(), message->whole.end());
    messages_.resize(aligned(messages_.size()));
  }
  if (messages.broken()) return fail("netlink's answer has a message of a wrong length");
  return State::kMore;
}

}  // namespace piman::agent
