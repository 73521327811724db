// SPDX-License-Identifier: Apache-2.0
#include "manager/images/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "common/text.h"
#include "manager/images/archive_format.h"
#include "manager/images/gunzip.h"

namespace piman::manager {
namespace {

constexpr std::uint64_t kMostDictionaryBytes = 128ULL << 20U;  // zstd refuses more by itself

struct ReadFree {
  void operator()(::archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<::archive, ReadFree>;

std::string error_text(::archive* reader) {
  const char* text = archive_error_string(reader);
  return text == nullptr ? "unknown reason" : text;
}

/// What libarchive reads from, and what it was told there.
struct Feed {
  ByteSource source;
  std::optional<Error> error;
};

la_ssize_t read_feed(::archive* reader, void* client, const void** bytes) {
  auto& feed = *static_cast<Feed*>(client);
  const auto chunk = feed.source();
  if (!chunk) {
    feed.error = chunk.error();
    archive_set_error(reader, EIO, "%s", chunk.error().message.c_str());
    return ARCHIVE_FATAL;
  }
  *bytes = chunk->data();
  return static_cast<la_ssize_t>(chunk->size());
}

/// What xz or zstd hold.
class Decompressor {
 public:
  explicit Decompressor(ByteSource compressed) : feed_{std::move(compressed), {}} {}

  Result<std::string_view> next() {
    if (!is_open_) {
      if (archive_read_open(reader_.get(), &feed_, nullptr, read_feed, nullptr) != ARCHIVE_OK) return failed();
      ::archive_entry* entry = nullptr;
      const int status = archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF) return std::string_view();
      if (status != ARCHIVE_OK) return failed();
      is_open_ = true;
    }
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    while (size == 0) {
      const int status = archive_read_data_block(reader_.get(), &bytes, &size, &offset);
      if (status == ARCHIVE_EOF) return std::string_view();
      if (status != ARCHIVE_OK) return failed();
    }
    return std::string_view(static_cast<const char*>(bytes), size);
  }

  ::archive* reader() { return reader_.get(); }

 private:
  tl::unexpected<Error> failed() {
    if (feed_.error) return tl::unexpected<Error>(*feed_.error);
    return fail(concat("the compressed data is damaged or cut: ", error_text(reader_.get())));
  }

  Reader reader_{archive_read_new()};
  Feed feed_;
  bool is_open_ = false;
};

ByteSource decompressed(ByteSource compressed, std::string_view format) {
  if (format == "tar.gz") return gunzipped(std::move(compressed));
  auto state = std::make_shared<Decompressor>(std::move(compressed));
  archive_read_support_format_raw(state->reader());
  archive_read_support_format_empty(state->reader());
  if (format == "tar.xz") archive_read_support_filter_xz(state->reader());
  if (format == "tar.zst") archive_read_support_filter_zstd(state->reader());
  return [state] { return state->next(); };
}

ArchiveEntry::Type type_of(::archive_entry* entry) {
  using Type = ArchiveEntry::Type;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return Type::kFile;
    case AE_IFDIR:
      return Type::kFolder;
    case AE_IFLNK:
      return Type::kSymlink;
    case AE_IFCHR:
    case AE_IFBLK:
      return Type::kDevice;
    case AE_IFIFO:
      return Type::kFifo;
    default:
      return Type::kOther;
  }
}

/// As bytes. In the C locale, what is UTF-8 in the archive has no other form.
std::string first_of(const char* plain, const char* utf8) {
  if (plain != nullptr) return plain;
  return utf8 == nullptr ? std::string() : utf8;
}

ArchiveEntry to_entry(::archive_entry* from) {
  ArchiveEntry entry;
  entry.path = first_of(archive_entry_pathname(from), archive_entry_pathname_utf8(from));
  entry.type = type_of(from);
  if (entry.type == ArchiveEntry::Type::kSymlink) {
    entry.target = first_of(archive_entry_symlink(from), archive_entry_symlink_utf8(from));
  }
  std::string hardlink = first_of(archive_entry_hardlink(from), archive_entry_hardlink_utf8(from));
  if (!hardlink.empty()) {
    entry.type = ArchiveEntry::Type::kHardlink;
    entry.target = std::move(hardlink);
  } else if (entry.type == ArchiveEntry::Type::kFile) {
    entry.size_bytes = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(from), 0));
  }
  entry.is_executable = (archive_entry_perm(from) & 0111U) != 0;
  entry.is_sparse = archive_entry_sparse_count(from) > 0;
  return entry;
}

