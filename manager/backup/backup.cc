// SPDX-License-Identifier: Apache-2.0
#include "manager/backup/backup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/text.h"
#include "manager/backup/file_io.h"
#include "manager/backup/site_files.h"
#include "manager/fleet/text_file.h"
#include "manager/images/sha256.h"
#include "manager/store/copies.h"
#include "manager/store/schema.h"

namespace piman::manager {
namespace {

constexpr std::size_t kChunk = 1UL << 20U;
constexpr std::size_t kMostSmallFileBytes = 16UL << 20U;

struct Source {
  BackupFile file;
  std::string path;                    ///< of what is read when it is written
  std::optional<std::string> content;  ///< of small files, which may be changed while this runs
};

std::uint32_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint32_t>(status.st_mode & 0777U) : 0600U;
}

Result<std::optional<Source>> small_file(std::string role, const std::string& path) {
  auto content = read_text_file(path, kMostSmallFileBytes);
  if (!content) return tl::unexpected<Error>(content.error());
  if (!*content) return std::optional<Source>();
  Sha256Sum sum;
  sum.add(**content);
  Source source{{std::move(role), mode_of(path), (*content)->size(), sum.finish()}, path, std::move(**content)};
  return std::optional<Source>(std::move(source));
}

Result<Source> database_file(const std::string& path) {
  auto file = OldFile::open(path);
  if (!file) return tl::unexpected<Error>(file.error());
  Sha256Sum sum;
  std::uint64_t size = 0;
  for (;;) {
    const auto bytes = file->read(kChunk);
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    if (bytes->empty()) break;
    sum.add(*bytes);
    size += bytes->size();
  }
  if (size > kMostBackupFileBytes) return fail(concat(path, ": the database is too large for a backup"));
  return Source{{std::string(kStoreRole), 0640, size, sum.finish()}, path, std::nullopt};
}

Result<void> write_file(UnfinishedFile& archive, const Source& source, std::int64_t made) {
  if (auto put = archive.write(tar_header(source.file, made)); !put) return put;
  if (source.content) {
    if (auto put = archive.write(*source.content); !put) return put;
  } else {
    auto file = OldFile::open(source.path);
    if (!file) return tl::unexpected<Error>(file.error());
    for (std::uint64_t left = source.file.size; left > 0;) {
      const auto bytes = file->read_exactly(static_cast<std::size_t>(std::min<std::uint64_t>(left, kChunk)));
      if (!bytes) return tl::unexpected<Error>(bytes.error());
      if (auto put = archive.write(*bytes); !put) return put;
      left -= bytes->size();
    }
  }
  return archive.write(std::string(padding_after(source.file.size), '\0'));
}

Result<void> write_archive(UnfinishedFile& archive, const BackupList& list, const std::vector<Source>& sources) {
  const std::string text = to_text(list);
  const BackupFile head{std::string(kListRole), 0600, text.size(), {}};
  if (auto put = archive.write(tar_header(head, list.made)); !put) return put;
  if (auto put = archive.write(text + std::string(padding_after(text.size()), '\0')); !put) return put;
  for (const Source& source : sources) {
    if (auto put = write_file(archive, source, list.made); !put) return put;
  }
  return archive.write(std::string(kTarEnd, '\0'));
}

Result<std::vector<Source>> small_files(const BackupRequest& request, const Config& config, BackupReport& report) {
  std::vector<Source> sources;
  auto first = small_file(std::string(kConfigRole), request.config_file);
  if (!first) return tl::unexpected<Error>(first.error());
  if (!*first) return fail(concat("there is no ", request.config_file));
  sources.push_back(std::move(**first));
  for (const SiteFile& file : site_files(config)) {
    if (file.is_secret && !request.with_secrets) {
      if (file_exists(file.path)) report.left_out.push_back(file.role);
      continue;
    }
    auto source = small_file(file.role, file.path);
    if (!source) return tl::unexpected<Error>(source.error());
    if (*source) sources.push_back(std::move(**source));
  }
  return sources;
}

}  // namespace

Result<BackupReport> make_backup(const BackupRequest& request, const Config& config) {
  if (!request.replaces && file_exists(request.file)) {
    return fail(concat(request.file, " is there already; choose another name, or --force"));
  }
  BackupReport report;
  report.list.made = std::chrono::duration_cast<std::chrono::seconds>(request.now.time_since_epoch()).count();
  report.list.version = PIMAN_VERSION;
  auto sources = small_files(request, config, report);
  if (!sources) return tl::unexpected<Error>(sources.error());

  const std::string unfinished = request.file + ".part", copy = request.file + ".part.db";
  // Whatever an interrupted one has left, and whatever this one leaves.
  const auto clean = [&] {
    for (const char* const suffix : {"", "-journal", "-wal", "-shm"}) ::unlink((copy + suffix).c_str());
    ::unlink(unfinished.c_str());
  };
  clean();
  const Result<void> written = [&]() -> Result<void> {
    report.has_store = file_exists(database_in(config.store.folder));
    if (report.has_store) {
      // Made for its owner's eyes before anything is in it.
      if (auto made = UnfinishedFile::open(copy); !made) return tl::unexpected<Error>(made.error());
      if (auto copied = copy_store(config.store.folder, copy); !copied) return copied;
      auto database = database_file(copy);
      if (!database) return tl::unexpected<Error>(database.error());
      sources->push_back(std::move(*database));
    }
    for (const Source& source : *sources) report.list.files.push_back(source.file);
    auto archive = UnfinishedFile::open(unfinished);
    if (!archive) return tl::unexpected<Error>(archive.error());
    if (auto put = write_archive(*archive, report.list, *sources); !put) return put;
    if (auto finished = archive->finish(0600, unfinished); !finished) return finished;
    report.size = static_cast<std::uint64_t>(kTarEnd);
    struct stat status {};
    if (::stat(unfinished.c_str(), &status) == 0) report.size = static_cast<std::uint64_t>(status.st_size);
    if (std::rename(unfinished.c_str(), request.file.c_str()) != 0) {
      return fail(concat("naming ", request.file, ": ", std::generic_category().message(errno)));
    }
    return sync_folder_of(request.file);
  }();
  clean();
  if (!written) return tl::unexpected<Error>(written.error());
  return report;
}

}  // namespace piman::manager
