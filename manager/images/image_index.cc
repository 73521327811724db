// SPDX-License-Identifier: Apache-2.0
#include "manager/images/image_index.h"

#include <algorithm>

#include "common/check.h"
#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::string_view kFirstLine = "piman images 1";

bool is_before(const StoredImage& a, const StoredImage& b) {
  if (a.name != b.name) return a.name < b.name;
  return compare_versions(a.version, b.version) < 0;
}

bool is_architecture(std::string_view text) {
  return !text.empty() && text.size() <= 16 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::string line_of(const StoredImage& image) {
  return concat("image ", image.name, ' ', image.version, ' ', image.format, ' ', image.sha256, ' ', image.size_bytes,
                ' ', image.unpacked_bytes, ' ', image.entries, ' ', image.architecture, ' ', image.added_at, '\n');
}

std::string_view next_word(std::string_view& rest) { return next_until(rest, ' '); }

std::optional<StoredImage> parse_image(std::string_view rest) {
  StoredImage image;
  image.name = next_word(rest);
  image.version = next_word(rest);
  image.format = next_word(rest);
  image.sha256 = next_word(rest);
  const auto size = parse_u64(next_word(rest)), unpacked = parse_u64(next_word(rest)),
             entries = parse_u64(next_word(rest));
  image.architecture = next_word(rest);
  const auto added = parse_i64(next_word(rest));
  const bool is_good = is_image_name(image.name) && is_image_version(image.version) && is_image_format(image.format) &&
                       is_sha256_text(image.sha256) && size && unpacked && entries &&
                       is_architecture(image.architecture) && added && rest.empty();
  if (!is_good) return std::nullopt;
  image.size_bytes = *size;
  image.unpacked_bytes = *unpacked;
  image.entries = *entries;
  image.added_at = *added;
  return image;
}

tl::unexpected<Error> fail_at(std::size_t line, std::string_view text, std::string_view why) {
  return fail(concat("line ", line, ": ", quote(text), ' ', why));
}

}  // namespace

bool is_sha256_text(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_image_format(std::string_view text) { return text == "tar.gz" || text == "tar.xz" || text == "tar.zst"; }

const StoredImage* ImageIndex::find(const ImageRef& ref) const {
  const StoredImage* found = nullptr;  // the last one of the name is the newest
  for (const StoredImage& image : images) {
    if (image.name == ref.name && (ref.version.empty() || image.version == ref.version)) found = &image;
  }
  return found;
}

bool ImageIndex::uses_blob(std::string_view sha256) const {
  return std::any_of(images.begin(), images.end(), [&](const StoredImage& image) { return image.sha256 == sha256; });
}

void ImageIndex::insert(StoredImage image) {
  const auto place = std::lower_bound(images.begin(), images.end(), image, is_before);
  PIMAN_CHECK(place == images.end() || place->ref() != image.ref());
  images.insert(place, std::move(image));
}

void ImageIndex::erase(const ImageRef& exact) {
  std::erase_if(images, [&](const StoredImage& image) { return image.ref() == exact; });
}

Result<ImageIndex> parse_image_index(std::string_view text) {
  if (text.size() > kMostIndexBytes) return fail(concat("more than ", kMostIndexBytes, " bytes"));
  ImageIndex index;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return fail_at(number + 1, text, "has no end: the file was cut");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (++number == 1) {
      if (line != kFirstLine) return fail_at(number, line, concat("is not ", quote(kFirstLine)));
      continue;
    }
    std::string_view rest = line;
    const std::string_view word = next_word(rest);
    if (word == "image") {
      auto image = parse_image(rest);
      // One blank between words, no zeros in front of numbers: what is read is what would be written.
      if (!image || line_of(*image) != concat(line, '\n')) return fail_at(number, line, "is no image");
      if (index.default_ref) return fail_at(number, line, "comes after the default");
      if (index.images.size() == kMostImages) return fail_at(number, line, concat("is more than ", kMostImages));
      if (!index.images.empty() && !is_before(index.images.back(), *image)) {
        return fail_at(number, line, "is there already, or not in its order");
      }
      index.images.push_back(std::move(*image));
    } else if (word == "default") {
      auto ref = parse_image_ref(rest);
      if (!ref || index.default_ref) return fail_at(number, line, "is no default");
      index.default_ref = std::move(*ref);
    } else if (word == "end") {
      if (line != concat("end ", index.images.size()) || !text.empty()) return fail_at(number, line, "is not the end");
      return index;
    } else {
      return fail_at(number, line, "is unknown");
    }
  }
  return fail(concat("ends after ", number, " lines without \"end\": the file was cut"));
}

std::string format_image_index(const ImageIndex& index) {
  std::string out = concat(kFirstLine, '\n');
  for (const StoredImage& image : index.images) {
    out += line_of(image);
  }
  if (index.default_ref) out += concat("default ", index.default_ref->to_string(), '\n');
  return out + concat("end ", index.images.size(), '\n');
}

}  // namespace piman::manager
