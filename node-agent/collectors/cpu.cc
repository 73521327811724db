// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/cpu.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/collectors/cpu_info.h"
#include "node-agent/collectors/cpu_sysfs.h"

namespace piman::agent {
namespace {

using prom_text::Labels;
using prom_text::Type;

/// The modes in the order of their names, as the page lists them; the guest modes are a family of their own.
constexpr std::array<std::size_t, 8> kModesByName = {3, 4, 5, 1, 6, 7, 2, 0};
constexpr std::size_t kIdle = 3, kGuest = 8, kGuestNice = 9;

class CpuCollector final : public Collector {
 public:
  CpuCollector(const CollectorContext& context, bool with_guest, std::optional<CpuInfoFamilies> info)
      : file_(context.paths.proc("stat"), HostFile::Content::kOnePiece),
        isolated_path_(context.paths.sys("devices/system/cpu/isolated")),
        throttles_(context.paths),
        with_guest_(with_guest),
        info_(std::move(info)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    if (!isolated_) isolated_ = read_isolated();
    auto info = info_ ? info_->read() : Result<CpuInfo>(CpuInfo());
    const std::optional<Error> error = read_times();
    if (!error && present_ != scanned_) {
      scanned_ = present_;
      throttles_.scan();
    }
    if (info_ && info) info_->write_bugs(*info, out);
    throttles_.write_cores(out);
    if (info_ && info) info_->write_flags(*info, out);
    if (!error && with_guest_) write_guest_seconds(out);
    if (info_ && info) info_->write_info(*info, out);
    if (*isolated_) write_isolated(**isolated_, out);
    throttles_.write_packages(out);
    if (!error) write_seconds(out);
    if (error) return fail(error->message);
    if (!info) return fail(info.error().message);
    if (!*isolated_) return fail(isolated_->error().message);
    return Outcome::kCollected;
  }

 private:
  struct Cpu {
    CpuTicks ticks{};
    std::array<Labels, 8> mode_labels;
    Labels guest_user_label, guest_nice_label;
  };
  using IsolatedCpus = Result<std::vector<std::uint32_t>>;

  static double seconds(std::uint64_t ticks) { return static_cast<double>(ticks) / 100.0; }

  std::optional<Error> read_times() {
    const auto content = file_.read();
    if (!content) return content.error();
    present_.clear();
    std::string_view rest = *content;
    while (!rest.empty()) {
      const auto times = parse_cpu_line(next_line(rest));
      if (!times) break;  // what follows the CPUs is longer than they are
      if (!times->cpu.empty()) present_.push_back(&updated(*times));
    }
    if (present_.empty()) return Error{concat(file_.path(), ": no CPU lines")};
    return std::nullopt;
  }

  Cpu& updated(const CpuTimes& times) {
    auto found = cpus_.find(times.cpu);
    if (found == cpus_.end()) {
      Cpu cpu;
      for (std::size_t mode = 0; mode < cpu.mode_labels.size(); ++mode) {
        cpu.mode_labels[mode] = Labels({{"cpu", times.cpu}, {"mode", kCpuModes[mode]}});
      }
      cpu.guest_user_label = Labels({{"cpu", times.cpu}, {"mode", "user"}});
      cpu.guest_nice_label = Labels({{"cpu", times.cpu}, {"mode", "nice"}});
      found = cpus_.emplace(std::string(times.cpu), std::move(cpu)).first;
    }
    advance_cpu_ticks(found->second.ticks, times.ticks);
    return found->second;
  }

  /// Once: the list is a boot parameter.
  IsolatedCpus read_isolated() const {
    if (!host_path_exists(isolated_path_)) return std::vector<std::uint32_t>();
    const auto content = read_host_file(isolated_path_);
    if (!content) return fail(content.error().message);
    auto cpus = parse_cpu_list(trim(*content));
    if (!cpus) return fail(concat(isolated_path_, ": no list of CPUs: ", quote(*content)));
    return std::move(*cpus);
  }

