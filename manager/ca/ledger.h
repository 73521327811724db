// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"

/// What a CA has signed and taken back, as lines `SERIAL;NAME;SECONDS`. Pure.
namespace piman::manager::ca {

struct LedgerEntry {
  std::string serial;  ///< hexadecimal, upper case
  std::string name;
  WallTime time;  ///< of what was issued its end, of what was revoked the moment
  bool operator==(const LedgerEntry&) const = default;
};
inline constexpr std::size_t kMostLedgerBytes = 4UL * 1024 * 1024;

/// Errors: the first line that is none, with its number. A file that lost a line would let somebody in.
Result<std::vector<LedgerEntry>> parse_ledger(std::string_view text);
std::string render_ledger(const std::vector<LedgerEntry>& entries);

/// Letters, digits and single dots, dashes and underscores: what may stand in a certificate, a file name and a URL, and
/// is no file of the CA itself.
bool is_certificate_name(std::string_view name);

}  // namespace piman::manager::ca
