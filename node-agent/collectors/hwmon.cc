// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/hwmon.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/collectors/hwmon_names.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

/// The directory that `path` leads to, without symbolic links; nothing when there is none.
std::optional<std::string> real_path(const std::string& path) {
  std::array<char, PATH_MAX> resolved;
  if (::realpath(path.c_str(), resolved.data()) == nullptr) return std::nullopt;
  return std::string(resolved.data());
}

std::string_view last_part(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view without_last_part(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

/// A name that does not depend on the order in which drivers were loaded: of the device ("platform_coretemp_0"), else
/// what the chip calls itself, else "hwmon3".
std::string chip_id(const std::string& directory) {
  if (const auto device = real_path(concat(directory, "/device"))) {
    const std::string name = clean_hwmon_name(last_part(*device));
    const std::string bus = clean_hwmon_name(last_part(without_last_part(*device)));
    if (!name.empty()) return bus.empty() ? name : concat(bus, '_', name);
  }
  std::string name = clean_hwmon_name(read_host_text(concat(directory, "/name")).value_or(""));
  if (!name.empty()) return name;
  return clean_hwmon_name(last_part(real_path(directory).value_or(directory)));
}

/// A file that root could read but that holds no value (a trigger, a subdirectory like "power") is no sensor.
bool is_readable_file(const std::string& path) {
  struct ::stat status {};
  constexpr ::mode_t kAnyRead = S_IRUSR | S_IRGRP | S_IROTH;
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & kAnyRead) != 0;
}

/// One value of one sensor.
struct Reading {
  const Family* family;
  Labels labels;
  HwmonUnit unit;
  HostFile file;
};

class HwmonCollector final : public Collector {
 public:
  explicit HwmonCollector(const CollectorContext& context) : directory_(context.paths.sys("class/hwmon")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto names = list_host_directory(directory_);
    if (!names) {
      if (!host_path_exists(directory_)) return Outcome::kAbsent;
      return fail(names.error().message);
    }
    // Which files a chip has is settled when its driver registers it: looked at again only when the chips changed.
    std::string chips = chips_fingerprint(*names);
    if (chips != known_chips_ || problem_) {
      known_chips_ = std::move(chips);
      find_readings(*names);
    }
    write(out);
    if (problem_) return fail(problem_->message);
    return Outcome::kCollected;
  }

 private:
  using Sensor = std::pair<std::string_view, std::uint32_t>;  ///< type and number; points into names of files
  struct SensorFile {
    HwmonFileName name;
    std::string path;
    std::string value;
    bool answers = false;
  };

  std::string chips_fingerprint(const std::vector<std::string>& names) const {
    std::string chips;
    for (const std::string& name : names) {
      chips += concat(name, ' ', read_host_link(concat(directory_, '/', name)).value_or(""), '\n');
    }
    return chips;
  }

  void find_readings(const std::vector<std::string>& names) {
    readings_.clear();
    chip_names_.clear();
    sensor_labels_.clear();
    seen_.clear();
    problem_.reset();
    for (const std::string& name : names) {
      const std::string directory = concat(directory_, '/', name);
      const auto error = host_path_exists(concat(directory, "/.")) ? find_chip_readings(directory) : std::nullopt;
      if (error) problem_ = error;
    }
    std::stable_sort(readings_.begin(), readings_.end(), [](const Reading& a, const Reading& b) {
      return std::tuple(std::string_view(a.family->name()), std::string_view(a.labels.text())) <
             std::tuple(std::string_view(b.family->name()), std::string_view(b.labels.text()));
    });
  }

  std::optional<Error> find_chip_readings(const std::string& directory) {
    const std::string chip = chip_id(directory);
    // Old drivers put the sensors' files beside the device's.
    std::vector<std::pair<std::string, std::vector<std::string>>> directories;
    for (const std::string& place : {directory, concat(directory, "/device")}) {
      if (place != directory && !host_path_exists(place)) continue;
      auto files = list_host_directory(place);
      if (!files) return files.error();
      directories.emplace_back(place, std::move(*files));
    }
    std::map<Sensor, std::map<std::string_view, SensorFile>> sensors;
    for (const auto& [place, files] : directories) {
      for (const std::string& file : files) add_file(place, file, sensors);
    }
    const std::string chip_name = clean_hwmon_name(read_host_text(concat(directory, "/name")).value_or(""));
    if (!chip_name.empty()) add_once(chip_names_, Labels({{"chip", chip}, {"chip_name", chip_name}}));
    for (const auto& [sensor, files] : sensors) add_sensor(chip, concat(sensor.first, sensor.second), files);
    return std::nullopt;
  }

  static void add_file(const std::string& place, const std::string& file,
                       std::map<Sensor, std::map<std::string_view, SensorFile>>& sensors) {
    const auto name = parse_hwmon_file_name(file);
    if (!name) return;
    SensorFile found{*name, concat(place, '/', file), "", false};
    if (!is_readable_file(found.path)) return;
    if (auto content = read_host_file(found.path)) {
      found.value = std::move(*content);
      found.answers = true;
    }
    auto& files = sensors[{name->type, name->number}];
    const auto known = files.find(name->property);
    if (known == files.end() || found.answers) files.insert_or_assign(name->property, std::move(found));
  }

  void add_sensor(const std::string& chip, const std::string& sensor,
                  const std::map<std::string_view, SensorFile>& files) {
    if (const auto label = files.find("label"); label != files.end() && label->second.answers) {
      std::string_view text = label->second.value;
      while (text.ends_with('\n')) text.remove_suffix(1);
      add_once(sensor_labels_, Labels({{"chip", chip}, {"label", text}, {"sensor", sensor}}));
    }
    const auto bare = files.find("");
    for (const auto& [property, file] : files) {
      const auto metric = hwmon_metric(file.name, bare != files.end() && bare->second.answers);
      if (!metric) continue;
      const Family& family =
          families_.try_emplace(metric->name, metric->name, metric->type, metric->help).first->second;
      Labels labels({{"chip", chip}, {"sensor", sensor}});
      // Two monitors of one device may have a sensor of the same name: only one of them can be on the page.
      if (!seen_.emplace(&family, labels.text()).second) continue;
      readings_.push_back(
          {&family, std::move(labels), metric->unit, HostFile(file.path, HostFile::Content::kOnePiece)});
    }
  }

  static void add_once(std::vector<Labels>& all, Labels labels) {
    const auto is_same = [&](const Labels& other) { return other.text() == labels.text(); };
    if (std::none_of(all.begin(), all.end(), is_same)) all.push_back(std::move(labels));
  }

  static std::optional<double> read_value(HostFile& file) {
    const auto content = file.read();
    return content ? parse_double(trim(*content)) : std::nullopt;
  }

  void write(prom_text::Writer& out) {
    out.family(chip_names_family_);
    for (const Labels& labels : chip_names_) out.sample(labels, std::uint64_t{1});
    out.family(sensor_labels_family_);
    for (const Labels& labels : sensor_labels_) out.sample(labels, std::uint64_t{1});
    const Family* family = nullptr;
    for (std::size_t i = 0; i < readings_.size(); ++i) {
      Reading& reading = readings_[i];
      if (reading.family != family) out.family(*(family = reading.family));
      std::optional<double> value;
      if (i < kMostKeptOpen) {
        value = read_value(reading.file);
      } else {
        HostFile once(reading.file.path(), HostFile::Content::kOnePiece);
        value = read_value(once);
      }
      // A sensor may be asleep (EAGAIN, ENODATA): absent then, and no error.
      if (value) out.sample(reading.labels, scale_hwmon_value(*value, reading.unit));
    }
  }

  static constexpr std::size_t kMostKeptOpen = 128;

  std::string directory_;
  std::string known_chips_;
  std::optional<Error> problem_;
  std::map<std::string, Family, std::less<>> families_;
  std::vector<Reading> readings_;
  std::vector<Labels> chip_names_, sensor_labels_;
  std::set<std::pair<const Family*, std::string>> seen_;
  const Family chip_names_family_{"node_hwmon_chip_names", Type::kGauge,
                                  "Always 1; the label chip_name holds what the chip calls itself."};
  const Family sensor_labels_family_{"node_hwmon_sensor_label", Type::kGauge,
                                     "Always 1; the label holds what the driver calls the sensor."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_hwmon_collector(const CollectorContext& context) {
  return std::make_unique<HwmonCollector>(context);
}

}  // namespace piman::agent
