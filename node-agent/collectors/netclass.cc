// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/netclass.h"

#include <sys/stat.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/link_watch.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

/// A number that a device has: its file, and its family as node_network_NAME.
struct Property {
  std::string_view file;
  std::string_view name;
  Type type;
  std::string_view help;
  bool is_fixed = false;  ///< can't change while the device keeps its index
  bool needs_up = false;  ///< the kernel answers EINVAL while the device is not up
};

// In the order of the families' names. info and up stand between them and are written apart.
constexpr std::array kProperties = {
    Property{"addr_assign_type", "address_assign_type", Type::kGauge,
             "Where the address came from: 0 the device, 1 drawn by lot, 2 another device, 3 set."},
    Property{"carrier", "carrier", Type::kGauge, "Whether there is a link: 1 or 0; absent while the device is off.",
             false, true},
    Property{"carrier_changes", "carrier_changes_total", Type::kCounter, "Times that the link came or went."},
    Property{"carrier_down_count", "carrier_down_changes_total", Type::kCounter, "Times that the link went."},
    Property{"carrier_up_count", "carrier_up_changes_total", Type::kCounter, "Times that the link came."},
    Property{"dev_id", "device_id", Type::kGauge, "Which of the devices that share an address this is.", true},
    Property{"dormant", "dormant", Type::kGauge, "Whether the link still waits for something: 1 or 0.", false, true},
    Property{"flags", "flags", Type::kGauge, "The device's flags as one number (IFF_* of netdevice(7))."},
    Property{"ifindex", "iface_id", Type::kGauge, "The kernel's number of the device."},
    Property{"iflink", "iface_link", Type::kGauge, "The number of the device that this one is on top of."},
    Property{"link_mode", "iface_link_mode", Type::kGauge, "How the link comes up: 0 by itself, 1 by a supplicant."},
    Property{"mtu", "mtu_bytes", Type::kGauge, "Longest packet that the device takes, in bytes."},
    Property{"name_assign_type", "name_assign_type", Type::kGauge,
             "Where the name came from: 1 the kernel, 2 predictable, 3 chosen, 4 renamed.", true},
    Property{"netdev_group", "net_dev_group", Type::kGauge, "The group that the device was put into."},
    Property{"type", "protocol_type", Type::kGauge, "Kind of hardware (ARPHRD_*): 1 is Ethernet.", true},
    Property{"speed", "speed_bytes", Type::kGauge, "Speed of the link, in bytes a second; negative when unknown.",
             false, true},
    Property{"tx_queue_len", "transmit_queue_length", Type::kGauge, "Packets that may wait to be sent."}};
constexpr std::size_t kChanges = 2, kDown = 3, kUp = 4, kFlags = 7, kIndex = 8, kSpeed = 15;
static_assert(kProperties[kChanges].file == "carrier_changes" && kProperties[kDown].file == "carrier_down_count" &&
              kProperties[kUp].file == "carrier_up_count" && kProperties[kFlags].file == "flags" &&
              kProperties[kIndex].file == "ifindex" && kProperties[kSpeed].file == "speed");
constexpr std::int64_t kFlagUp = 1;  // IFF_UP

constexpr std::array<std::string_view, 5> kWords = {"address", "broadcast", "duplex", "ifalias", "operstate"};
enum Word : std::size_t { kAddress, kBroadcast, kDuplex, kAlias, kOperstate };

struct Device {
  std::string name;
  Labels labels;
  std::array<std::optional<std::int64_t>, kProperties.size()> numbers;
  std::array<std::string, kWords.size()> words;
  std::vector<HostFile> number_files, word_files;
  bool is_present = false;
};

