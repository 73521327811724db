// SPDX-License-Identifier: Apache-2.0
#include "common/http/body_sources.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "common/text.h"

namespace piman::http {
namespace {

std::chrono::nanoseconds modified_at(const struct ::stat& found) {
  return std::chrono::seconds(found.st_mtim.tv_sec) + std::chrono::nanoseconds(found.st_mtim.tv_nsec);
}

class FileSource final : public BodySource {
 public:
  FileSource(UniqueFd file, const struct ::stat& found)
      : file_(std::move(file)), size_(static_cast<std::uint64_t>(found.st_size)), modified_(modified_at(found)) {}

  std::uint64_t size_bytes() const override { return size_; }
  std::string_view read(std::uint64_t offset, std::span<char> buffer) const override {
    ::ssize_t got = 0;
    do {
      got = ::pread(file_.get(), buffer.data(), buffer.size(), static_cast<::off_t>(offset));
    } while (got < 0 && errno == EINTR);
    // Looked at after reading: what was written meanwhile shows by then. Half an old and half a new file is neither.
    struct ::stat now {};
    const bool same = ::fstat(file_.get(), &now) == 0 && static_cast<std::uint64_t>(now.st_size) == size_ &&
                      modified_at(now) == modified_;
    return {buffer.data(), got > 0 && same ? static_cast<std::size_t>(got) : 0};
  }

 private:
  UniqueFd file_;
  std::uint64_t size_;
  std::chrono::nanoseconds modified_;
};

class MemorySource final : public BodySource {
 public:
  explicit MemorySource(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size_bytes() const override { return bytes_->size(); }
  std::string_view read(std::uint64_t offset, std::span<char> buffer) const override {
    if (offset >= bytes_->size()) return {};
    return std::string_view(*bytes_).substr(static_cast<std::size_t>(offset), buffer.size());
  }

 private:
  std::shared_ptr<const std::string> bytes_;
};

std::string hex(std::uint64_t value) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
  return {digits, end};
}

}  // namespace

Result<Content> file_content(UniqueFd file) {
  struct ::stat found {};
  if (::fstat(file.get(), &found) != 0) return fail(std::strerror(errno));
  if (!S_ISREG(found.st_mode)) return fail("not a regular file");
  const std::chrono::nanoseconds modified = modified_at(found);
  Content content;
  content.modified = WallTime(std::chrono::duration_cast<WallTime::duration>(modified));
  content.etag = concat('"', hex(found.st_ino), '-', hex(static_cast<std::uint64_t>(found.st_size)), '-',
                        hex(static_cast<std::uint64_t>(modified.count())), '"');
  content.source = std::make_shared<FileSource>(std::move(file), found);
  return content;
}

Result<Content> open_content(const std::string& path) {
  // Non-blocking, so that a pipe in the place of a file does not hold the thread.
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) return fail(concat("opening ", path, ": ", std::strerror(errno)));
  auto content = file_content(std::move(file));
  if (!content) return fail_with(concat("opening ", path), content.error());
  return content;
}

Content memory_content(std::shared_ptr<const std::string> bytes, std::string etag) {
  Content content;
  content.etag = std::move(etag);
  content.source = std::make_shared<MemorySource>(std::move(bytes));
  return content;
}

}  // namespace piman::http
