// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

/// What images are called: a name, and versions of it. Pure.
namespace piman::manager {

inline constexpr std::size_t kMostNameBytes = 64;

/// a-z, 0-9 and . _ - behind a letter or digit; no more than kMostNameBytes. So that a name is one word in a shell, in
/// an index, in a URL and on the wire.
bool is_image_name(std::string_view text);
/// The same with capital letters, + and ~, as Debian's versions have them.
bool is_image_version(std::string_view text);

/// Which image: "NAME" is the newest version of it, "NAME@VERSION" that one.
struct ImageRef {
  std::string name;
  std::string version;  ///< empty: the newest

  std::string to_string() const { return version.empty() ? name : name + '@' + version; }
  bool operator==(const ImageRef&) const = default;
};
/// Errors name what is wrong with the text.
Result<ImageRef> parse_image_ref(std::string_view text);

/// Which version is older (negative), or newer (positive): numbers in it count as numbers, so that 1.9 is older
/// than 1.10 and 2026-9 than 2026-11; ~ is older than the end, so that 2~rc1 is older than 2. 0 only for the same text.
/// Source: the order of Debian's versions, deb-version(7), without epochs.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace piman::manager
