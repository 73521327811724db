// SPDX-License-Identifier: Apache-2.0
#include "common/own_metrics.h"

#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <string_view>

#include "common/text.h"

namespace piman {
namespace {

using prom_text::Type;

std::string label_text(const std::vector<prometheus::ClientMetric::Label>& labels, std::string_view bound) {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view value) {
    text += text.empty() ? "{" : ",";
    text += name;
    text += "=\"";
    prom_text::append_label_value(text, value);
    text += "\"";
  };
  for (const auto& label : labels) add(label.name, label.value);
  if (!bound.empty()) add("le", bound);
  return text.empty() ? text : text + "}";
}

double limit_of(__rlimit_resource resource) {
  ::rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return 0;
  return limit.rlim_cur == RLIM_INFINITY ? 18446744073709551615.0 : static_cast<double>(limit.rlim_cur);
}

/// The fields of a process's stat file behind the command name, which may hold blanks and brackets (proc(5)).
std::array<std::string_view, 22> stat_fields(std::string_view content) {
  std::array<std::string_view, 22> fields{};
  const std::size_t close = content.rfind(')');
  if (close == std::string_view::npos) return fields;
  content.remove_prefix(close + 1);
  for (auto& field : fields) field = next_field(content);
  return fields;
}
/// A copy of the tree on a disk has directory sizes of another meaning.
bool is_procfs(const std::string& path) {
  struct ::statfs status {};
  return ::statfs(path.c_str(), &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

constexpr std::size_t kStatThreads = 17, kStatStart = 19, kStatVirtual = 20, kStatResident = 21;

}  // namespace

void write_registry(const prometheus::Registry& registry, prom_text::Writer& out) {
  for (const prometheus::MetricFamily& family : registry.Collect()) {
    if (family.type == prometheus::MetricType::Counter || family.type == prometheus::MetricType::Gauge) {
      const bool counter = family.type == prometheus::MetricType::Counter;
      const prom_text::Family head(family.name, counter ? Type::kCounter : Type::kGauge, family.help);
      out.family(head);
      for (const auto& metric : family.metric) {
        out.sample_rendered(label_text(metric.label, {}), counter ? metric.counter.value : metric.gauge.value);
      }
    } else if (family.type == prometheus::MetricType::Histogram) {
      const prom_text::Family head(family.name, Type::kHistogram, family.help);
      out.family(head);
      for (const auto& metric : family.metric) {
        for (const auto& bucket : metric.histogram.bucket) {
          std::string bound;
          prom_text::append_number(bound, bucket.upper_bound);
          out.sample_rendered(label_text(metric.label, bound), static_cast<double>(bucket.cumulative_count), "_bucket");
        }
        out.sample_rendered(label_text(metric.label, {}), metric.histogram.sample_sum, "_sum");
        out.sample_rendered(label_text(metric.label, {}), static_cast<double>(metric.histogram.sample_count), "_count");
      }
    }
  }
}

ProcessMetrics::ProcessMetrics(const HostPaths& paths)
    : stat_(paths.proc("self/stat"), HostFile::Content::kOnePiece),
      fd_directory_(paths.proc("self/fd")),
      fds_are_the_kernels_(is_procfs(fd_directory_)),
      cpu_("process_cpu_seconds_total", Type::kCounter, "User and system CPU time of this process, in seconds."),
      resident_("process_resident_memory_bytes", Type::kGauge, "Memory of this process that is in RAM, in bytes."),
      virtual_("process_virtual_memory_bytes", Type::kGauge, "Address space of this process, in bytes."),
      virtual_most_("process_virtual_memory_max_bytes", Type::kGauge, "Limit on the address space, in bytes."),
      open_fds_("process_open_fds", Type::kGauge, "Open file descriptors."),
      most_fds_("process_max_fds", Type::kGauge, "Limit on open file descriptors."),
      start_("process_start_time_seconds", Type::kGauge, "When this process started, in seconds since the Unix epoch."),
      threads_("process_threads", Type::kGauge, "Threads of this process.") {
  // The kernel counts a process's start from boot; btime says when that was.
  const auto stat = read_host_file(paths.proc("stat"));
  const auto own = stat_.read();
  if (!stat || !own) return;
  std::string_view rest = *stat;
  while (!rest.empty()) {
    std::string_view line = next_line(rest);
    if (next_field(line) != "btime") continue;
    const auto boot = parse_double(next_field(line));
    const auto ticks = parse_double(stat_fields(*own)[kStatStart]);
    if (boot && ticks) start_time_ = *boot + *ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
}

std::optional<std::uint64_t> ProcessMetrics::count_open_fds() const {
  // Since Linux 6.2 the directory's size is their number (proc(5)); before, each of them has to be listed.
  struct ::stat status {};
  if (fds_are_the_kernels_ && ::stat(fd_directory_.c_str(), &status) == 0 && status.st_size > 0) {
    return static_cast<std::uint64_t>(status.st_size);
  }
  const auto names = list_host_directory(fd_directory_);
  if (!names || names->empty()) return std::nullopt;
  return names->size() - 1;  // less the one that lists them
}

void ProcessMetrics::write(prom_text::Writer& out) {
  ::rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto microseconds = [](const ::timeval& time) { return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec; };
  out.single(cpu_, static_cast<double>(microseconds(usage.ru_utime) + microseconds(usage.ru_stime)) / 1e6);
  out.single(most_fds_, limit_of(RLIMIT_NOFILE));
  if (const auto count = count_open_fds()) out.single(open_fds_, *count);
  if (const auto content = stat_.read()) {
    const auto fields = stat_fields(*content);
    const auto resident_pages = parse_u64(fields[kStatResident]);
    const auto virtual_bytes = parse_u64(fields[kStatVirtual]);
    const auto threads = parse_u64(fields[kStatThreads]);
    if (resident_pages) out.single(resident_, *resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    if (virtual_bytes) out.single(virtual_, *virtual_bytes);
    if (threads) out.single(threads_, *threads);
  }
  out.single(virtual_most_, limit_of(RLIMIT_AS));
  if (start_time_ > 0) out.single(start_, start_time_);
}

}  // namespace piman
