// SPDX-License-Identifier: Apache-2.0
#include "manager/api/api_token.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "common/check.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::manager::api {
namespace {

constexpr std::size_t kMostTokenBytes = 512;

tl::unexpected<Error> fail_errno(std::string_view what, const std::string& path) {
  return fail(concat(what, ' ', path, ": ", std::generic_category().message(errno)));
}

}  // namespace

Result<std::string> read_token(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return fail_errno("reading the token", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno("reading the token", path);
  if (!S_ISREG(status.st_mode)) return fail(concat("the token ", path, " is no file"));
  if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    return fail(concat("the token ", path, " can be read by everyone, or written by its group: chmod 640 it"));
  }
  std::array<char, kMostTokenBytes + 1> buffer{};
  const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
  if (got < 0) return fail_errno("reading the token", path);
  const std::string_view token = trim(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  if (token.empty()) return fail(concat("the token ", path, " is empty"));
  if (token.size() > kMostTokenBytes)
    return fail(concat("the token ", path, " is longer than ", kMostTokenBytes, " bytes"));
  for (const char c : token) {
    if (c <= ' ' || c > '~')
      return fail(concat("the token ", path, " holds other characters than letters, digits and signs"));
  }
  return std::string(token);
}

Result<std::string> read_or_make_token(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 || errno != ENOENT) return read_token(path);
  const std::string token = random_word();
  // Whole or not at all: an empty token file would lock everybody out at the next start.
  const std::string unfinished = path + ".new";
  ::unlink(unfinished.c_str());
  {
    const UniqueFd fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) return fail_errno("making the token", unfinished);
    const std::string line = token + '\n';
    if (::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(fd.get()) != 0) {
      return fail_errno("writing the token", unfinished);
    }
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0) return fail_errno("making the token", path);
  return token;
}

std::string random_word() {
  std::array<std::uint8_t, 32> bytes{};
  PIMAN_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string word;
  for (const std::uint8_t byte : bytes) {
    word += kDigits[byte >> 4U];
    word += kDigits[byte & 15U];
  }
  return word;
}

bool is_same_secret(std::string_view given, std::string_view secret) {
  std::size_t difference = given.size() ^ secret.size();
  for (std::size_t i = 0; i < secret.size(); ++i) {
    difference |= static_cast<std::size_t>(secret[i] ^ (i < given.size() ? given[i] : '\0'));
  }
  return difference == 0 && !secret.empty();
}

bool has_token(const http::Request& request, std::string_view token) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view header = request.header("Authorization");
  if (header.size() < kScheme.size() || !equals_ignoring_case(header.substr(0, kScheme.size()), kScheme)) return false;
  const std::string_view given = trim(header.substr(kScheme.size()));
  return is_same_secret(given, token);
}

}  // namespace piman::manager::api
