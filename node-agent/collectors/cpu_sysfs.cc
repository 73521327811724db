// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/cpu_sysfs.h"

#include <algorithm>
#include <cstddef>

#include "common/text.h"

namespace piman::agent {
namespace {

std::optional<std::uint64_t> read_count(HostFile& file) {
  const auto content = file.read();
  return content ? parse_u64(trim(*content)) : std::nullopt;
}

bool is_cpu_directory(std::string_view name) {
  constexpr std::string_view kPrefix = "cpu";
  return name.size() > kPrefix.size() && name.starts_with(kPrefix) && name[kPrefix.size()] >= '0' &&
         name[kPrefix.size()] <= '9';
}

}  // namespace

std::optional<std::vector<std::uint32_t>> parse_cpu_list(std::string_view text) {
  constexpr std::uint32_t kMostCpu = 65535;
  std::vector<std::uint32_t> cpus;
  while (!text.empty()) {
    std::string_view range = next_until(text, ',');
    if (range.empty()) continue;
    const bool is_range = range.find('-') != std::string_view::npos;
    const auto first = parse_number<std::uint32_t>(next_until(range, '-'));
    const auto last = is_range ? parse_number<std::uint32_t>(range) : first;
    if (!first || !last || *first > kMostCpu || *last > kMostCpu) return std::nullopt;
    for (std::uint32_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    if (cpus.size() > std::size_t{2} * kMostCpu) return std::nullopt;  // says the same again and again
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

void CpuThrottles::scan() {
  cores_.clear();
  packages_.clear();
  const auto names = list_host_directory(directory_);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!is_cpu_directory(name)) continue;
    const std::string cpu = concat(directory_, '/', name);
    const auto package = read_host_u64(concat(cpu, "/topology/physical_package_id"));
    const auto core = read_host_u64(concat(cpu, "/topology/core_id"));
    if (!package || !core) continue;  // off line, or a kernel that does not say
    // The CPUs of a core count together, and those of a package: the first that counts speaks for them.
    HostFile core_count(concat(cpu, "/thermal_throttle/core_throttle_count"), HostFile::Content::kOnePiece);
    if (!cores_.contains({*package, *core}) && read_count(core_count)) {
      cores_.emplace(Core(*package, *core), std::move(core_count));
    }
    HostFile package_count(concat(cpu, "/thermal_throttle/package_throttle_count"), HostFile::Content::kOnePiece);
    if (!packages_.contains(*package) && read_count(package_count)) {
      packages_.emplace(*package, std::move(package_count));
    }
  }
}

void CpuThrottles::write_cores(prom_text::Writer& out) {
  out.family(core_throttles_);
  for (auto& [core, file] : cores_) {
    const auto count = read_count(file);
    if (count) out.sample({{"core", concat(core.second)}, {"package", concat(core.first)}}, *count);
  }
}

void CpuThrottles::write_packages(prom_text::Writer& out) {
  out.family(package_throttles_);
  for (auto& [package, file] : packages_) {
    const auto count = read_count(file);
    if (count) out.sample({{"package", concat(package)}}, *count);
  }
}

}  // namespace piman::agent
