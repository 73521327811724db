// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/finding.h"

namespace piman::pisim {
namespace {

struct Entry {
  std::string_view name;
  Finding finding;
  bool fault;
};

constexpr Entry kEntries[] = {
    {"short-frame", Finding::kShortFrame, true},
    {"bad-arp", Finding::kBadArp, true},
    {"bad-ip-header", Finding::kBadIpHeader, true},
    {"bad-udp-length", Finding::kBadUdpLength, true},
    {"bad-udp-checksum", Finding::kBadUdpChecksum, true},
    {"fragment", Finding::kFragment, true},
    {"reply-malformed", Finding::kReplyMalformed, true},
    {"reply-short", Finding::kReplyShort, true},
    {"reply-without-end", Finding::kReplyWithoutEnd, true},
    {"pad-between-options", Finding::kPadBetweenOptions, true},
    {"option-twice", Finding::kOptionTwice, true},
    {"option-66-not-an-address", Finding::kOption66NotAnAddress, true},
    {"option-43-malformed", Finding::kOption43Malformed, true},
    {"no-server-id", Finding::kNoServerId, true},
    {"no-lease-time", Finding::kNoLeaseTime, true},
    {"no-subnet-mask", Finding::kNoSubnetMask, true},
    {"server-id-changed", Finding::kServerIdChanged, true},
    {"ack-of-other-address", Finding::kAckOfOtherAddress, true},
    {"reply-to-other-address", Finding::kReplyToOtherAddress, true},
    {"reply-relayed", Finding::kReplyRelayed, false},
    {"pxe-for-plain-client", Finding::kPxeForPlainClient, true},
    {"nak", Finding::kNak, false},
    {"outside-subnet", Finding::kOutsideSubnet, true},
    {"address-shared", Finding::kAddressShared, true},
    {"address-changed", Finding::kAddressChanged, false},
    {"foreign-tid", Finding::kForeignTid, false},
    {"option-not-asked", Finding::kOptionNotAsked, true},
    {"blksize-too-large", Finding::kBlksizeTooLarge, true},
    {"tsize-wrong", Finding::kTsizeWrong, true},
    {"block-too-long", Finding::kBlockTooLong, true},
    {"beyond-window", Finding::kBeyondWindow, true},
    {"tftp-malformed", Finding::kTftpMalformed, true},
    {"error-not-one", Finding::kErrorNotOne, true},
    {"content-differs", Finding::kContentDiffers, true},
    {"unexpected-file", Finding::kUnexpectedFile, true},
    {"missing-file", Finding::kMissingFile, true},
    {"duplicate-data", Finding::kDuplicateData, false},
    {"duplicate-oack", Finding::kDuplicateOack, false},
    {"late-packet", Finding::kLatePacket, false},
    {"request-repeated", Finding::kRequestRepeated, false},
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
