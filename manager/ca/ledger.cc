// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/ledger.h"

#include <cstdint>
#include <ctime>

#include "common/text.h"

namespace piman::manager::ca {
namespace {

constexpr std::size_t kMostNameBytes = 64;       // of a common name (RFC 5280, ub-common-name)
constexpr std::size_t kMostSerialDigits = 40;    // 20 bytes
constexpr std::int64_t kLatest = 9'000'000'000;  // in 2255; the clock's own end is in 2262

bool is_serial(std::string_view text) {
  return !text.empty() && text.size() <= kMostSerialDigits &&
         text.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

}  // namespace

Result<std::vector<LedgerEntry>> parse_ledger(std::string_view text) {
  std::vector<LedgerEntry> entries;
  std::size_t number = 0;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    ++number;
    const std::string_view whole = line;
    const std::string_view serial = next_until(line, ';');
    const std::string_view name = next_until(line, ';');
    const auto seconds = parse_i64(line);
    if (!is_serial(serial) || !is_certificate_name(name) || !seconds || *seconds < 0 || *seconds > kLatest) {
      return fail(concat("line ", number, ": ", quote(whole), " is no SERIAL;NAME;SECONDS"));
    }
    entries.push_back({std::string(serial), std::string(name),
                       std::chrono::system_clock::from_time_t(static_cast<std::time_t>(*seconds))});
  }
  return entries;
}

std::string render_ledger(const std::vector<LedgerEntry>& entries) {
  std::string out;
  for (const LedgerEntry& each : entries) {
    out += concat(each.serial, ';', each.name, ';', std::chrono::system_clock::to_time_t(each.time), '\n');
  }
  return out;
}

bool is_certificate_name(std::string_view name) {
  constexpr std::string_view kGood = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  return !name.empty() && name.size() <= kMostNameBytes && name.find_first_not_of(kGood) == std::string_view::npos &&
         name.front() != '.' && name.front() != '-' && name.find("..") == std::string_view::npos && name != "ca" &&
         !name.starts_with("ca-");
}

}  // namespace piman::manager::ca
