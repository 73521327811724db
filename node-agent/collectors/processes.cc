// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/processes.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

using StateCounts = std::map<char, std::uint64_t>;

/// Whether reading failed because the process or thread has ended.
bool has_ended(int error) { return error == ENOENT || error == ESRCH; }

class ProcessesCollector final : public Collector {
 public:
  explicit ProcessesCollector(const CollectorContext& context)
      : directory_(context.paths.procfs),
        most_threads_(context.paths.proc("sys/kernel/threads-max"), HostFile::Content::kOnePiece),
        most_pids_(context.paths.proc("sys/kernel/pid_max"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto names = list_host_directory(directory_);
    if (!names) return fail(names.error().message);
    StateCounts processes, threads;
    std::uint64_t process_count = 0, thread_count = 0;
    for (const std::string& pid : *names) {
      if (!parse_u64(pid)) continue;
      path_ = concat(directory_, '/', pid);
      const auto stat = read_stat();
      if (!stat) return fail(stat.error().message);
      if (stat->state == kEnded) continue;
      ++process_count;
      ++processes[stat->state];
      thread_count += stat->threads;
      ++threads[stat->state];
      // Most processes have one thread, whose state is known already.
      if (stat->threads > 1) {
        const auto counted = count_threads(pid, threads);
        if (!counted) return fail(counted.error().message);
      }
    }
    const auto most_threads = read_limit(most_threads_);
    if (!most_threads) return fail(most_threads.error().message);
    const auto most_pids = read_limit(most_pids_);
    if (!most_pids) return fail(most_pids.error().message);
    out.single(most_processes_family_, *most_pids);
    out.single(most_threads_family_, *most_threads);
    out.single(pids_family_, process_count);
    write(state_family_, "state", processes, out);
    out.single(threads_family_, thread_count);
    write(thread_state_family_, "thread_state", threads, out);
    return Outcome::kCollected;
  }

 private:
  static constexpr char kEnded = '\0';

  /// The stat of the process or thread at path_; kEnded when it is gone.
  Result<ProcessStat> read_stat() {
    constexpr ProcessStat kGone{kEnded, 0};
    std::array<char, 1024> buffer;  // the name has at most 64 bytes, the numbers some 300
    path_ += "/stat";
    const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    ::ssize_t length = -1;
    if (fd.valid()) length = ::read(fd.get(), buffer.data(), buffer.size());
    if (length < 0) {
      if (has_ended(errno)) return kGone;
      return fail(concat("reading ", path_, ": ", words_of_errno(errno)));
    }
    const std::string_view content(buffer.data(), static_cast<std::size_t>(length));
    const auto stat = parse_process_stat(content);
    if (!stat) return fail(concat(path_, ": not understood: ", quote(content)));
    return *stat;
  }

  /// Adds the threads of a process but its first, which is the process itself.
  Result<Outcome> count_threads(const std::string& pid, StateCounts& threads) {
    const auto names = list_host_directory(concat(directory_, '/', pid, "/task"));
    if (!names) return Outcome::kAbsent;  // the process has ended
    for (const std::string& thread : *names) {
      if (thread == pid || !parse_u64(thread)) continue;
      path_ = concat(directory_, '/', pid, "/task/", thread);
      const auto stat = read_stat();
      if (!stat) return fail(stat.error().message);
      if (stat->state != kEnded) ++threads[stat->state];
    }
    return Outcome::kCollected;
  }

  static Result<std::uint64_t> read_limit(HostFile& file) {
    const auto content = file.read();
    if (!content) return fail(content.error().message);
    const auto limit = parse_u64(trim(*content));
    if (!limit) return fail(concat(file.path(), ": no whole number: ", quote(*content)));
    return *limit;
  }

  static void write(const Family& family, std::string_view label, const StateCounts& counts, prom_text::Writer& out) {
    out.family(family);
    for (const auto& [state, count] : counts) out.sample({{label, std::string_view(&state, 1)}}, count);
  }

  const std::string directory_;
  HostFile most_threads_, most_pids_;
  std::string path_;
  const Family most_processes_family_{"node_processes_max_processes", Type::kGauge, "The highest PID that is given."};
  const Family most_threads_family_{"node_processes_max_threads", Type::kGauge, "How many threads there may be."};
  const Family pids_family_{"node_processes_pids", Type::kGauge, "Processes."};
  const Family state_family_{"node_processes_state", Type::kGauge, "Processes in a state, by the letters of proc(5)."};
  const Family threads_family_{"node_processes_threads", Type::kGauge, "Threads of all processes."};
  const Family thread_state_family_{"node_processes_threads_state", Type::kGauge,
                                    "Threads in a state, by the letters of proc(5)."};
};

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view content) {
  constexpr int kColumnsBetween = 16;  // from the parent's PID to the niceness
  // The name stands in parentheses and may hold any byte, these included.
  const std::size_t end = content.rfind(')');
  if (end == std::string_view::npos || content.find('(') > end) return std::nullopt;
  std::string_view rest = content.substr(end + 1);
  const std::string_view state = next_field(rest);
  for (int i = 0; i < kColumnsBetween; ++i) next_field(rest);
  const auto threads = parse_u64(next_field(rest));
  if (state.size() != 1 || !threads) return std::nullopt;
  return ProcessStat{state.front(), *threads};
}

Result<std::unique_ptr<Collector>> make_processes_collector(const CollectorContext& context) {
  return std::make_unique<ProcessesCollector>(context);
}

}  // namespace piman::agent
