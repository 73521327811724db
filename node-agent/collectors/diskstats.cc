// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/diskstats.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

constexpr double kSectorBytes = 512;  // whatever the device's own sector size is
constexpr double kSecondsPerTick = 1.0 / 1000;

/// udev's properties of a device: "ID_MODEL" -> "SC32G".
using Properties = std::map<std::string, std::string, std::less<>>;

std::string_view property(const Properties& properties, std::string_view key) {
  const auto found = properties.find(key);
  return found == properties.end() ? std::string_view() : std::string_view(found->second);
}

/// What udev has on record of the devices. It replaces a device's file by another one for every change, which changes
/// the directory, too: the files are read again only then.
class UdevData {
 public:
  explicit UdevData(std::string directory) : directory_(std::move(directory)) {}

  /// Once a scrape, before any properties_of().
  void refresh() {
    const std::optional<WallTime> changed_at = host_path_changed_at(directory_);
    if (is_settled_ && changed_at == changed_at_ && files_.size() < kMostFiles) return;
    files_.clear();
    changed_at_ = changed_at;
    // Another change within the clock tick of this one would leave no trace.
    is_settled_ = !changed_at || *changed_at + kTick < std::chrono::system_clock::now();
  }

  /// Valid until the next refresh(). Empty for a device that udev knows nothing of.
  const Properties& properties_of(const DiskStats& stats) {
    const auto [found, is_new] = files_.try_emplace(concat("/b", stats.major, ':', stats.minor));
    if (is_new) found->second = read(found->first);
    return found->second;
  }

 private:
  static constexpr std::size_t kMostFiles = 1024;
  static constexpr std::chrono::milliseconds kTick{100};

  Properties read(const std::string& name) const {
    Properties properties;
    const auto content = changed_at_ ? read_host_file(concat(directory_, name)) : std::string();
    std::string_view rest = content ? std::string_view(*content) : std::string_view();
    while (!rest.empty()) {
      std::string_view line = next_line(rest);
      if (!line.starts_with("E:")) continue;
      line.remove_prefix(2);
      const std::string_view key = next_until(line, '=');
      properties.emplace(key, line);
    }
    return properties;
  }

  std::string directory_;
  std::optional<WallTime> changed_at_;
  bool is_settled_ = false;
  std::map<std::string, Properties> files_;
};

struct Disk {
  DiskStats stats;
  const Properties& properties;
};

class DiskstatsCollector final : public Collector {
 public:
  DiskstatsCollector(const CollectorContext& context, NameFilter filter)
      : file_(context.paths.proc("diskstats"), HostFile::Content::kShortRecords),
        udev_(context.paths.udev_data),
        filter_(std::move(filter)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    disks_.clear();
    udev_.refresh();
    std::string_view rest = *content;
    while (!rest.empty()) {
      const std::string_view line = next_line(rest);
      const auto stats = parse_diskstats_line(line);
      if (!stats) return fail(concat(file_.path(), ": not understood: ", quote(line)));
      if (!filter_.ignores(stats->device)) disks_.push_back({*stats, udev_.properties_of(*stats)});
    }
    write_info(out);
    for (std::size_t i = 0; i < numbers_.size(); ++i) write_number(i, out);
    write_udev(out);
    return Outcome::kCollected;
  }

 private:
  struct Number {
    Family family;
    double factor;
  };

  void write_info(prom_text::Writer& out) const {
    out.family(info_);
    for (const Disk& disk : disks_) {
      out.sample({{"device", disk.stats.device},
                  {"major", disk.stats.major},
                  {"minor", disk.stats.minor},
                  {"model", property(disk.properties, "ID_MODEL")},
                  {"path", property(disk.properties, "ID_PATH")},
                  {"revision", property(disk.properties, "ID_REVISION")},
                  {"serial", property(disk.properties, "ID_SERIAL_SHORT")},
                  {"wwn", property(disk.properties, "ID_WWN")}},
                 std::uint64_t{1});
    }
  }

  void write_number(std::size_t index, prom_text::Writer& out) const {
    const Number& number = numbers_[index];
    out.family(number.family);
    for (const Disk& disk : disks_) {
      if (index >= disk.stats.count) continue;
      const double value = static_cast<double>(disk.stats.numbers[index]) * number.factor;
      out.sample({{"device", disk.stats.device}}, value);
    }
  }

