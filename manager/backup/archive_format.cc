// SPDX-License-Identifier: Apache-2.0
#include "manager/backup/archive_format.h"

#include <algorithm>
#include <set>

#include "common/sha256.h"
#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::string_view kFirstLine = "piman-backup 1";

std::string octal(std::uint64_t number, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; number >>= 3U) text[i] = static_cast<char>('0' + (number & 7U));
  return text;
}

std::optional<std::uint64_t> parse_octal(std::string_view text) {
  if (text.empty() || text.size() > 11) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    number = number << 3U | static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= 40 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

bool is_sum(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<BackupFile> parse_file(std::string_view line) {
  std::string_view rest = line;
  BackupFile file;
  file.role = next_until(rest, ' ');
  const auto mode = parse_octal(next_until(rest, ' '));
  const auto size = parse_u64(next_until(rest, ' '));
  file.sha256 = rest;
  if (!is_role(file.role) || !mode || *mode > 0777 || !size || *size > kMostBackupFileBytes || !is_sum(file.sha256)) {
    return fail(concat("its list has a line that means nothing: ", quote(line)));
  }
  file.mode = static_cast<std::uint32_t>(*mode);
  file.size = *size;
  return file;
}

}  // namespace

bool is_role(std::string_view role) {
  return !role.empty() && role.size() <= 80 && std::all_of(role.begin(), role.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

std::string to_text(const BackupList& list) {
  std::string text = concat(kFirstLine, "\nmade ", list.made, "\nversion ", list.version, '\n');
  for (const BackupFile& file : list.files) {
    text += concat("file ", file.role, ' ', octal(file.mode, 4), ' ', file.size, ' ', file.sha256, '\n');
  }
  return text + concat("end ", to_hex(sha256(text)), '\n');
}

Result<BackupList> parse_backup_list(std::string_view text) {
  if (text.size() > kMostListBytes) return fail("its list is too long");
  std::string_view rest = text;
  if (rest.empty() || next_until(rest, '\n') != kFirstLine) return fail("it is no backup of piman, or of a newer one");
  const std::size_t end = text.rfind("end ");
  if (end == std::string_view::npos || (end > 0 && text[end - 1] != '\n') ||
      text.substr(end) != concat("end ", to_hex(sha256(text.substr(0, end))), '\n')) {
    return fail("its list is damaged");
  }
  BackupList list;
  std::set<std::string> roles;
  for (std::string_view lines = rest.substr(0, rest.size() - (text.size() - end)); !lines.empty();) {
    std::string_view line = next_until(lines, '\n');
    const std::string_view whole = line;
    const std::string_view word = next_until(line, ' ');
    if (word == "made") {
      const auto made = parse_u64(line);
      if (!made || *made > 1ULL << 33U) return fail(concat("its list was made at ", quote(line)));
      list.made = static_cast<std::int64_t>(*made);
    } else if (word == "version" && is_version(line)) {
      list.version = line;
    } else if (word == "file" && list.files.size() < kMostBackupFiles) {
      auto file = parse_file(line);
      if (!file) return tl::unexpected<Error>(file.error());
      if (!roles.insert(file->role).second) return fail(concat("its list has ", file->role, " twice"));
      list.files.push_back(std::move(*file));
    } else {
      return fail(concat("its list has a line that means nothing: ", quote(whole)));
    }
  }
  // Two ways to say the same would be one that nobody tested.
  if (to_text(list) != text) return fail("its list is not written as piman writes it");
  return list;
}

std::string tar_header(const BackupFile& file, std::int64_t made) {
  std::string header(kTarBlock, '\0');
  const auto put = [&header](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(0, concat("piman-backup/", file.role));
  put(100, octal(file.mode, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(file.size, 11));
  put(136, octal(static_cast<std::uint64_t>(made), 11));
  put(148, std::string(8, ' '));
  put(156, "0");
  put(257, std::string_view("ustar\00000", 8));
  put(265, "root");
  put(297, "root");
  std::uint64_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6));
  put(154, std::string_view("\0 ", 2));
  return header;
}

std::optional<std::uint64_t> size_in_header(std::string_view header) {
  return header.size() == kTarBlock ? parse_octal(header.substr(124, 11)) : std::nullopt;
}

std::size_t padding_after(std::uint64_t size) {
  return static_cast<std::size_t>((kTarBlock - size % kTarBlock) % kTarBlock);
}

}  // namespace piman::manager
