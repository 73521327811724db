// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/http_access.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "common/secret_file.h"
#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::chrono::seconds kBetweenLooks{10}, kBetweenCrlLooks{1};
constexpr std::size_t kMostSecretBytes = 512;

Result<void> check_readable(std::string_view key, const std::string& file) {
  if (file.empty() || ::access(file.c_str(), R_OK) == 0) return {};
  return fail(concat("agents.", key, ": ", file, ": ", std::generic_category().message(errno)));
}

/// Equal as long as the file is the same; zeros where there is none.
std::array<std::int64_t, 4> mark_of(const std::string& file) {
  struct stat status {};
  if (file.empty() || ::stat(file.c_str(), &status) != 0) return {};
  return {static_cast<std::int64_t>(status.st_ino), status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

}  // namespace

std::string server_name_of(std::string_view pattern, const Host& host) {
  std::string name;
  while (!pattern.empty()) {
    if (pattern.starts_with("{name}")) {
      name += host.name;
      pattern.remove_prefix(6);
    } else if (pattern.starts_with("{address}")) {
      name += host.address.to_string();
      pattern.remove_prefix(9);
    } else {
      name += pattern.front();
      pattern.remove_prefix(1);
    }
  }
  return name;
}

Result<AccessFiles> AccessFiles::open(AccessSettings settings) {
  AccessFiles files(std::move(settings));
  const AccessSettings& said = files.settings_;
  files.access_.tls = said.tls;
  files.access_.ca_file = said.ca_file;
  files.access_.crl_file = said.crl_file;
  files.crl_mark_ = mark_of(said.crl_file);
  files.access_.cert_file = said.cert_file;
  files.access_.key_file = said.key_file;
  files.access_.user = said.user;
  const std::array<std::pair<std::string_view, const std::string*>, 4> read_by_curl = {{{"ca_file", &said.ca_file},
                                                                                        {"crl_file", &said.crl_file},
                                                                                        {"cert_file", &said.cert_file},
                                                                                        {"key_file", &said.key_file}}};
  for (const auto& [key, file] : read_by_curl) {
    if (auto readable = check_readable(key, *file); !readable) return tl::unexpected<Error>(readable.error());
  }
  if (auto read = files.read_secrets(); !read) return tl::unexpected<Error>(read.error());
  return files;
}

Result<void> AccessFiles::read_secrets() {
  if (!settings_.password_file.empty()) {
    auto password = read_secret_file(settings_.password_file, kMostSecretBytes);
    if (!password) return fail_with("agents.password_file", password.error());
    access_.password = std::move(*password);
  }
  if (!settings_.token_file.empty()) {
    auto token = read_secret_file(settings_.token_file, kMostSecretBytes);
    if (!token) return fail_with("agents.token_file", token.error());
    access_.bearer = std::move(*token);
  }
  return {};
}

void AccessFiles::look_at_crl(SteadyTime now) {
  if (settings_.crl_file.empty() || now < next_crl_look_) return;
  next_crl_look_ = now + kBetweenCrlLooks;
  const auto mark = mark_of(settings_.crl_file);
  if (mark == crl_mark_) return;
  crl_mark_ = mark;
  access_.crl_changed = now;
}

void AccessFiles::look(SteadyTime now, Logger& log) {
  look_at_crl(now);
  if (now < next_look_ || (settings_.password_file.empty() && settings_.token_file.empty())) return;
  next_look_ = now + kBetweenLooks;
  const auto read = read_secrets();
  const std::string problem = read ? std::string() : read.error().message;
  if (!problem.empty() && problem != last_problem_) {
    log.warn("what agents are asked with can't be read; the old one stays", {{"err", problem}});
  }
  last_problem_ = problem;
}

}  // namespace piman::manager
