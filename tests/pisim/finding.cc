// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/finding.h"

namespace piman::pisim {
namespace {

struct Entry {
  Finding finding;
  std::string_view name;
  bool fault;
};

constexpr Entry kEntries[] = {
    {Finding::kShortFrame, "short-frame", true},
    {Finding::kBadArp, "bad-arp", true},
    {Finding::kBadIpHeader, "bad-ip-header", true},
    {Finding::kBadUdpLength, "bad-udp-length", true},
    {Finding::kBadUdpChecksum, "bad-udp-checksum", true},
    {Finding::kFragment, "fragment", true},
    {Finding::kReplyMalformed, "reply-malformed", true},
    {Finding::kReplyShort, "reply-short", true},
    {Finding::kReplyWithoutEnd, "reply-without-end", true},
    {Finding::kPadBetweenOptions, "pad-between-options", true},
    {Finding::kOptionTwice, "option-twice", true},
    {Finding::kOption66NotAnAddress, "option-66-not-an-address", true},
    {Finding::kOption43Malformed, "option-43-malformed", true},
    {Finding::kNoServerId, "no-server-id", true},
    {Finding::kNoLeaseTime, "no-lease-time", true},
    {Finding::kNoSubnetMask, "no-subnet-mask", true},
    {Finding::kServerIdChanged, "server-id-changed", true},
    {Finding::kAckOfOtherAddress, "ack-of-other-address", true},
    {Finding::kReplyToOtherAddress, "reply-to-other-address", true},
    {Finding::kReplyRelayed, "reply-relayed", false},
    {Finding::kPxeForPlainClient, "pxe-for-plain-client", true},
    {Finding::kNak, "nak", false},
    {Finding::kOutsideSubnet, "outside-subnet", true},
    {Finding::kAddressShared, "address-shared", true},
    {Finding::kAddressChanged, "address-changed", false},
    {Finding::kForeignTid, "foreign-tid", false},
    {Finding::kOptionNotAsked, "option-not-asked", true},
    {Finding::kBlksizeTooLarge, "blksize-too-large", true},
    {Finding::kTsizeWrong, "tsize-wrong", true},
    {Finding::kBlockTooLong, "block-too-long", true},
    {Finding::kBeyondWindow, "beyond-window", true},
    {Finding::kTftpMalformed, "tftp-malformed", true},
    {Finding::kErrorNotOne, "error-not-one", true},
    {Finding::kContentDiffers, "content-differs", true},
    {Finding::kUnexpectedFile, "unexpected-file", true},
    {Finding::kMissingFile, "missing-file", true},
    {Finding::kDuplicateData, "duplicate-data", false},
    {Finding::kDuplicateOack, "duplicate-oack", false},
    {Finding::kLatePacket, "late-packet", false},
    {Finding::kRequestRepeated, "request-repeated", false},
};
static_assert(sizeof kEntries / sizeof kEntries[0] == kFindings);

constexpr bool in_order() {
  for (std::size_t i = 0; i < kFindings; ++i) {
    if (static_cast<std::size_t>(kEntries[i].finding) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::string_view name_of(Finding finding) { return kEntries[static_cast<std::size_t>(finding)].name; }
bool is_fault(Finding finding) { return kEntries[static_cast<std::size_t>(finding)].fault; }

bool Findings::has_fault() const {
  for (std::size_t i = 0; i < kFindings; ++i) {
    if (counts_[i] > 0 && kEntries[i].fault) return true;
  }
  return false;
}

Findings& Findings::operator+=(const Findings& other) {
  for (std::size_t i = 0; i < kFindings; ++i) counts_[i] += other.counts_[i];
  return *this;
}

}  // namespace piman::pisim
