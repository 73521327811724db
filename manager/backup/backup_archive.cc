// SPDX-License-Identifier: Apache-2.0
#include "manager/backup/backup_archive.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "manager/backup/site_files.h"
#include "manager/images/sha256.h"

namespace piman::manager {
namespace {

constexpr std::size_t kChunk = 1UL << 20U;

}  // namespace

Result<BackupArchive> BackupArchive::open(const std::string& path) {
  auto file = OldFile::open(path);
  if (!file) return tl::unexpected<Error>(file.error());
  BackupArchive archive(path, std::move(*file));
  const auto header = archive.file_.read_exactly(kTarBlock);
  if (!header) return tl::unexpected<Error>(header.error());
  const auto size = size_in_header(*header);
  if (!size || *size > kMostListBytes) return fail(concat(path, ": it is no backup of piman"));
  const auto text = archive.file_.read_exactly(static_cast<std::size_t>(*size));
  if (!text) return tl::unexpected<Error>(text.error());
  auto list = parse_backup_list(*text);
  if (!list) return fail(concat(path, ": ", list.error().message));
  archive.list_ = std::move(*list);
  if (*header != tar_header({std::string(kListRole), 0600, *size, {}}, archive.list_.made)) return archive.damaged();
  if (auto empty = archive.expect_empty(padding_after(*size)); !empty) return tl::unexpected<Error>(empty.error());
  if (archive.list_.files.empty() || archive.list_.files.front().role != kConfigRole) {
    return fail(concat(path, ": there is no configuration in it"));
  }
  return archive;
}

Result<void> BackupArchive::next(const BackupFile& file, const Put& put) {
  const auto header = file_.read_exactly(kTarBlock);
  if (!header) return tl::unexpected<Error>(header.error());
  if (*header != tar_header(file, list_.made)) return damaged();
  Sha256Sum sum;
  for (std::uint64_t left = file.size; left > 0;) {
    const auto bytes = file_.read_exactly(static_cast<std::size_t>(std::min<std::uint64_t>(left, kChunk)));
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    sum.add(*bytes);
    if (auto done = put(*bytes); !done) return done;
    left -= bytes->size();
  }
  if (sum.finish() != file.sha256) return damaged();
  return expect_empty(padding_after(file.size));
}

Result<void> BackupArchive::expect_end() {
  if (auto empty = expect_empty(kTarEnd); !empty) return empty;
  const auto more = file_.read(1);
  if (!more) return tl::unexpected<Error>(more.error());
  return more->empty() ? Result<void>() : damaged();
}

tl::unexpected<Error> BackupArchive::damaged() const {
  return fail(concat(path_, ": is damaged, or not what piman backup made; nothing was changed"));
}

Result<void> BackupArchive::expect_empty(std::size_t size) {
  const auto bytes = file_.read_exactly(size);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  return bytes->find_first_not_of('\0') == std::string::npos ? Result<void>() : damaged();
}

}  // namespace piman::manager