bool is_directory(const std::string& path) {
  struct ::stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

class NetclassCollector final : public Collector {
 public:
  NetclassCollector(const CollectorContext& context, NameFilter filter)
      : directory_(context.paths.sys("class/net")),
        watch_(make_kernel_link_watch(context.paths)),
        filter_(std::move(filter)),
        ignore_invalid_speed_(context.option("netclass.ignore-invalid-speed") == "true") {
    for (const Property& property : kProperties) {
      families_.emplace_back(concat("node_network_", property.name), property.type, property.help);
    }
  }

  Result<Outcome> collect(prom_text::Writer& out) override {
    const SteadyTime now = std::chrono::steady_clock::now();
    const bool may_have_changed = !watch_ || watch_->may_have_changed();  // before anything is read
    if (may_have_changed || !read_at_ || now - *read_at_ >= kSilenceIsBelieved) {
      read_at_.reset();
      if (!read_devices()) return Outcome::kAbsent;
      read_at_ = now;
      page_.reset(out.format());
      write(page_);
    } else if (page_.format() != out.format()) {
      page_.reset(out.format());
      write(page_);
    }
    out.append(page_);
    return Outcome::kCollected;
  }

 private:
  /// False when there is no such directory.
  bool read_devices() {
    const auto names = list_host_directory(directory_);
    if (!names) return false;
    for (auto& [name, device] : known_) device.is_present = false;
    present_.clear();
    for (const std::string& name : *names) {
      if (filter_.ignores(name)) continue;
      Device* device = find_or_add(name);
      if (device == nullptr || !refresh(*device)) continue;
      device->is_present = true;
      present_.push_back(device);
    }
    std::erase_if(known_, [](const auto& entry) { return !entry.second.is_present; });
    return true;
  }

  /// Nothing for what is no device: the directory also holds the file bonding_masters.
  Device* find_or_add(const std::string& name) {
    const auto found = known_.find(name);
    if (found != known_.end()) return &found->second;
    if (!is_directory(concat(directory_, '/', name))) return nullptr;
    Device& device = known_[name];
    device.name = name;
    device.labels = Labels({{"device", name}});
    return &device;
  }

  void name_files(Device& device) const {
    const std::string path = concat(directory_, '/', device.name, '/');
    for (const Property& property : kProperties) {
      device.number_files.emplace_back(path + std::string(property.file), HostFile::Content::kOnePiece);
    }
    for (const std::string_view word : kWords) {
      device.word_files.emplace_back(path + std::string(word), HostFile::Content::kOnePiece);
    }
  }

  /// Reads what is true now. False when the device is gone.
  bool refresh(Device& device) const {
    if (device.number_files.empty()) name_files(device);
    bool any = false;
    const auto old_index = device.numbers[kIndex];
    const auto read_number = [&](std::size_t i) {
      const auto content = device.number_files[i].read();
      device.numbers[i] = content ? parse_prefixed_i64(trim(*content)) : std::nullopt;
      any = any || content;
    };
    read_number(kIndex);
    read_number(kFlags);
    const bool is_down = device.numbers[kFlags] && (*device.numbers[kFlags] & kFlagUp) == 0;
    const bool is_same = old_index && old_index == device.numbers[kIndex];
    const auto old_changes = device.numbers[kChanges];
    bool has_changed = true;  // the kernel's carrier_changes is the sum of the ups and the downs
    for (std::size_t i = 0; i < kProperties.size(); ++i) {
      if (i == kIndex || i == kFlags || (is_same && kProperties[i].is_fixed)) continue;
      if (is_down && kProperties[i].needs_up) {
        device.numbers[i].reset();
        continue;
      }
      if ((i == kDown || i == kUp) && !has_changed) continue;
      read_number(i);
      if (i == kChanges) has_changed = !is_same || !old_changes || old_changes != device.numbers[kChanges];
    }
    for (std::size_t i = 0; i < kWords.size(); ++i) {
      if (is_same && i == kBroadcast) continue;  // as fixed as the kind of hardware
      if (is_down && i == kDuplex) {             // EINVAL as well
        device.words[i].clear();
        continue;
      }
      const auto content = device.word_files[i].read();
      device.words[i] = content ? trim(*content) : std::string_view();
      any = any || content;
    }
    if (known_.size() > kMostKeptOpen) {
      device.number_files.clear();
      device.word_files.clear();
    }
    return any || is_directory(concat(directory_, '/', device.name));
  }

  void write(prom_text::Writer& out) const {
    for (std::size_t i = 0; i < kProperties.size(); ++i) {
      // "info" comes before "mtu_bytes" and "up" after all others.
      if (kProperties[i].file == "mtu") write_info(out);
      out.family(families_[i]);
      for (const Device* device : present_) {
        if (const auto number = device->numbers[i]) write_number(i, *device, *number, out);
      }
    }
    out.family(up_);
    for (const Device* device : present_) {
      out.sample(device->labels, std::uint64_t{device->words[kOperstate] == "up" ? 1U : 0U});
    }
  }

  void write_number(std::size_t i, const Device& device, std::int64_t number, prom_text::Writer& out) const {
    if (i == kSpeed) {  // megabits a second; -1 from devices that do not know
      constexpr std::int64_t kMostMegabits = INT64_MAX / 1'000'000;
      if (number > kMostMegabits || number < -kMostMegabits || (number < 0 && ignore_invalid_speed_)) return;
      number = number * 1'000'000 / 8;
    }
    out.sample(device.labels, static_cast<double>(number));
  }

  void write_info(prom_text::Writer& out) const {
    out.family(info_);
    for (const Device* device : present_) {
      out.sample({{"address", device->words[kAddress]},
                  {"broadcast", device->words[kBroadcast]},
                  {"device", device->name},
                  {"duplex", device->words[kDuplex]},
                  {"ifalias", device->words[kAlias]},
                  {"operstate", device->words[kOperstate]}},
                 std::uint64_t{1});
    }
  }

  /// A container host has hundreds of devices: if all their files were kept open, none would be left for others.
  static constexpr std::size_t kMostKeptOpen = 12;

  /// Some drivers learn the speed of a link after they have announced it.
  static constexpr std::chrono::seconds kSilenceIsBelieved{60};

  std::string directory_;
  std::unique_ptr<LinkWatch> watch_;  ///< null: everything is read at every scrape
  std::optional<SteadyTime> read_at_;
  prom_text::Writer page_;  ///< what was read, as it was written last
  NameFilter filter_;
  bool ignore_invalid_speed_;
  std::map<std::string, Device, std::less<>> known_;
  std::vector<const Device*> present_;
  std::vector<Family> families_;
  const Family info_{"node_network_info", Type::kGauge, "Always 1; the labels hold the device's addresses and state."};
  const Family up_{"node_network_up", Type::kGauge, "Whether the device works (operstate \"up\"): 1 or 0."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_netclass_collector(const CollectorContext& context) {
  const std::string ignored = context.option("netclass.ignored-devices");
  auto filter = NameFilter::make("netclass.ignored-devices", ignored, "");
  if (!filter) return fail(filter.error().message);
  return std::make_unique<NetclassCollector>(context, std::move(*filter));
}

}  // namespace piman::agent
