// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manager/images/image_name.h"

/// The list of a store's images, and its text. Pure.
///
/// One file for all, so that which images there are and which is the default change in one rename. Lines of words and
/// not JSON: no value needs quoting, a strict reader is short, and the last line tells a file that was cut.
///
///     piman images 1
///     image NAME VERSION FORMAT SHA256 SIZE_BYTES UNPACKED_BYTES ENTRIES ARCHITECTURE ADDED_AT
///     default NAME[@VERSION]
///     end NUMBER_OF_IMAGES
namespace piman::manager {

struct StoredImage {
  std::string name, version;
  std::string format;  ///< "tar.gz", "tar.xz" or "tar.zst"
  std::string sha256;  ///< 64 lower-case digits
  std::uint64_t size_bytes = 0, unpacked_bytes = 0, entries = 0;
  std::string architecture;   ///< of its programs, as Debian calls it: "arm64", "arm", "amd64", ...; "any": it has none
  std::int64_t added_at = 0;  ///< seconds since 1970

  ImageRef ref() const { return {name, version}; }
  bool operator==(const StoredImage&) const = default;
};

struct ImageIndex {
  std::vector<StoredImage> images;      ///< by name, then from the oldest version to the newest
  std::optional<ImageRef> default_ref;  ///< may name what is not there any more

  /// Null: there is none.
  const StoredImage* find(const ImageRef& ref) const;
  const StoredImage* default_image() const { return default_ref ? find(*default_ref) : nullptr; }
  bool uses_blob(std::string_view sha256) const;
  /// Puts it in its place. Precondition: this name and version is not there.
  void insert(StoredImage image);
  void erase(const ImageRef& exact);
  bool operator==(const ImageIndex&) const = default;
};

inline constexpr std::size_t kMostImages = 10'000;
inline constexpr std::size_t kMostIndexBytes = 8UL * 1024 * 1024;

bool is_sha256_text(std::string_view text);
bool is_image_format(std::string_view text);

/// Errors name the line. What is read comes back the same from what is written.
Result<ImageIndex> parse_image_index(std::string_view text);
std::string format_image_index(const ImageIndex& index);

}  // namespace piman::manager
