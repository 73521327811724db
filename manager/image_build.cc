// SPDX-License-Identifier: Apache-2.0
#include "manager/image_build.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/clock.h"
#include "common/host_paths.h"
#include "common/text.h"
#include "manager/config_file.h"
#include "manager/image_call.h"

namespace piman::manager {
namespace {

/// Errors: it is in neither place, with the places.
Result<std::string> find_build_script() {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path program = fs::read_symlink(HostPaths{}.proc("self/exe"), error);
  if (error) return fail(concat("where this program is: ", error.message()));
  const fs::path folder = program.parent_path();
  const std::array<fs::path, 2> places = {folder / "../share/piman/scripts/build_image",
                                          folder / "../../../scripts/build_image"};
  for (const fs::path& place : places) {
    if (::access(place.c_str(), X_OK) == 0) return place.lexically_normal().string();
  }
  return fail(concat("there is no build_image: it would be ", places[0].lexically_normal().string(), " or ",
                     places[1].lexically_normal().string()));
}

/// What it says goes to where ours does. Returns its exit status.
Result<int> run_build_script(const std::string& script, const std::vector<std::string>& arguments) {
  std::vector<char*> argv = {const_cast<char*>(script.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::pid_t child = 0;
  const int reason = ::posix_spawn(&child, script.c_str(), nullptr, nullptr, argv.data(), environ);
  if (reason != 0)
    return fail(concat("starting ", script, ": ", std::strerror(reason)));  // NOLINT(concurrency-mt-unsafe)
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR)
      return fail(concat("waiting for ", script, ": ", std::strerror(errno)));  // NOLINT(concurrency-mt-unsafe)
  }
  if (WIFSIGNALED(status)) return fail(concat(script, " was killed by signal ", WTERMSIG(status)));
  return WEXITSTATUS(status);
}

/// A file's place for the time between build and store.
std::string temporary_place(const std::string& folder) { return concat(folder, "/build-", ::getpid(), ".tar.zst"); }

}  // namespace

int run_image_build(std::span<const char* const> arguments) {
  static const std::array<Flag, 14> kFlags = {
      {{"variant", "VARIANT", "minimal", "minimal: a Debian with systemd, kernel and agent; tiny: busybox and agent.",
        false},
       {"arch", "ARCH", "arm64", "arm64 or armhf.", false},
       {"suite", "SUITE", "bookworm", "The Debian release of a minimal image.", false},
       {"include", "PACKAGE", "", "A package more, of a minimal image.", true},
       {"agent", "FILE", "", "The agent's .deb or program; without it the one of scripts/build --target=ARCH.", false},
       {"ssh-key", "FILE", "", "With OpenSSH's server, for root with these public keys.", false},
       {"kernel", "PACKAGE", "", "Another kernel than Debian's for ARCH; none: without one.", false},
       {"output", "FILE", "", "Where it goes: *.tar.zst, *.tar.gz or *.tar.xz.", false},
       {"name", "NAME", "", "Add it to the store by this name; with --version.", false},
       {"version", "VERSION", "", "Which one of that name.", false},
       {"default", "", "false", "Make NAME the default.", false},
       images_flag(),
       config_flag(),
       help_flag()}};
  static const ApiCommand kCommand = {
      "image build",
      "Usage: piman image build [--output FILE] [--name NAME --version VERSION] [FLAG ...]\n\n"
      "Makes an image for nodes out of Debian's packages, with the node agent in it: DHCP on every wired port, the "
      "name\n"
      "that it is installed under, no password. The same packages and SOURCE_DATE_EPOCH give the same bytes.\n\n"
      "Runs scripts/build_image, which needs root, the network and, for minimal, the Debian packages mmdebstrap and\n"
      "qemu-user-static; where another architecture's programs can't be run (no binfmt_misc) it registers them for the "
      "time\n"
      "of the build, or says so. A minimal image takes 15 to 20 minutes on two cores, a tiny one some seconds.\n"
      "Exit code: 0 made, 1 failed, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman image build --name debian --version 2026-11 --default\n"
      "  piman image build --variant tiny --output tiny.tar.gz\n"
      "  piman image build --ssh-key ~/.ssh/id_ed25519.pub --include vim-tiny --output root.tar.zst\n",
      kFlags, 0, 0};
  ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  const ParsedFlags& parsed = call.parsed;
  const bool is_added = parsed.is_given("name") || parsed.is_given("version");
  std::string output = parsed.value(kFlags, "output");
  AddRequest request;
  StoreCall begun;
  if (is_added) {
    const auto ref = named_version(parsed, kFlags);
    if (!ref) return fail_command(kCommand, ref.error().message, kApiUsage);
    begun = begin_store_call(kCommand, arguments);
    if (begun.call.exit) return *begun.call.exit;
    request.ref = *ref;
    request.make_default = parsed.is_on(kFlags, "default");
  } else if (output.empty()) {
    return fail_command(kCommand, "where to? --output FILE, or --name and --version for the store", kApiUsage);
  }
  const auto script = find_build_script();
  if (!script) return fail_command(kCommand, script.error().message, kApiNotGood);
  const bool is_kept = !output.empty();
  if (!is_kept) output = temporary_place(std::filesystem::temp_directory_path().string());
  std::vector<std::string> words = {"--output", output};
  for (const std::string_view flag : {"variant", "arch", "suite", "agent", "ssh-key", "kernel"}) {
    const std::string value = parsed.value(kFlags, flag);
    if (!value.empty()) words.insert(words.end(), {concat("--", flag), value});
  }
  for (const std::string& package : parsed.values(kFlags, "include")) words.insert(words.end(), {"--include", package});
  const auto built = run_build_script(*script, words);
  if (!built) return fail_command(kCommand, built.error().message, kApiNotGood);
  if (*built != 0) return *built == kApiUsage ? kApiUsage : kApiNotGood;
  if (!is_added) return kApiGood;
  request.file = output;
  request.now = std::chrono::system_clock::to_time_t(Clock().wall());
  const int exit = add_and_tell(kCommand, begun, request);
  if (!is_kept) ::unlink(output.c_str());
  return exit;
}

}  // namespace piman::manager
