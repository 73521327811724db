// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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

/// The script as a process group of its own, so that what it started ends with it. Made and ended on one thread: the
/// kernel ends the script with that thread.
class Script {
 public:
  static Result<Script> start(const std::string& path, const std::array<std::string, 3>& arguments) {
    std::array<int, 2> output{}, verdict{};
    if (::pipe2(output.data(), O_CLOEXEC) != 0) return fail(system_words(errno));
    UniqueFd reader(output[0]);
    const UniqueFd writer(output[1]);
    if (::pipe2(verdict.data(), O_CLOEXEC) != 0) return fail(system_words(errno));
    const UniqueFd verdict_reader(verdict[0]);
    UniqueFd verdict_writer(verdict[1]);
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    const std::array<char*, 5> argv{const_cast<char*>(path.c_str()), const_cast<char*>(arguments[0].c_str()),
                                    const_cast<char*>(arguments[1].c_str()), const_cast<char*>(arguments[2].c_str()),
                                    nullptr};
    const pid_t parent = ::getpid();
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // a handler of ours must not run in the child
    const pid_t pid = ::fork();
    if (pid == 0) become_script(argv, parent, writer.get(), verdict_writer.get());
    const int fork_failed = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return fail(system_words(fork_failed));
    verdict_writer.reset();  // the script's end closes when it is executed
    int failed = 0;
    ssize_t got = 0;
    while ((got = ::read(verdict_reader.get(), &failed, sizeof failed)) < 0 && errno == EINTR) {
    }
    if (got != static_cast<ssize_t>(sizeof failed)) return Script(pid, std::move(reader));
    wait_for_end(pid);
    return fail(system_words(failed));
  }
  Script(Script&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), output_(std::move(other.output_)), text_(std::move(other.text_)) {}
  Script& operator=(Script&&) = delete;
  ~Script() {
    if (pid_ == 0) return;
    ::kill(-pid_, SIGKILL);
    wait_for_end(pid_);
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

  /// The child of a process with threads: nothing but system calls. It ends with us: a manager that comes back after a
  /// kill decides anew, and an order of its predecessor, carried out late, would switch off more than may be off.
  [[noreturn]] static void become_script(const std::array<char*, 5>& argv, pid_t parent, int output, int verdict) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::setpgid(0, 0);
    ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &usual, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);  // ours blocks what the program waits for
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    static char* const environment[] = {path, nullptr};
    ::execve(argv[0], argv.data(), environment);
    const int failed = errno;
    [[maybe_unused]] const ssize_t told = ::write(verdict, &failed, sizeof failed);
    ::_exit(127);
  }
  static void wait_for_end(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  }
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
