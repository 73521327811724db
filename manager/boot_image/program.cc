// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMostWords = 1000;  // of what a failed program said, in the error

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Reads until the program closes its output; keeps the end of it. False: the time is over.
bool collect_output(int fd, steady_clock::time_point deadline, std::string& said) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    ::pollfd waiting{fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return true;
    if (ready <= 0) continue;
    char bytes[4096];
    const ::ssize_t got = ::read(fd, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    said.append(bytes, static_cast<std::size_t>(got));
    if (said.size() > 2 * kMostWords) said.erase(0, said.size() - kMostWords);
  }
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<std::string> find_program(std::string_view name, std::string_view debian_package) {
  const char* path = std::getenv("PATH");
  const std::string folders = concat(path == nullptr ? "" : path, ":/usr/sbin:/sbin");
  std::string_view rest = folders;
  while (!rest.empty()) {
    const std::string_view folder = next_until(rest, ':');
    if (!folder.starts_with('/')) continue;  // an empty or relative one would run what lies in the current folder
    std::string candidate = concat(folder, '/', name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return fail(concat(name, " is not installed; it is in the Debian package ", debian_package, ": apt-get install ",
                     debian_package));
}

Result<void> run_program(const ProgramRun& run) {
  const std::string& program = run.arguments.front();
  const std::string name = file_name(program);
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(concat("running ", name, ": ", std::strerror(errno)));
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ::posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDERR_FILENO);
  const auto arguments = pointers_to(run.arguments), environment = pointers_to(run.environment);
  ::pid_t pid = -1;
  const int problem = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) return fail(concat("running ", program, ": ", std::strerror(problem)));
  write_end.reset();

  std::string said;
  const bool in_time = collect_output(read_end.get(), steady_clock::now() + run.time_limit, said);
  if (!in_time) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return fail(concat(name, " took longer than ", run.time_limit.count() / 1000, " s and was ended"));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (said.size() > kMostWords) said.erase(0, said.size() - kMostWords);
  return fail(concat(name, WIFSIGNALED(status) ? " was killed by signal " : " ended with status ",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), ": ", to_valid_utf8(trim(said))));
}

}  // namespace piman::manager
