// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// What a virtual Pi saw that it should not have seen, or that is worth counting.
namespace piman::pisim {

enum class Finding : std::uint8_t {
  // Frames that no network stack would take.
  kShortFrame,
  kBadArp,
  kBadIpHeader,
  kBadUdpLength,
  kBadUdpChecksum,
  kFragment,
  // DHCP replies.
  kReplyMalformed,
  kReplyShort,
  kReplyWithoutEnd,
  kPadBetweenOptions,
  kOptionTwice,
  kOption66NotAnAddress,
  kOption43Malformed,
  kNoServerId,
  kNoLeaseTime,
  kNoSubnetMask,
  kServerIdChanged,
  kAckOfOtherAddress,
  kReplyToOtherAddress,
  kReplyRelayed,
  kPxeForPlainClient,
  kNak,
  // Addresses.
  kOutsideSubnet,
  kAddressShared,
  kAddressChanged,
  // TFTP.
  kForeignTid,
  kOptionNotAsked,
  kBlksizeTooLarge,
  kTsizeWrong,
  kBlockTooLong,
  kBeyondWindow,
  kTftpMalformed,
  kErrorNotOne,
  kContentDiffers,
  kUnexpectedFile,
  kMissingFile,
  kDuplicateData,
  kDuplicateOack,
  kLatePacket,
  kRequestRepeated,
  kCount,
};
constexpr std::size_t kFindings = static_cast<std::size_t>(Finding::kCount);

/// One word with dashes, the same in the table, in JSON and in tests.
std::string_view name_of(Finding finding);
/// Whether the server did wrong. The others are only counted: a wire that loses or doubles packets causes them too.
bool is_fault(Finding finding);

class Findings {
 public:
  void add(Finding finding) { ++counts_[static_cast<std::size_t>(finding)]; }
  std::uint64_t count(Finding finding) const { return counts_[static_cast<std::size_t>(finding)]; }
  bool has_fault() const;
  Findings& operator+=(const Findings& other);

 private:
  std::array<std::uint64_t, kFindings> counts_{};
};

}  // namespace piman::pisim
