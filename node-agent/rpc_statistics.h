// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/prom_text.h"

/// What the statistics files of the NFS client and the NFS server have in common: lines of a key and whole numbers, and
/// counts of requests by procedure.
namespace piman::agent {

/// One line of net/rpc/nfs or net/rpc/nfsd.
struct RpcLine {
  static constexpr std::size_t kMostNumbers = 128;  // the longest, the server's operations of NFSv4, has about 76

  std::string_view key;
  std::array<std::uint64_t, kMostNumbers> numbers{};
  std::size_t count = 0;
  bool whole = true;  ///< false when the numbers end at something that is none, or are too many
};
/// Nothing when there is no key or no number. Pure.
std::optional<RpcLine> parse_rpc_line(std::string_view line);

/// Counts of one protocol version, by the kernel's procedure number.
using RpcCounts = std::array<std::uint64_t, RpcLine::kMostNumbers>;
/// Takes a line "KEY COUNT NUMBER..." whose first number says how many follow; false when it lies, or when fewer than
/// `least` follow. Missing counts are 0.
bool take_rpc_counts(const RpcLine& line, std::size_t least, RpcCounts& counts);

/// A family with the labels method and proto.
/// Thread-safety: none.
class RpcRequests {
 public:
  struct Version {
    std::string_view proto;                        ///< "4"
    std::span<const std::string_view> procedures;  ///< by procedure number; an empty name is not reported
  };

  RpcRequests(std::string_view family, std::string_view help, std::initializer_list<Version> versions);
  /// `counts`: one for each version, in the order of the constructor's.
  void write(std::initializer_list<const RpcCounts*> counts, prom_text::Writer& out) const;

 private:
  struct Row {
    std::string method;
    prom_text::Labels labels;
    std::size_t version, procedure;
  };
  prom_text::Family family_;
  std::vector<Row> rows_;  ///< sorted by method, then version
};

}  // namespace piman::agent
