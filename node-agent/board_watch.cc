// SPDX-License-Identifier: Apache-2.0
#include "node-agent/board_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/vfs.h>

#include <array>
#include <chrono>
#include <utility>

#include "common/text.h"
#include "node-agent/collectors/filesystem.h"

namespace piman::agent {
namespace {

/// What a disk that is plugged in later has to recover says nothing of this machine's last shutdown.
constexpr std::uint64_t kComingUpMicroseconds = 120'000'000;

std::optional<SteadyTime> boot_time(const HostPaths& paths, SteadyTime now) {
  const auto uptime = read_host_file(paths.proc("uptime"));
  if (!uptime) return std::nullopt;
  std::string_view rest = *uptime;
  const auto seconds = parse_double(next_field(rest));
  constexpr double kMostSeconds = 1e9;
  if (!seconds || !(*seconds >= 0) || *seconds > kMostSeconds) return std::nullopt;
  return now - std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000));
}

/// "1234 (python3)" out of "Out of memory: Killed process 1234 (python3) total-vm:...".
std::string oom_victim(std::string_view text) {
  constexpr std::string_view kProcess = "process ";
  const std::size_t at = text.find(kProcess);
  if (at == std::string_view::npos) return "";
  text.remove_prefix(at + kProcess.size());
  const std::size_t end = text.find(')');
  constexpr std::size_t kMostBytes = 64;
  return std::string(text.substr(0, end == std::string_view::npos ? kMostBytes : end + 1));
}

std::string_view word_of(ThrottleTracker::Change::Kind kind) {
  switch (kind) {
    case ThrottleTracker::Change::Kind::kOn:
      return "on";
    case ThrottleTracker::Change::Kind::kOff:
      return "off";
    case ThrottleTracker::Change::Kind::kPassed:
      return "passed";
  }
  return "";
}

}  // namespace

BoardWatch::BoardWatch(const HostPaths& paths, std::unique_ptr<FirmwareMailbox> mailbox, WallTime started,
                       SteadyTime now)
    : paths_(paths),
      mailbox_(std::move(mailbox)),
      identity_(read_board_identity(paths)),
      boot_id_(read_host_text(paths.proc("sys/kernel/random/boot_id")).value_or("")),
      events_(started),
      log_(paths.dev("kmsg")),
      mounts_(paths.proc("1/mounts"), HostFile::Content::kMounts) {
  if (const auto boot = boot_time(paths, now)) events_.add(*boot, "boot", boot_id_);
}

std::optional<bool> BoardWatch::read_alarm() {
  if (!alarm_) {
    const auto names = list_host_directory(paths_.sys("class/hwmon"));
    if (!names) return std::nullopt;
    for (const std::string& name : *names) {
      const std::string directory = paths_.sys(concat("class/hwmon/", name));
      if (read_host_text(concat(directory, "/name")) != "rpi_volt") continue;
      alarm_.emplace(concat(directory, "/in0_lcrit_alarm"), HostFile::Content::kOnePiece);
      break;
    }
  }
  if (!alarm_) return std::nullopt;
  const auto content = alarm_->read();
  const auto value = content ? parse_u64(trim(*content)) : std::nullopt;
  if (!value) {
    alarm_.reset();  // the driver was loaded anew under another number
    return std::nullopt;
  }
  return *value != 0;
}

Result<std::optional<std::uint32_t>> BoardWatch::read_throttled_word() {
  std::optional<std::uint32_t> word;
  std::optional<Error> error;
  if (source_ != Source::kAlarm) {
    // 0: no sticky bit is cleared, others look at them too.
    const auto answer = mailbox_->ask_words<1>(MailboxTag::kThrottled, {0});
    if (!answer) {
      error = answer.error();
    } else if (*answer) {
      source_ = Source::kMailbox;
      word = (**answer)[0];
    }
  }
  if (!word && source_ != Source::kMailbox) {
    if (const auto alarm = read_alarm()) {
      source_ = Source::kAlarm;
      word = *alarm ? 1U : 0U;
    }
  }
  if (!word && error) return fail(error->message);
  return word;
}

Result<ThrottleState> BoardWatch::look_at_throttling(SteadyTime now) {
  ThrottleState state;
  if (!identity_) return state;
  const MutexLock lock(mutex_);
  drain_kernel_log(now);
  const auto word = read_throttled_word();
  if (!word) return fail(word.error().message);
  if (!*word) return state;
  report(tracker_.look({**word, std::exchange(under_voltage_messages_, 0)}), now);
  for (std::size_t i = 0; i < kThrottleConditions; ++i) {
    const auto condition = static_cast<ThrottleCondition>(i);
    if (source_ == Source::kAlarm && condition != ThrottleCondition::kUnderVoltage) continue;
    state.conditions.push_back({condition, tracker_.level(condition), tracker_.events(condition)});
  }
  return state;
}

void BoardWatch::report(const std::vector<ThrottleTracker::Change>& changes, SteadyTime now) {
  for (const ThrottleTracker::Change& change : changes) {
    events_.add(now, std::string(to_string(change.condition)), std::string(word_of(change.kind)));
  }
}

