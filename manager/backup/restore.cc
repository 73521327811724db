// SPDX-License-Identifier: Apache-2.0
#include "manager/backup/restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "common/text.h"
#include "manager/backup/backup_archive.h"
#include "manager/backup/file_io.h"
#include "manager/backup/moves.h"
#include "manager/backup/site_files.h"
#include "manager/config.h"
#include "manager/images/sha256.h"
#include "manager/store/copies.h"
#include "manager/store/schema.h"
#include "manager/store/store.h"

namespace piman::manager {
namespace {

constexpr std::size_t kChunk = 1UL << 20U;

std::string stamp(WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32] = "";
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

/// A bind mount of one file, over which nothing can be renamed.
bool is_mounted(const std::string& path) {
  struct ::statx status {};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, 0, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

Result<std::string> sum_of(const std::string& path) {
  auto file = OldFile::open(path);
  if (!file) return tl::unexpected<Error>(file.error());
  Sha256Sum sum;
  for (;;) {
    const auto bytes = file->read(kChunk);
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    if (bytes->empty()) return sum.finish();
    sum.add(*bytes);
  }
}

/// One restore from its archive to the point of no return.
class Restore {
 public:
  explicit Restore(const RestoreRequest& request) : request_(request), time_(stamp(request.now)) {}
  ~Restore() {
    for (const std::string& path : ready_) ::unlink(path.c_str());
  }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

  Result<RestoreReport> run() {
    auto archive = BackupArchive::open(request_.file);
    if (!archive) return tl::unexpected<Error>(archive.error());
    report_.list = archive->list();
    std::string config_text;
    const auto& files = report_.list.files;
    if (files.front().size > kMostConfigBytes) return fail("the configuration in it is too long");
    const auto append = [&](std::string_view bytes) -> Result<void> {
      config_text += bytes;
      return {};
    };
    if (auto read = archive->next(files.front(), append); !read) return tl::unexpected<Error>(read.error());
    if (auto parsed = parse(config_text); !parsed) return tl::unexpected<Error>(parsed.error());
    if (!request_.only_checks) {
      if (auto locked = lock(); !locked) return tl::unexpected<Error>(locked.error());
    }
    if (auto put = put_config(files.front(), config_text); !put) return tl::unexpected<Error>(put.error());
    for (std::size_t i = 1; i < files.size(); ++i) {
      if (auto put = put_next(*archive, files[i]); !put) return tl::unexpected<Error>(put.error());
    }
    if (auto ended = archive->expect_end(); !ended) return tl::unexpected<Error>(ended.error());
    if (!request_.only_checks) {
      if (auto done = commit(); !done) return tl::unexpected<Error>(done.error());
    }
    return std::move(report_);
  }

 private:
  Result<void> parse(const std::string& text) {
    const ParsedConfig parsed =
        request_.keeps_config ? read_config(request_.config_file) : parse_config(text, folder_of(request_.config_file));
    if (!parsed.problems.empty()) {
      return fail(concat(request_.keeps_config ? "" : "the configuration in it has a problem: ",
                         parsed.problems.front().to_string(request_.config_file)));
    }
    config_ = parsed.config;
    places_ = site_files(config_);
    return {};
  }

  /// Of the store that is put back, and of the one that the configuration of now names: its server would go on with
  /// files that are not its own.
  Result<void> lock() {
    auto finished = finish_moves(request_.config_file);
    if (!finished) return tl::unexpected<Error>(finished.error());
    report_.finished_earlier = *finished;
    std::vector<std::string> folders = {config_.store.folder};
    if (file_exists(request_.config_file)) {
      const ParsedConfig now = read_config(request_.config_file);
      const std::string& other = now.config.store.folder;
      if (now.problems.empty() && other != folders.front() && file_exists(other)) folders.push_back(other);
    }
    for (const std::string& folder : folders) {
      if (auto made = make_folder(folder); !made) return made;
      auto locked = lock_store(folder);
      if (!locked) return fail(concat(locked.error().message, ": stop it first (systemctl stop piman)"));
      if (auto given = give_to_owner_of(folder + "/piman.lock", folder); !given) return given;
      locks_.push_back(std::move(*locked));
    }
    return {};
  }

  static Result<void> make_folder(const std::string& folder) {
    if (file_exists(folder)) return {};
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return fail(concat("making the folder ", folder, ": ", failed.message()));
    return give_to_owner_of(folder, folder_of(folder));
  }

  /// Where a file goes; empty: nowhere.
  std::string place_of(const std::string& role) const {
    if (role == kStoreRole) return database_in(config_.store.folder);
    for (const SiteFile& place : places_) {
      if (place.role == role) return place.path;
    }
    return {};
  }

  Result<void> put_config(const BackupFile& file, const std::string& text) {
    if (request_.keeps_config) {
      report_.files.push_back({file.role, request_.config_file, RestoredFile::State::kLeft, {}});
      return {};
    }
    if (request_.only_checks) return note(file, request_.config_file);
    auto ready = begin(request_.config_file);
    if (!ready) return tl::unexpected<Error>(ready.error());
    if (auto put = ready->write(text); !put) return put;
    return end(*ready, file, request_.config_file);
  }

  Result<void> put_next(BackupArchive& archive, const BackupFile& file) {
    const std::string path = place_of(file.role);
    if (path.empty() || request_.only_checks) {
      if (auto read = archive.next(file, [](std::string_view) { return Result<void>(); }); !read) return read;
      if (!path.empty()) return note(file, path);
      report_.files.push_back({file.role, {}, RestoredFile::State::kLeft, {}});
      return {};
    }
    auto ready = begin(path);
    if (!ready) return tl::unexpected<Error>(ready.error());
    const auto write = [&ready](std::string_view bytes) { return ready->write(bytes); };
    if (auto put = archive.next(file, write); !put) return put;
    return end(*ready, file, path);
  }

  Result<UnfinishedFile> begin(const std::string& path) {
    if (auto made = make_folder(folder_of(path)); !made) return tl::unexpected<Error>(made.error());
    if (is_mounted(path)) {
      return fail(concat(path,
                         " is mounted by itself, as containers have it, and can't be renamed: put it back by hand, ",
                         "or use --keep-config"));
    }
    ready_.push_back(path + ".restored");
    // An old journal beside it would be taken for its own.
    for (const char* const suffix : {"-wal", "-shm", "-journal"}) ::unlink((ready_.back() + suffix).c_str());
    return UnfinishedFile::open(ready_.back());
  }

  /// What will be, for the report.
  Result<void> note(const BackupFile& file, const std::string& path) {
    RestoredFile restored{file.role, path, RestoredFile::State::kNew, {}};
    if (file_exists(path)) {
      restored.state = RestoredFile::State::kReplaced;
      restored.kept_as = concat(path, ".before-", time_);
      for (int i = 2; file_exists(restored.kept_as); ++i) restored.kept_as = concat(path, ".before-", time_, '.', i);
      const auto sum = file.role == kStoreRole ? Result<std::string>(std::string()) : sum_of(path);
      if (sum && *sum == file.sha256) {
        restored.state = RestoredFile::State::kSame;
        restored.kept_as.clear();
      }
    }
    report_.files.push_back(std::move(restored));
    return {};
  }

  Result<void> end(UnfinishedFile& ready, const BackupFile& file, const std::string& path) {
    if (auto finished = ready.finish(file.mode, file_exists(path) ? path : folder_of(path)); !finished) return finished;
    if (auto noted = note(file, path); !noted) return noted;
    const RestoredFile& restored = report_.files.back();
    if (restored.state == RestoredFile::State::kSame) {
      ::unlink(ready.path().c_str());
      return {};
    }
    const bool is_database = file.role == kStoreRole;
    if (is_database) {
      auto revived = revive_copy(ready.path(), concat("the backup ", request_.file), request_.now);
      if (!revived) return tl::unexpected<Error>(revived.error());
      report_.withdrawn_orders = revived->withdrawn_orders;
      if (file_exists(ready.path() + "-wal")) return fail(concat(ready.path(), ": another program has it open"));
    }
    const std::string aside = restored.kept_as.empty() ? concat(path, ".before-", time_) : restored.kept_as;
    moves_.moves.push_back({ready.path(), path, aside, is_database});
    return {};
  }

  Result<void> commit() {
    moves_.store_folder = config_.store.folder;
    // The last moves are those of files that decide: until then, what is there fits together.
    std::reverse(moves_.moves.begin(), moves_.moves.end());
    Result<void> done = make_moves(request_.config_file, moves_);
    // From here on they are no leftovers: whoever comes next needs them.
    if (done || file_exists(moves_file(request_.config_file))) ready_.clear();
    if (!done && ready_.empty()) {
      return fail(concat(done.error().message,
                         "; the restore has begun, and goes on with the next \"piman restore\" or ",
                         "when the server starts"));
    }
    return done;
  }

  const RestoreRequest& request_;
  const std::string time_;
  Config config_;
  std::vector<SiteFile> places_;
  std::vector<UniqueFd> locks_;
  std::vector<std::string> ready_;
  Moves moves_;
  RestoreReport report_;
};

}  // namespace

std::string_view to_string(RestoredFile::State state) {
  constexpr std::array<std::string_view, 4> kWords = {"new", "replaced", "same", "left"};
  return kWords.at(static_cast<std::size_t>(state));
}

Result<RestoreReport> restore_backup(const RestoreRequest& request) { return Restore(request).run(); }

}  // namespace piman::manager
