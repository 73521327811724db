// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/textfile.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/textfile_page.h"
#include "node-agent/textfile_parser.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

/// Tells one state of a file from the next.
struct Identity {
  ::dev_t device;
  ::ino_t inode;
  ::off_t bytes;
  ::time_t seconds;
  long nanoseconds;
  bool operator==(const Identity&) const = default;
};

std::optional<Identity> identity_of(const std::string& path) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

/// The directories that a pattern stands for; the pattern itself when it stands for none.
std::vector<std::string> expanded(const std::string& pattern) {
  if (pattern.find_first_of("*?[\\") == std::string::npos) return {pattern};
  ::glob_t matches{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &matches) == 0) {
    for (std::size_t i = 0; i < matches.gl_pathc; ++i) paths.emplace_back(matches.gl_pathv[i]);
  }
  ::globfree(&matches);
  if (paths.empty()) paths.push_back(pattern);
  return paths;
}

class TextfileCollector final : public Collector {
 public:
  explicit TextfileCollector(const CollectorContext& context) : warn_(context.warn) {
    const std::string patterns = context.option("textfile.directory");
    std::string_view rest = patterns;
    while (!rest.empty()) {
      const std::string_view pattern = next_line(rest);
      if (!pattern.empty()) patterns_.emplace_back(pattern);
    }
  }

  Result<Outcome> collect(prom_text::Writer& out) override {
    std::vector<std::string> problems;
    const std::vector<std::string> paths = list_files(problems);
    bool changed = page_.format() != out.format() || paths != paths_ || problems != directory_problems_;
    for (const std::string& path : paths) changed = refresh(path) || changed;
    if (changed || !made_) {
      paths_ = paths;
      directory_problems_ = std::move(problems);
      make_page(out.format());
    }
    out.append(page_);
    return Outcome::kCollected;
  }

 private:
  struct File {
    std::optional<Identity> identity;
    std::vector<TextfileFamily> families;
    std::string problem;
  };

  /// Every *.prom file, in the order of the directories, then of the names.
  std::vector<std::string> list_files(std::vector<std::string>& problems) const {
    std::vector<std::string> paths;
    for (const std::string& pattern : patterns_) {
      for (const std::string& directory : expanded(pattern)) {
        const auto names = list_host_directory(directory);
        if (!names) {
          if (directory != kTextfileDirectory || host_path_exists(directory)) problems.push_back(names.error().message);
          continue;
        }
        for (const std::string& name : *names) {
          if (!name.ends_with(".prom")) continue;
          std::string path = (std::filesystem::path(directory) / name).lexically_normal().string();
          if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(std::move(path));
        }
      }
    }
    return paths;
  }

  /// Reads a file that is new or has changed; says whether it did.
  bool refresh(const std::string& path) {
    File& file = files_[path];
    const auto identity = identity_of(path);
    if (identity && file.identity == identity) return false;
    file.families.clear();
    const auto content = read_host_file(path);
    if (!content) {
      file.identity.reset();  // its permissions may change without its time: try again
      return std::exchange(file.problem, content.error().message) != content.error().message;
    }
    file.identity = identity;
    file.problem.clear();
    auto families = parse_textfile(*content);
    if (families) {
      file.families = std::move(*families);
    } else {
      file.problem = concat(path, ": ", families.error().message);
    }
    return true;
  }

  void make_page(prom_text::Format format) {
    made_ = true;
    std::vector<std::string> problems = directory_problems_;
    std::erase_if(files_, [&](const auto& entry) {
      return std::find(paths_.begin(), paths_.end(), entry.first) == paths_.end();
    });
    TextfilePage merged;
    merged.reserve(mtime_.name());
    merged.reserve(error_.name());
    for (const std::string& path : paths_) {
      const File& file = files_[path];
      if (!file.problem.empty()) problems.push_back(file.problem);
      merged.add(path, file.families);
    }
    problems.insert(problems.end(), merged.problems().begin(), merged.problems().end());
    page_.reset(format);
    page_.family(mtime_);
    for (const auto& [path, file] : files_) {
      if (file.identity && file.problem.empty()) {
        page_.sample({{"file", path}}, static_cast<double>(file.identity->seconds));
      }
    }
    page_.single(error_, std::uint64_t{problems.empty() ? 0U : 1U});
    merged.write(page_);
    tell(std::move(problems));
  }

  /// Each problem once, not at every scrape.
  void tell(std::vector<std::string> problems) {
    for (const std::string& problem : problems) {
      const bool known = std::find(told_.begin(), told_.end(), problem) != told_.end();
      if (!known && warn_) warn_("textfile", problem);
    }
    told_ = std::move(problems);
  }

  std::vector<std::string> patterns_;
  const std::function<void(std::string_view, std::string_view)> warn_;
  std::vector<std::string> paths_, directory_problems_, told_;
  std::map<std::string, File> files_;
  prom_text::Writer page_;
  bool made_ = false;
  const Family mtime_{"node_textfile_mtime_seconds", Type::kGauge,
                      "When a file that was understood was last changed, in seconds since the Unix epoch."};
  const Family error_{"node_textfile_scrape_error", Type::kGauge, "Whether a file was unreadable or refused: 1 or 0."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_textfile_collector(const CollectorContext& context) {
  return std::make_unique<TextfileCollector>(context);
}

}  // namespace piman::agent
