// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/netdev.h"

#include <functional>
#include <map>
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

constexpr std::array<std::string_view, 16> kStatistics = {
    "receive_bytes",  "receive_packets",  "receive_errs",       "receive_drop",
    "receive_fifo",   "receive_frame",    "receive_compressed", "receive_multicast",
    "transmit_bytes", "transmit_packets", "transmit_errs",      "transmit_drop",
    "transmit_fifo",  "transmit_colls",   "transmit_carrier",   "transmit_compressed"};

class NetdevCollector final : public Collector {
 public:
  NetdevCollector(const CollectorContext& context, NameFilter filter)
      : file_(context.paths.proc("net/dev"), HostFile::Content::kShortRecords),
        class_directory_(context.paths.sys("class/net")),
        filter_(std::move(filter)) {
    for (const std::string_view statistic : kStatistics) families_.push_back(make_family(statistic));
  }

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    present_.clear();
    if (devices_.size() > kMostDevices) devices_.clear();  // containers come and go
    std::string_view rest = *content;
    while (!rest.empty()) {
      const auto line = parse_netdev_line(next_line(rest));
      if (line && !filter_.ignores(line->device)) present_.push_back({&device(line->device), *line});
    }
    for (std::size_t i = 0; i < families_.size(); ++i) {
      out.family(families_[i]);
      for (const auto& [device, line] : present_) out.sample(device->labels, line.numbers[i]);
    }
    out.family(no_handler_);
    for (const auto& [device, line] : present_) {
      const auto text = device->no_handler.read();
      const auto value = text ? parse_u64(trim(*text)) : std::nullopt;
      if (value) out.sample(device->labels, *value);
    }
    return Outcome::kCollected;
  }

 private:
  struct Device {
    Labels labels;
    HostFile no_handler;  ///< packets that no protocol took: not in net/dev
  };

  static Family make_family(std::string_view statistic) {
    return Family(concat("node_network_", statistic, "_total"), Type::kCounter, concat("Statistic ", statistic, "."));
  }

  Device& device(std::string_view name) {
    const auto found = devices_.find(name);
    if (found != devices_.end()) return found->second;
    return devices_
        .emplace(std::string(name), Device{Labels({{"device", name}}),
                                           HostFile(concat(class_directory_, '/', name, "/statistics/rx_nohandler"),
                                                    HostFile::Content::kOnePiece)})
        .first->second;
  }

  static constexpr std::size_t kMostDevices = 1024;

  HostFile file_;
  std::string class_directory_;
  NameFilter filter_;
  std::vector<Family> families_;
  const Family no_handler_ = make_family("receive_nohandler");
  std::map<std::string, Device, std::less<>> devices_;
  std::vector<std::pair<Device*, NetdevLine>> present_;
};

}  // namespace

std::optional<NetdevLine> parse_netdev_line(std::string_view line) {
  NetdevLine parsed;
  const std::size_t colon = line.rfind(':');  // an alias ("eth0:1") has one in its name
  if (colon == std::string_view::npos) return std::nullopt;
  parsed.device = trim(line.substr(0, colon));
  line.remove_prefix(colon + 1);
  for (std::uint64_t& number : parsed.numbers) {
    const auto value = parse_u64(next_field(line));
    if (!value) return std::nullopt;
    number = *value;
  }
  if (parsed.device.empty()) return std::nullopt;
  return parsed;
}

Result<std::unique_ptr<Collector>> make_netdev_collector(const CollectorContext& context) {
  auto filter = NameFilter::make("netdev.device", context.option("netdev.device-exclude"),
                                 context.option("netdev.device-include"));
  if (!filter) return fail(filter.error().message);
  return std::make_unique<NetdevCollector>(context, std::move(*filter));
}

}  // namespace piman::agent
