// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/filesystem.h"

#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <array>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

struct Usage {
  std::string path;  ///< where it is asked
  Labels labels;
  bool mounted_read_only = false;
  bool read_only = false;
  bool answered = false;
  double size_bytes = 0, free_bytes = 0, available_bytes = 0, files = 0, files_free = 0;
};

class FilesystemCollector final : public Collector {
 public:
  FilesystemCollector(const CollectorContext& context, NameFilter mount_points, NameFilter types)
      : paths_(context.paths),
        init_mounts_(context.paths.proc("1/mounts"), HostFile::Content::kMounts),
        own_mounts_(context.paths.proc("self/mounts"), HostFile::Content::kMounts),
        mount_points_(std::move(mount_points)),
        types_(std::move(types)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    // With hidepid, process 1 is invisible to us; our own mounts are then the best there is.
    auto content = init_mounts_.read();
    if (!content) content = own_mounts_.read();
    if (!content) return fail(content.error().message);
    // Mounts change rarely; asking the file systems is what has to be done each time.
    if (*content != known_mounts_ || content->empty()) {
      if (auto learned = learn_mounts(*content); !learned) return fail(learned.error().message);
    }
    for (Usage& usage : usages_) ask(usage);
    write(out);
    return Outcome::kCollected;
  }

 private:
  Result<void> learn_mounts(std::string_view content) {
    known_mounts_.clear();
    usages_.clear();
    std::set<std::tuple<std::string, std::string, std::string>> seen;
    std::string_view rest = content;
    while (!rest.empty()) {
      const std::string_view line = next_line(rest);
      auto mount = parse_mount(line);
      if (!mount) return fail(concat("mounts: not understood: ", quote(line)));
      mount->mount_point = without_root_prefix(mount->mount_point);
      if (mount_points_.ignores(mount->mount_point) || types_.ignores(mount->type)) continue;
      // Mounted over each other: only the topmost can be asked, and a label set may stand on a page once.
      if (!seen.emplace(mount->device, mount->mount_point, mount->type).second) continue;
      Usage usage;
      usage.path = paths_.root(mount->mount_point);
      usage.labels = Labels({{"device", mount->device}, {"fstype", mount->type}, {"mountpoint", mount->mount_point}});
      usage.mounted_read_only = mount->read_only;
      usages_.push_back(std::move(usage));
    }
    known_mounts_ = content;
    return {};
  }

  std::string without_root_prefix(const std::string& mount_point) const {
    if (paths_.rootfs == "/" || !mount_point.starts_with(paths_.rootfs)) return mount_point;
    const std::string inside = mount_point.substr(paths_.rootfs.size());
    return inside.empty() ? "/" : inside;
  }

  static void ask(Usage& usage) {
    struct ::statfs status {};
    usage.answered = ::statfs(usage.path.c_str(), &status) == 0;
    if (!usage.answered) return;
    // A file system that stops writes because of errors is no change of the mounts that would have been told.
    usage.read_only = usage.mounted_read_only || is_read_only(status);
    const auto block_bytes = static_cast<double>(status.f_bsize);
    usage.size_bytes = static_cast<double>(status.f_blocks) * block_bytes;
    usage.free_bytes = static_cast<double>(status.f_bfree) * block_bytes;
    usage.available_bytes = static_cast<double>(status.f_bavail) * block_bytes;
    usage.files = static_cast<double>(status.f_files);
    usage.files_free = static_cast<double>(status.f_ffree);
  }

  void write(prom_text::Writer& out) const {
    const auto values = [&](const Family& family, double Usage::*value) {
      out.family(family);
      for (const Usage& usage : usages_) {
        if (usage.answered) out.sample(usage.labels, usage.*value);
      }
    };
    values(available_, &Usage::available_bytes);
    out.family(device_error_);
    for (const Usage& usage : usages_) out.sample(usage.labels, std::uint64_t{usage.answered ? 0U : 1U});
    values(files_, &Usage::files);
    values(files_free_, &Usage::files_free);
    values(free_, &Usage::free_bytes);
    out.family(read_only_);
    for (const Usage& usage : usages_) {
      if (usage.answered) out.sample(usage.labels, std::uint64_t{usage.read_only ? 1U : 0U});
    }
    values(size_, &Usage::size_bytes);
  }

  const HostPaths paths_;
  HostFile init_mounts_, own_mounts_;
  NameFilter mount_points_, types_;
  std::string known_mounts_;  ///< the text that usages_ was made from
  std::vector<Usage> usages_;
  const Family available_{"node_filesystem_avail_bytes", Type::kGauge, "Space that users may fill, in bytes."};
  const Family device_error_{"node_filesystem_device_error", Type::kGauge,
                             "Whether the file system could not be asked: 1 or 0."};
  const Family files_{"node_filesystem_files", Type::kGauge, "Inodes in all."};
  const Family files_free_{"node_filesystem_files_free", Type::kGauge, "Inodes that are free."};
  const Family free_{"node_filesystem_free_bytes", Type::kGauge, "Free space, with root's reserve, in bytes."};
  const Family read_only_{"node_filesystem_readonly", Type::kGauge, "Whether it is mounted read-only: 1 or 0."};
  const Family size_{"node_filesystem_size_bytes", Type::kGauge, "Size, in bytes."};
};

std::string unescaped(std::string_view field) {
  constexpr std::array<std::pair<std::string_view, char>, 4> kEscapes = {
      {{"\\040", ' '}, {"\\011", '\t'}, {"\\012", '\n'}, {"\\134", '\\'}}};
  std::string out;
  while (!field.empty()) {
    std::size_t used = 1;
    char c = field.front();
    for (const auto& [escape, meaning] : kEscapes) {
      if (!field.starts_with(escape)) continue;
      c = meaning;
      used = escape.size();
    }
    out.push_back(c);
    field.remove_prefix(used);
  }
  return out;
}

}  // namespace

bool is_read_only(const struct ::statfs& status) {
  return (static_cast<unsigned long>(status.f_flags) & ST_RDONLY) != 0;
}

std::optional<Mount> parse_mount(std::string_view line) {
  Mount mount;
  mount.device = next_field(line);
  mount.mount_point = unescaped(next_field(line));
  mount.type = next_field(line);
  std::string_view options = next_field(line);
  if (options.empty()) return std::nullopt;
  while (!options.empty()) {
    if (next_until(options, ',') == "ro") mount.read_only = true;
  }
  return mount;
}

Result<std::unique_ptr<Collector>> make_filesystem_collector(const CollectorContext& context) {
  auto mount_points =
      NameFilter::make("filesystem.mount-points", context.option("filesystem.mount-points-exclude"), "");
  if (!mount_points) return fail(mount_points.error().message);
  auto types = NameFilter::make("filesystem.fs-types", context.option("filesystem.fs-types-exclude"), "");
  if (!types) return fail(types.error().message);
  return std::make_unique<FilesystemCollector>(context, std::move(*mount_points), std::move(*types));
}

}  // namespace piman::agent
