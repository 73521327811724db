// SPDX-License-Identifier: Apache-2.0
#include "node-agent/rpc_statistics.h"

#include <algorithm>
#include <tuple>

#include "common/text.h"

namespace piman::agent {

std::optional<RpcLine> parse_rpc_line(std::string_view line) {
  RpcLine parsed;
  parsed.key = next_field(line);
  while (parsed.count < parsed.numbers.size()) {
    const std::string_view field = next_field(line);
    if (field.empty()) break;
    const auto number = parse_u64(field);
    if (!number) {
      parsed.whole = false;
      break;
    }
    parsed.numbers[parsed.count++] = *number;
  }
  if (!next_field(line).empty()) parsed.whole = false;
  if (parsed.count == 0) return std::nullopt;
  return parsed;
}

bool take_rpc_counts(const RpcLine& line, std::size_t least, RpcCounts& counts) {
  if (!line.whole || line.numbers[0] != line.count - 1 || line.numbers[0] < least) return false;
  counts = {};
  std::copy_n(line.numbers.begin() + 1, line.count - 1, counts.begin());
  return true;
}

RpcRequests::RpcRequests(std::string_view family, std::string_view help, std::initializer_list<Version> versions)
    : family_(family, prom_text::Type::kCounter, help) {
  std::size_t index = 0;
  for (const Version& version : versions) {
    for (std::size_t procedure = 0; procedure < version.procedures.size(); ++procedure) {
      const std::string_view method = version.procedures[procedure];
      if (method.empty()) continue;
      rows_.push_back(
          {std::string(method), prom_text::Labels({{"method", method}, {"proto", version.proto}}), index, procedure});
    }
    ++index;
  }
  std::sort(rows_.begin(), rows_.end(),
            [](const Row& a, const Row& b) { return std::tie(a.method, a.version) < std::tie(b.method, b.version); });
}

void RpcRequests::write(std::initializer_list<const RpcCounts*> counts, prom_text::Writer& out) const {
  out.family(family_);
  for (const Row& row : rows_) out.sample(row.labels, (**(counts.begin() + row.version))[row.procedure]);
}

}  // namespace piman::agent