  void write_udev(prom_text::Writer& out) const {
    out.family(filesystem_info_);
    for (const Disk& disk : disks_) {
      const std::string_view type = property(disk.properties, "ID_FS_TYPE");
      if (type.empty()) continue;
      out.sample({{"device", disk.stats.device},
                  {"type", type},
                  {"usage", property(disk.properties, "ID_FS_USAGE")},
                  {"uuid", property(disk.properties, "ID_FS_UUID")},
                  {"version", property(disk.properties, "ID_FS_VERSION")}},
                 std::uint64_t{1});
    }
    out.family(mapper_info_);
    for (const Disk& disk : disks_) {
      const std::string_view name = property(disk.properties, "DM_NAME");
      if (name.empty()) continue;
      out.sample({{"device", disk.stats.device},
                  {"lv_layer", property(disk.properties, "DM_LV_LAYER")},
                  {"lv_name", property(disk.properties, "DM_LV_NAME")},
                  {"name", name},
                  {"uuid", property(disk.properties, "DM_UUID")},
                  {"vg_name", property(disk.properties, "DM_VG_NAME")}},
                 std::uint64_t{1});
    }
    for (const auto& [key, family] : ata_) {
      out.family(family);
      for (const Disk& disk : disks_) {
        const auto value = parse_double(property(disk.properties, key));
        if (value && !property(disk.properties, "ID_ATA").empty()) out.sample({{"device", disk.stats.device}}, *value);
      }
    }
  }

  static Number counter(std::string_view name, std::string_view help, double factor = 1) {
    return {Family(concat("node_disk_", name), Type::kCounter, help), factor};
  }
  static Number gauge(std::string_view name, std::string_view help) {
    return {Family(concat("node_disk_", name), Type::kGauge, help), 1};
  }

  HostFile file_;
  UdevData udev_;
  NameFilter filter_;
  std::vector<Disk> disks_;
  const Family info_{"node_disk_info", Type::kGauge, "Always 1; the labels hold what udev knows of the device."};
  const std::vector<Number> numbers_ = make_numbers();
  const Family filesystem_info_{"node_disk_filesystem_info", Type::kGauge,
                                "Always 1; the labels hold the file system that udev found on the device."};
  const Family mapper_info_{"node_disk_device_mapper_info", Type::kGauge,
                            "Always 1; the labels hold the device-mapper names of the device."};
  const std::vector<std::pair<std::string_view, Family>> ata_ = {
      {"ID_ATA_WRITE_CACHE", Family("node_disk_ata_write_cache", Type::kGauge, "Whether the disk has a write cache.")},
      {"ID_ATA_WRITE_CACHE_ENABLED",
       Family("node_disk_ata_write_cache_enabled", Type::kGauge, "Whether the disk's write cache is on.")},
      {"ID_ATA_ROTATION_RATE_RPM",
       Family("node_disk_ata_rotation_rate_rpm", Type::kGauge, "Rotations a minute; 0 for a disk without motion.")}};

  static std::vector<Number> make_numbers() {
    return {counter("reads_completed_total", "Reads completed."),
            counter("reads_merged_total", "Reads merged."),
            counter("read_bytes_total", "Bytes read.", kSectorBytes),
            counter("read_time_seconds_total", "Time spent by all reads, in seconds.", kSecondsPerTick),
            counter("writes_completed_total", "Writes completed."),
            counter("writes_merged_total", "Writes merged."),
            counter("written_bytes_total", "Bytes written.", kSectorBytes),
            counter("write_time_seconds_total", "Time spent by all writes, in seconds.", kSecondsPerTick),
            gauge("io_now", "Requests in progress."),
            counter("io_time_seconds_total", "Time with any request in progress, in seconds.", kSecondsPerTick),
            counter("io_time_weighted_seconds_total", "Time times requests in progress, in seconds.", kSecondsPerTick),
            counter("discards_completed_total", "Discards completed."),
            counter("discards_merged_total", "Discards merged."),
            counter("discarded_sectors_total", "Sectors discarded."),
            counter("discard_time_seconds_total", "Time spent by all discards, in seconds.", kSecondsPerTick),
            counter("flush_requests_total", "Flushes completed."),
            counter("flush_requests_time_seconds_total", "Time spent by all flushes, in seconds.", kSecondsPerTick)};
  }
};

}  // namespace

std::optional<DiskStats> parse_diskstats_line(std::string_view line) {
  constexpr std::size_t kLeastNumbers = 11;
  DiskStats stats;
  stats.major = next_field(line);
  stats.minor = next_field(line);
  stats.device = next_field(line);
  if (!parse_u64(stats.major) || !parse_u64(stats.minor) || stats.device.empty()) return std::nullopt;
  while (stats.count < stats.numbers.size()) {
    const std::string_view field = next_field(line);
    if (field.empty()) break;
    const auto value = parse_u64(field);
    if (!value) return std::nullopt;
    stats.numbers[stats.count++] = *value;
  }
  if (stats.count < kLeastNumbers) return std::nullopt;
  return stats;
}

Result<std::unique_ptr<Collector>> make_diskstats_collector(const CollectorContext& context) {
  auto filter = NameFilter::make("diskstats.device", context.option("diskstats.device-exclude"),
                                 context.option("diskstats.device-include"));
  if (!filter) return fail(filter.error().message);
  return std::make_unique<DiskstatsCollector>(context, std::move(*filter));
}

}  // namespace piman::agent
