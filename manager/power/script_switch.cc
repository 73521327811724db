// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>

#include "common/clock.h"
#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/power/make_switch.h"

namespace piman::power {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostOutput = 4096;
constexpr milliseconds kLook{50};  ///< how often stop() and the end of the script are looked for

std::string system_words(int code) { return std::generic_category().message(code); }

/// The script as a process group of its own, so that what it started ends with it.
class Script {
 public:
  static Result<Script> start(const std::string& path, const std::array<std::string, 3>& arguments) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(system_words(errno));
    UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, writer.get(), 1);
    ::posix_spawn_file_actions_adddup2(&files, writer.get(), 2);
    sigset_t none, usual;
    ::sigemptyset(&none);
    ::sigfillset(&usual);
    ::posix_spawnattr_setsigmask(&attributes, &none);  // ours blocks what the program waits for
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::array<char*, 5> argv{const_cast<char*>(path.c_str()), const_cast<char*>(arguments[0].c_str()),
                              const_cast<char*>(arguments[1].c_str()), const_cast<char*>(arguments[2].c_str()),
                              nullptr};
    std::array<char*, 2> environment{
        const_cast<char*>("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), nullptr};
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, path.c_str(), &files, &attributes, argv.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    if (failed != 0) return fail(system_words(failed));
    return Script(pid, std::move(reader));
  }
  Script(Script&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), output_(std::move(other.output_)), text_(std::move(other.text_)) {}
  Script& operator=(Script&&) = delete;
  ~Script() {
    if (pid_ == 0) return;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }

  /// The status of waitpid(), once the script has ended. Waits for a moment otherwise.
  std::optional<int> poll_end() {
    pollfd wait{output_.get(), POLLIN, 0};
    ::poll(&wait, output_.valid() ? 1U : 0U, static_cast<int>(kLook.count()));
    drain();
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    drain();
    ::kill(-pid_, SIGKILL);  // what it left in the background
    pid_ = 0;
    return status;
  }
  /// The first line of what it wrote.
  std::string first_line() const {
    std::string_view rest(text_);
    return rest.empty() ? std::string("it wrote nothing") : quote(next_line(rest));
  }

 private:
  Script(pid_t pid, UniqueFd output) : pid_(pid), output_(std::move(output)) {}
  void drain() {
    std::array<char, 1024> bytes;
    while (output_.valid()) {
      const ssize_t got = ::read(output_.get(), bytes.data(), bytes.size());
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return output_.reset();
      text_.append(bytes.data(), std::min(static_cast<std::size_t>(got), kMostOutput - text_.size()));
      if (text_.size() == kMostOutput) return output_.reset();  // SIGPIPE is its answer
    }
  }

  pid_t pid_;
  UniqueFd output_;
  std::string text_;
};

class ScriptSwitch final : public PowerSwitch {
 public:
  explicit ScriptSwitch(const SwitchConfig& config) : config_(config) {}

  Result<void> set(const PortRef& port, bool on) override {
    const std::string what =
        concat(config_.name, ": ", config_.command, ' ', port.node, ' ', port.port, on ? " on" : " off");
    auto script = Script::start(config_.command, {port.node, concat(port.port), on ? "on" : "off"});
    if (!script) return fail_with(what, script.error());
    const SteadyTime deadline = std::chrono::steady_clock::now() + config_.timeout;
    std::optional<int> status;
    while (!status) {
      if (stopping_) return fail(concat(what, ": the manager stops"));
      if (std::chrono::steady_clock::now() >= deadline) {
        return fail(concat(what, ": not done in ", config_.timeout.count(), " ms, killed; ", script->first_line()));
      }
      status = script->poll_end();
    }
    if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return {};
    return fail(concat(what, ": ",
                       WIFEXITED(*status) ? concat("exit status ", WEXITSTATUS(*status))
                                          : concat("ended by signal ", WTERMSIG(*status)),
                       "; ", script->first_line()));
  }
  Result<PortState> read(const PortRef& /*port*/) override { return PortState{}; }
  Result<std::vector<LearnedAddress>> learn() override {
    return fail(concat(config_.name, ": a script has no table of addresses"));
  }
  void stop() override { stopping_ = true; }

 private:
  const SwitchConfig config_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace

std::unique_ptr<PowerSwitch> make_script_switch(const SwitchConfig& config) {
  return std::make_unique<ScriptSwitch>(config);
}

}  // namespace piman::power
