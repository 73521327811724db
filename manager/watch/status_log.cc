// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/status_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include "common/log.h"
#include "common/text.h"

namespace piman::watch {
namespace {

tl::unexpected<Error> fail_errno(std::string_view what, const std::string& path) {
  return fail(concat(what, ' ', path, ": ", std::generic_category().message(errno)));
}

}  // namespace

std::string render_status_line(const manager::NodeState& node, std::string_view site,
                               const std::vector<std::string_view>& firing) {
  std::vector<LogField> fields = {{"node", node.host.name},
                                  {"site", std::string(site)},
                                  {"address", node.host.address.to_string()},
                                  {"phase", std::string(to_string(node.phase))}};
  const auto number = [&fields](std::string_view key, const std::optional<double>& value) {
    if (value) fields.push_back({key, concat(*value)});
  };
  if (node.phase == manager::Phase::kUp) {
    if (node.event) {
      number("cpu_percent", node.event->cpu_percent);
      number("memory_percent", node.event->memory_percent);
      number("disk_percent", node.event->disk_percent);
      number("num_pids", node.event->num_pids);
    }
    number("temperature_celsius", node.temperature_celsius);
  } else if (!node.last.error_text.empty()) {
    fields.push_back({"err", node.last.error_text});
  }
  std::string alerts;
  for (const std::string_view word : firing) alerts += concat(alerts.empty() ? "" : ",", word);
  if (!alerts.empty()) fields.push_back({"firing", alerts});
  return render_log_line(LogFormat::kLogfmt, node.last.at, alerts.empty() ? LogLevel::kInfo : LogLevel::kWarn, "status",
                         fields);
}

Result<StatusLog> StatusLog::open(const std::string& path, std::size_t most_bytes) {
  StatusLog log(path, most_bytes);
  if (auto opened = log.reopen(); !opened) return tl::unexpected<Error>(opened.error());
  return log;
}

Result<void> StatusLog::reopen() {
  file_ = UniqueFd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640));
  struct stat status {};
  if (!file_.valid() || ::fstat(file_.get(), &status) != 0) return fail_errno("opening the status log", path_);
  if (!S_ISREG(status.st_mode)) return fail(concat("opening the status log ", path_, ": not a regular file"));
  bytes_ = static_cast<std::size_t>(status.st_size);
  return {};
}

void StatusLog::add(std::string_view line) {
  gathered_ += line;
  gathered_.push_back('\n');
}

Result<void> StatusLog::flush() {
  if (gathered_.empty()) return {};
  const std::string lines = std::exchange(gathered_, {});
  if (bytes_ + lines.size() > most_bytes_ && bytes_ > 0) {
    for (int i = kKept; i > 1; --i) std::rename(concat(path_, '.', i - 1).c_str(), concat(path_, '.', i).c_str());
    // One that somebody took away needs no other name, only a successor.
    const bool is_away = std::rename(path_.c_str(), concat(path_, ".1").c_str()) == 0 || errno == ENOENT;
    if (!is_away) return fail_errno("rotating", path_);
    if (auto opened = reopen(); !opened) return opened;
  }
  std::size_t written = 0;
  while (written < lines.size()) {
    const ssize_t put = ::write(file_.get(), lines.data() + written, lines.size() - written);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return fail_errno("writing", path_);
    written += static_cast<std::size_t>(put);
  }
  bytes_ += written;
  return {};
}

}  // namespace piman::watch
