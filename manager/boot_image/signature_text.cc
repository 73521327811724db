// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/signature_text.h"

#include <algorithm>
#include <optional>

#include "common/text.h"

namespace piman::manager {
namespace {

/// Nothing unless all of `text` is pairs of hexadecimal digits.
std::optional<std::vector<std::uint8_t>> bytes_of(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0 || text.size() > kMostSignatureText) return std::nullopt;
  if (text.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(parse_hex(text.substr(i, 2)).value_or(0)));
  }
  return bytes;
}

}  // namespace

std::string hex_of(const std::uint8_t* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(count * 2);
  for (std::size_t i = 0; i < count; ++i) {
    out += kDigits[bytes[i] >> 4U];
    out += kDigits[bytes[i] & 15U];
  }
  return out;
}

std::string format_boot_signature(const BootSignature& signature) {
  std::string text =
      concat(hex_of(signature.sha256.data(), signature.sha256.size()), "\nts: ", signature.signed_at, '\n');
  if (!signature.rsa.empty()) {
    text += concat("rsa2048: ", hex_of(signature.rsa.data(), signature.rsa.size()), '\n');
  }
  return text;
}

Result<BootSignature> parse_boot_signature(std::string_view text) {
  if (text.size() > kMostSignatureText) return fail(concat("longer than ", kMostSignatureText, " bytes"));
  BootSignature signature;
  const auto digest = text.empty() ? std::nullopt : bytes_of(trim(next_line(text)));
  if (!digest || digest->size() != signature.sha256.size()) return fail("the first line is no SHA-256 in hexadecimal");
  std::copy(digest->begin(), digest->end(), signature.sha256.begin());
  bool has_time = false;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const std::string_view name = next_until(line, ':');
    if (name == "ts") {
      const auto time = parse_i64(trim(line));
      if (!time || has_time) return fail(has_time ? "two ts lines" : concat("ts: ", quote(trim(line)), " is no time"));
      signature.signed_at = *time;
      has_time = true;
    } else if (name == "rsa2048") {
      const auto rsa = bytes_of(trim(line));
      if (!signature.rsa.empty()) return fail("two rsa2048 lines");
      if (!rsa || rsa->size() != kRsaBytes) return fail(concat("rsa2048: not ", kRsaBytes, " bytes in hexadecimal"));
      signature.rsa = *rsa;
    }
  }
  return signature;
}

}  // namespace piman::manager