/// Which architecture most programs and libraries are for.
class ArchitectureVote {
 public:
  void see(const ArchiveEntry& entry, ::archive* reader) {
    const bool may_be = entry.is_executable || entry.path.find(".so") != std::string::npos;
    if (entry.type != ArchiveEntry::Type::kFile || !may_be || entry.size_bytes < kElfHeadBytes) return;
    std::array<char, kElfHeadBytes> head{};
    const la_ssize_t got = archive_read_data(reader, head.data(), head.size());
    if (got != static_cast<la_ssize_t>(head.size())) return;  // what is wrong, the next header tells
    if (const auto architecture = elf_architecture({head.data(), head.size()})) ++votes_[*architecture];
  }
  std::string result() const {
    const auto most = std::max_element(votes_.begin(), votes_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == votes_.end() ? "any" : std::string(most->first);
  }

 private:
  std::map<std::string_view, std::uint64_t> votes_;
};

Result<void> read_entries(Feed& tar, ArchiveRules& rules, ArchitectureVote& vote) {
  const Reader reader(archive_read_new());
  const auto failed = [&]() -> tl::unexpected<Error> {
    if (tar.error) return tl::unexpected<Error>(*tar.error);
    return fail(concat("the tar archive is damaged or cut, or there is none: ", error_text(reader.get())));
  };
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_empty(reader.get());
  if (archive_read_open(reader.get(), &tar, nullptr, read_feed, nullptr) != ARCHIVE_OK) return failed();
  for (;;) {
    ::archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return {};
    // A warning is about what does not matter here, such as names that this process's locale can't say.
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return failed();
    const ArchiveEntry seen = to_entry(entry);
    if (auto good = rules.see(seen); !good) return good;
    vote.see(seen, reader.get());
  }
}

/// Gives what was taken off the front, then the rest.
ByteSource with_head(std::string head, const ByteSource& rest) {
  auto state = std::make_shared<std::pair<std::string, bool>>(std::move(head), false);
  return [state, &rest]() -> Result<std::string_view> {
    if (!std::exchange(state->second, true) && !state->first.empty()) return std::string_view(state->first);
    return rest();
  };
}

Result<std::string> take_head(const ByteSource& source) {
  std::string head;
  while (head.size() < kFormatHeadBytes) {
    const auto chunk = source();
    if (!chunk) return tl::unexpected<Error>(chunk.error());
    if (chunk->empty()) break;
    head.append(*chunk);
  }
  return head;
}

Result<void> drain(const ByteSource& source) {
  for (;;) {
    const auto chunk = source();
    if (!chunk) return tl::unexpected<Error>(chunk.error());
    if (chunk->empty()) return {};
  }
}

}  // namespace

Result<ArchiveFacts> check_archive(const ByteSource& archive, const ArchiveLimits& limits) {
  auto head = take_head(archive);
  if (!head) return tl::unexpected<Error>(head.error());
  ArchiveFacts facts;
  facts.format = format_of_head(*head);
  if (facts.format.empty()) {
    return fail(concat("this is ", guess_of_head(*head), "; an image is a tar archive compressed by gzip, xz or zstd"));
  }
  if (const auto bytes = facts.format == "tar.xz" ? xz_dictionary_bytes(*head) : std::nullopt;
      bytes && *bytes > kMostDictionaryBytes) {
    return fail(concat("a node would need ", *bytes >> 20U, " MiB of memory to unpack it: make it with xz -9 or less"));
  }
  const ByteSource source = with_head(std::move(*head), archive);
  const ByteSource unpacked = decompressed(source, facts.format);
  bool is_at_end = false;
  Feed tar{[&]() -> Result<std::string_view> {
             const auto chunk = unpacked();
             if (!chunk) return chunk;
             is_at_end = chunk->empty();
             facts.unpacked_bytes += chunk->size();
             if (facts.unpacked_bytes > limits.most_unpacked_bytes) {
               return fail(concat("it unpacks to more than ", limits.most_unpacked_bytes, " bytes"));
             }
             return chunk;
           },
           {}};
  ArchiveRules rules(limits);
  ArchitectureVote vote;
  if (auto read = read_entries(tar, rules, vote); !read) return tl::unexpected<Error>(read.error());
  // What is behind the archive's end is unpacked on the node as well, and its checksum with it.
  if (auto rest = is_at_end ? Result<void>() : drain(tar.source); !rest) return tl::unexpected<Error>(rest.error());
  if (auto rest = drain(source); !rest) return tl::unexpected<Error>(rest.error());
  if (auto whole = rules.finish(); !whole) return tl::unexpected<Error>(whole.error());
  facts.entries = rules.entries();
  facts.architecture = vote.result();
  return facts;
}

}  // namespace piman::manager
