// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/fat_image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>

#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/boot_image/program.h"
#include "manager/boot_image/signature.h"

namespace piman::manager {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesAtOnce = 200;  // arguments of one mcopy

struct Tools {
  std::string mkfs, mcopy, mmd;
};

Result<Tools> find_tools() {
  auto mkfs = find_program("mkfs.vfat", "dosfstools");
  if (!mkfs) return fail(mkfs.error().message);
  auto mcopy = find_program("mcopy", "mtools");
  if (!mcopy) return fail(mcopy.error().message);
  auto mmd = find_program("mmd", "mtools");
  if (!mmd) return fail(mmd.error().message);
  return Tools{*mkfs, *mcopy, *mmd};
}

/// Nothing of the user's settings gets to the tools: the image must not depend on them. FAT has local times.
std::vector<std::string> tool_environment(std::int64_t timestamp) {
  return {"LC_ALL=C", "TZ=UTC", "MTOOLSRC=/dev/null", "MTOOLS_SKIP_CHECK=1", concat("SOURCE_DATE_EPOCH=", timestamp)};
}

/// Removes an unfinished image.
class Unfinished {
 public:
  explicit Unfinished(std::string path) : path_(std::move(path)) {}
  ~Unfinished() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  const std::string& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

Result<void> fill(const Tools& tools, const std::string& folder, const std::string& image,
                  const std::vector<FatEntry>& entries, const std::vector<std::string>& environment) {
  std::map<std::string, std::vector<std::string>> files;  // by directory
  for (const FatEntry& entry : entries) {
    if (!entry.is_directory) {
      files[parent_of(entry.path)].push_back(concat(folder, '/', entry.path));
      continue;
    }
    if (auto made = run_program({{tools.mmd, "-i", image, concat("::/", entry.path)}, environment}); !made) return made;
  }
  for (const auto& [directory, paths] : files) {
    for (std::size_t first = 0; first < paths.size(); first += kFilesAtOnce) {
      ProgramRun run{{tools.mcopy, "-i", image}, environment};
      const std::size_t end = std::min(first + kFilesAtOnce, paths.size());
      for (std::size_t i = first; i < end; ++i) run.arguments.push_back(paths[i]);
      run.arguments.push_back(concat("::/", directory));
      if (auto copied = run_program(run); !copied) return copied;
    }
  }
  return {};
}

}  // namespace

Result<std::vector<FatEntry>> list_folder(const std::string& folder) {
  std::vector<FatEntry> entries;
  std::error_code problem;
  fs::recursive_directory_iterator at(folder, problem);
  for (; !problem && at != fs::recursive_directory_iterator(); at.increment(problem)) {
    FatEntry entry;
    entry.path = at->path().lexically_relative(folder).generic_string();
    const fs::file_status status = at->symlink_status(problem);
    if (problem) break;
    entry.is_directory = fs::is_directory(status);
    if (fs::is_symlink(status)) return fail(concat(at->path().string(), ": a symbolic link, which FAT can't have"));
    if (!entry.is_directory && !fs::is_regular_file(status)) {
      return fail(concat(at->path().string(), ": neither a file nor a folder"));
    }
    if (!entry.is_directory) entry.size_bytes = at->file_size(problem);
    if (problem) break;
    entries.push_back(std::move(entry));
    if (entries.size() > kMostFatEntries) return fail(concat(folder, ": more than ", kMostFatEntries, " files"));
  }
  if (problem) return fail(concat("reading ", folder, ": ", problem.message()));
  std::sort(entries.begin(), entries.end(), [](const FatEntry& a, const FatEntry& b) { return a.path < b.path; });
  return entries;
}

Result<FatImage> build_fat_image(const std::string& folder, const std::string& output, std::int64_t timestamp) {
  std::error_code problem;
  const std::string source = fs::canonical(folder, problem).string();
  if (problem) return fail(concat("reading ", folder, ": ", problem.message()));
  auto entries = list_folder(source);
  if (!entries) return fail(entries.error().message);
  if (std::none_of(entries->begin(), entries->end(), [](const FatEntry& entry) { return !entry.is_directory; })) {
    return fail(concat(folder, ": there is no file in it"));
  }
  const auto plan = plan_fat(*entries, kMostBootImageBytes);
  if (!plan) return fail_with(folder, plan.error());
  const auto tools = find_tools();
  if (!tools) return fail(tools.error().message);

  Unfinished unfinished(concat(output, ".unfinished-", ::getpid()));
  {
    const UniqueFd image(::open(unfinished.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!image.valid() || ::ftruncate(image.get(), static_cast<::off_t>(plan->total_bytes)) != 0) {
      return fail(concat("writing ", unfinished.path(), ": ", std::strerror(errno)));
    }
  }
  const std::vector<std::string> environment = tool_environment(timestamp);
  const std::string absolute = fs::absolute(unfinished.path(), problem).string();  // no name may look like a flag
  const auto made =
      run_program({{tools->mkfs, "--invariant", "-F", "16", "-f", "1", "-s", concat(plan->sectors_per_cluster), "-S",
                    concat(kSectorBytes), "-r", concat(plan->root_entries), "-n", "BOOT", absolute},
                   environment});
  if (!made) return fail(made.error().message);
  if (auto filled = fill(*tools, source, absolute, *entries, environment); !filled) return fail(filled.error().message);
  if (std::rename(unfinished.path().c_str(), output.c_str()) != 0) {
    return fail(concat("writing ", output, ": ", std::strerror(errno)));
  }
  unfinished.keep();
  return FatImage{plan->total_bytes, std::move(*entries)};
}

}  // namespace piman::manager
