// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/expected_files.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/text.h"

namespace piman::pisim {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxTotal = 1ULL << 30U;

Result<Bytes> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(concat("can't read ", path));
  Bytes bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) return fail(concat("can't read ", path));
  return bytes;
}

std::optional<Sha256::Digest> parse_digest(std::string_view text) {
  Sha256::Digest digest{};
  if (text.size() != digest.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto byte = parse_hex(text.substr(i * 2, 2));
    if (!byte) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(*byte);
  }
  return digest;
}

std::string mac_folder(const MacAddress& mac) {
  std::string text = mac.to_string();
  std::replace(text.begin(), text.end(), ':', '-');
  return text;
}

}  // namespace

Result<ExpectedFiles> ExpectedFiles::from_root(const std::string& folder) {
  ExpectedFiles files;
  files.known_ = true;
  std::error_code error;
  std::uintmax_t total = 0;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    total += entry->file_size(error);
    if (total > kMaxTotal) return fail(concat(folder, " holds more than 1 GiB: use --manifest"));
    auto content = read_whole(entry->path().string());
    if (!content) return fail_with("--root", content.error());
    files.files_[entry->path().lexically_relative(folder).string()].content = *std::move(content);
  }
  if (error) return fail(concat("--root ", folder, ": ", error.message()));
  return files;
}

Result<ExpectedFiles> ExpectedFiles::from_manifest(const std::string& file) {
  ExpectedFiles files;
  files.known_ = true;
  auto content = read_whole(file);
  if (!content) return fail_with("--manifest", content.error());
  std::string_view rest = as_text(*content);
  for (int number = 1; !rest.empty(); ++number) {
    std::string_view line = next_line(rest);
    if (line.empty()) continue;
    const auto digest = parse_digest(next_field(line));
    std::string_view name = next_field(line);
    if (!name.empty() && name.front() == '*') name.remove_prefix(1);
    if (name.substr(0, 2) == "./") name.remove_prefix(2);
    if (!digest || name.empty()) return fail(concat(file, ":", number, ": not a line of sha256sum"));
    files.files_[std::string(name)].digest = *digest;
  }
  return files;
}

const ExpectedFile* ExpectedFiles::find(std::string_view name, const Identity& identity) const {
  auto found = files_.find(name);
  if (found == files_.end() && per_node_) {
    std::string_view rest = name;
    const std::string_view folder = next_until(rest, '/');
    if (folder == identity.serial_text() || folder == mac_folder(identity.mac)) found = files_.find(rest);
  }
  return found == files_.end() ? nullptr : &found->second;
}

bool ExpectedFiles::is_checked(std::string_view name) const {
  return std::none_of(unchecked_.begin(), unchecked_.end(), [name](const std::string& free) {
    return name == free || (name.size() > free.size() && name.substr(name.size() - free.size()) == free &&
                            name[name.size() - free.size() - 1] == '/');
  });
}

void FileCheck::take(ByteView block) {
  if (keep_ && kept_.size() + block.size() <= kMaxKept) kept_ += as_text(block);
  if (expected_ == nullptr) return;
  if (!expected_->content) {
    hash_.add(block);
  } else if (offset_ + block.size() > expected_->content->size() ||
             (!block.empty() && std::memcmp(expected_->content->data() + offset_, block.data(), block.size()) != 0)) {
    differs_ = true;
  }
  offset_ += block.size();
}

bool FileCheck::matches() {
  if (expected_ == nullptr) return true;
  if (expected_->content) return !differs_ && offset_ == expected_->content->size();
  return hash_.finish() == expected_->digest;
}

}  // namespace piman::pisim