void BoardWatch::leave_first_reading_to_poll() {
  const MutexLock lock(mutex_);
  first_reading_by_poll_ = !log_caught_up_;
}

bool BoardWatch::first_reading_is_due() {
  const MutexLock lock(mutex_);
  return first_reading_by_poll_;
}

void BoardWatch::drain_kernel_log(SteadyTime now) {
  if (first_reading_by_poll_) return;
  KernelLogState fresh;
  std::vector<std::string> victims;
  const KernelLog::State reached = log_.drain([&](const KernelMessage& message) {
    if (message.microseconds < kComingUpMicroseconds && tells_of_unclean_shutdown(message.text)) {
      fresh.unclean_shutdown = true;
    }
    const auto kind = classify_kernel_message(message.text);
    if (!kind) return;
    ++fresh.counts[static_cast<std::size_t>(*kind)];
    if (*kind == KernelMessageKind::kOomKill) victims.push_back(oom_victim(message.text));
  });
  for (std::size_t i = 0; i < kKernelMessageKinds; ++i) log_state_.counts[i] += fresh.counts[i];
  log_state_.unclean_shutdown = log_state_.unclean_shutdown || fresh.unclean_shutdown;
  log_state_.lost = log_.lost();
  log_state_.since_boot = log_.lost() == 0;
  if (log_caught_up_) {  // else it is from before the agent started
    const auto under_voltages = fresh.counts[static_cast<std::size_t>(KernelMessageKind::kUnderVoltage)];
    under_voltage_messages_ += static_cast<std::size_t>(under_voltages);
    for (std::string& victim : victims) events_.add(now, "oom_kill", std::move(victim));
  }
  log_readable_ = reached != KernelLog::State::kUnreadable;
  if (reached == KernelLog::State::kAtEnd) log_caught_up_ = true;
}

std::optional<KernelLogState> BoardWatch::look_at_kernel_log(SteadyTime now) {
  const MutexLock lock(mutex_);
  drain_kernel_log(now);
  if (!log_readable_ || !log_caught_up_) return std::nullopt;
  return log_state_;
}

std::optional<bool> BoardWatch::look_at_root(SteadyTime now) {
  const MutexLock lock(mutex_);
  const auto mounts = mounts_.read();
  auto read_only = mounts ? parse_root_read_only(*mounts) : std::nullopt;
  struct ::statfs status {};
  if (read_only && ::statfs(paths_.root("/").c_str(), &status) == 0) read_only = *read_only || is_read_only(status);
  if (read_only && root_read_only_ && *read_only != *root_read_only_) {
    events_.add(now, "root_read_only", *read_only ? "on" : "off");
  }
  if (read_only) root_read_only_ = read_only;
  return read_only;
}

BoardWatch::NextPoll BoardWatch::poll(SteadyTime now) {
  bool log_readable = false, mounts_tell = false;
  {
    const MutexLock lock(mutex_);
    // Before the look itself, so that no change falls between the two.
    if (!mounts_changes_.valid()) mounts_changes_.reset(::open(mounts_.path().c_str(), O_RDONLY | O_CLOEXEC));
    mounts_tell = mounts_changes_.valid();
    first_reading_by_poll_ = false;
    constexpr int kMostDrains = 32;  // at the start, to get to the end of a long log
    for (int i = 0; i < kMostDrains && (i == 0 || (log_readable_ && !log_caught_up_)); ++i) drain_kernel_log(now);
    log_readable = log_readable_;
  }
  const auto throttling = look_at_throttling(now);
  const bool can_tell = throttling && !throttling->conditions.empty();
  if (!can_tell && !log_readable) return NextPoll::kNever;
  look_at_root(now);
  return can_tell || !throttling || !mounts_tell ? NextPoll::kInAWhile : NextPoll::kOnEvent;
}

void BoardWatch::wait_for_event(int stop) {
  UniqueFd log;
  std::array<::pollfd, 3> wanted{};
  {
    const MutexLock lock(mutex_);
    log = log_.readiness();
    if (!log.valid()) return;
    // A file system that its errors make read-only is no change of the mounts, but never goes without a message.
    wanted = {{{stop, POLLIN, 0}, {log.get(), POLLIN, 0}, {mounts_changes_.get(), POLLPRI, 0}}};
  }
  ::poll(wanted.data(), wanted.size(), -1);
}

std::shared_ptr<BoardWatch> board_watch_of(const CollectorContext& context) {
  if (context.board) return context.board;
  return std::make_shared<BoardWatch>(context.paths, std::make_unique<VcioMailbox>(context.paths.dev("vcio")),
                                      std::chrono::system_clock::now(), std::chrono::steady_clock::now());
}

std::optional<bool> parse_root_read_only(std::string_view mounts) {
  std::optional<bool> read_only;
  while (!mounts.empty()) {
    const auto mount = parse_mount(next_line(mounts));
    if (mount && mount->mount_point == "/") read_only = mount->read_only;  // the last one lies on top
  }
  return read_only;
}

}  // namespace piman::agent