  void write_guest_seconds(prom_text::Writer& out) const {
    out.family(guest_seconds_);
    for (const Cpu* cpu : present_) {
      out.sample(cpu->guest_nice_label, seconds(cpu->ticks[kGuestNice]));
      out.sample(cpu->guest_user_label, seconds(cpu->ticks[kGuest]));
    }
  }

  void write_seconds(prom_text::Writer& out) const {
    out.family(seconds_);
    for (const Cpu* cpu : present_) {
      for (const std::size_t mode : kModesByName) out.sample(cpu->mode_labels[mode], seconds(cpu->ticks[mode]));
    }
  }

  void write_isolated(const std::vector<std::uint32_t>& cpus, prom_text::Writer& out) const {
    out.family(isolated_family_);
    for (const std::uint32_t cpu : cpus) out.sample({{"cpu", concat(cpu)}}, std::uint64_t{1});
  }

  HostFile file_;
  std::string isolated_path_;
  CpuThrottles throttles_;
  bool with_guest_;
  std::optional<CpuInfoFamilies> info_;
  std::optional<IsolatedCpus> isolated_;
  std::map<std::string, Cpu, std::less<>> cpus_;
  std::vector<const Cpu*> present_, scanned_;
  const prom_text::Family seconds_{"node_cpu_seconds_total", Type::kCounter,
                                   "Time that a CPU spent in a mode, in seconds."};
  const prom_text::Family guest_seconds_{"node_cpu_guest_seconds_total", Type::kCounter,
                                         "Time that a CPU spent running virtual machines, in seconds; also counted "
                                         "as user or nice."};
  const prom_text::Family isolated_family_{"node_cpu_isolated", Type::kGauge,
                                           "Always 1 for each CPU that the scheduler leaves alone (isolcpus=)."};
};

Result<std::optional<NameFilter>> make_names_filter(const CollectorContext& context, std::string_view option) {
  const std::string expression = context.option(option);
  if (expression.empty()) return std::optional<NameFilter>();
  constexpr std::string_view kInclude = "-include";
  auto filter = NameFilter::make(option.substr(0, option.size() - kInclude.size()), "", expression);
  if (!filter) return fail(filter.error().message);
  return std::optional<NameFilter>(std::move(*filter));
}

}  // namespace

std::optional<CpuTimes> parse_cpu_line(std::string_view line) {
  CpuTimes times;
  const std::string_view name = next_field(line);
  if (!name.starts_with("cpu")) return std::nullopt;
  times.cpu = name.substr(3);
  if (!times.cpu.empty() && !parse_u64(times.cpu)) return std::nullopt;
  std::size_t columns = 0;
  for (std::uint64_t& ticks : times.ticks) {
    const std::string_view field = next_field(line);
    if (field.empty()) break;
    const auto value = parse_u64(field);
    if (!value) return std::nullopt;
    ticks = *value;
    ++columns;
  }
  if (columns < 4) return std::nullopt;  // every kernel has user, nice, system and idle: less is a cut line
  return times;
}

void advance_cpu_ticks(CpuTicks& ticks, const CpuTicks& now) {
  constexpr std::uint64_t kResetTicks = 300;
  if (ticks[kIdle] >= now[kIdle] && ticks[kIdle] - now[kIdle] >= kResetTicks) {
    ticks = now;
    return;
  }
  for (std::size_t mode = 0; mode < ticks.size(); ++mode) ticks[mode] = std::max(ticks[mode], now[mode]);
}

Result<std::unique_ptr<Collector>> make_cpu_collector(const CollectorContext& context) {
  auto flags = make_names_filter(context, "cpu.info.flags-include");
  if (!flags) return fail(flags.error().message);
  auto bugs = make_names_filter(context, "cpu.info.bugs-include");
  if (!bugs) return fail(bugs.error().message);
  std::optional<CpuInfoFamilies> info;
  // To choose flags or bugs is to want them.
  if (context.option("cpu.info") == "true" || *flags || *bugs) {
    info.emplace(context.paths, std::move(*flags), std::move(*bugs));
  }
  const bool with_guest = context.option("cpu.guest") != "false";
  return std::make_unique<CpuCollector>(context, with_guest, std::move(info));
}

}  // namespace piman::agent
