// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/cpu_info.h"

#include <array>
#include <cstdint>
#include <set>
#include <utility>

#include "common/text.h"

namespace piman::agent {
namespace {

using Field = std::string_view CpuDescription::*;

/// Keys of cpuinfo and where they go. "vendor" is how some clones of x86 write it.
constexpr std::array<std::pair<std::string_view, Field>, 10> kFields = {{{"physical id", &CpuDescription::package},
                                                                         {"core id", &CpuDescription::core},
                                                                         {"vendor", &CpuDescription::vendor},
                                                                         {"vendor_id", &CpuDescription::vendor},
                                                                         {"cpu family", &CpuDescription::family},
                                                                         {"model", &CpuDescription::model},
                                                                         {"model name", &CpuDescription::model_name},
                                                                         {"microcode", &CpuDescription::microcode},
                                                                         {"stepping", &CpuDescription::stepping},
                                                                         {"cache size", &CpuDescription::cache_size}}};

/// The 32-bit ARM kernels before 3.8 begin with a "Processor" line that names the model of all CPUs.
class CpuinfoParser {
 public:
  /// What is wrong with this line, if anything.
  std::optional<Error> take(std::string_view key, std::string_view value) {
    if (key == "processor") {
      if (!parse_u64(value)) return Error{concat("processor: no number: ", quote(value))};
      begin_cpu(value);
    } else if (key == "Processor" && info_.cpus.empty()) {
      common_.model_name = value;
      has_begun_ = true;
    } else if (key == "BogoMIPS" && info_.cpus.empty() && has_begun_) {
      begin_cpu("0");  // such a kernel with a single CPU does not number it
    } else if (!has_begun_) {
      return Error{concat("begins with ", quote(key), ", not with a processor")};
    } else if (key == "Features") {
      info_.flags = value;
    } else if (!info_.cpus.empty()) {
      take_field(key, value);
    }
    return std::nullopt;
  }

  CpuInfo take_result() { return std::move(info_); }

 private:
  void begin_cpu(std::string_view number) {
    has_begun_ = true;
    info_.cpus.push_back(common_);
    info_.cpus.back().processor = number;
  }

  void take_field(std::string_view key, std::string_view value) {
    const bool is_first = info_.cpus.size() == 1;
    if (key == "flags" && is_first) info_.flags = value;
    if (key == "bugs" && is_first) info_.bugs = value;
    for (const auto& [name, field] : kFields) {
      if (key == name) info_.cpus.back().*field = value;
    }
  }

  CpuInfo info_;
  CpuDescription common_;
  bool has_begun_ = false;
};

}  // namespace

Result<CpuInfo> parse_cpuinfo(std::string_view content) {
  CpuinfoParser parser;
  while (!content.empty()) {
    std::string_view line = next_line(content);
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;  // between CPUs, or a key without a value
    const std::string_view key = trim(line.substr(0, colon));
    if (auto error = parser.take(key, trim(line.substr(colon + 2)))) return tl::unexpected<Error>(std::move(*error));
  }
  CpuInfo info = parser.take_result();
  if (info.cpus.empty()) return fail("no processors");
  return info;
}

CpuInfoFamilies::CpuInfoFamilies(const HostPaths& paths, std::optional<NameFilter> flags,
                                 std::optional<NameFilter> bugs)
    : file_(paths.proc("cpuinfo")), flags_filter_(std::move(flags)), bugs_filter_(std::move(bugs)) {}

Result<CpuInfo> CpuInfoFamilies::read() {
  const auto content = file_.read();
  if (!content) return fail(content.error().message);
  auto info = parse_cpuinfo(*content);
  if (!info) return fail(concat(file_.path(), ": ", info.error().message));
  return info;
}

void CpuInfoFamilies::write_names(std::string_view names, std::optional<NameFilter>& filter, const NamesFamily& target,
                                  prom_text::Writer& out) {
  if (!filter) return;
  out.family(target.family);
  std::set<std::string_view> wanted;
  for (std::string_view name = next_field(names); !name.empty(); name = next_field(names)) {
    if (!filter->ignores(name)) wanted.insert(name);
  }
  for (const std::string_view name : wanted) out.sample({{target.label, name}}, std::uint64_t{1});
}

void CpuInfoFamilies::write_info(const CpuInfo& info, prom_text::Writer& out) const {
  out.family(info_);
  for (const CpuDescription& cpu : info.cpus) {
    out.sample({{"cachesize", cpu.cache_size},
                {"core", cpu.core},
                {"cpu", cpu.processor},
                {"family", cpu.family},
                {"microcode", cpu.microcode},
                {"model", cpu.model},
                {"model_name", cpu.model_name},
                {"package", cpu.package},
                {"stepping", cpu.stepping},
                {"vendor", cpu.vendor}},
               std::uint64_t{1});
  }
}

}  // namespace piman::agent
