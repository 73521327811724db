// SPDX-License-Identifier: Apache-2.0
#include "manager/images/gunzip.h"

#include <zlib.h>

#include <memory>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::size_t kChunkBytes = 64UL * 1024;
constexpr int kGzipOnly = 16 + MAX_WBITS;

class Gunzip {
 public:
  explicit Gunzip(ByteSource compressed) : compressed_(std::move(compressed)), out_(kChunkBytes) {
    PIMAN_CHECK(inflateInit2(&stream_, kGzipOnly) == Z_OK);
  }
  ~Gunzip() { inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  Result<std::string_view> next() {
    stream_.next_out = out_.data();
    stream_.avail_out = static_cast<unsigned>(out_.size());
    while (stream_.avail_out == out_.size()) {
      if (stream_.avail_in == 0) {
        if (auto filled = fill(); !filled) return tl::unexpected<Error>(filled.error());
        if (stream_.avail_in == 0) return at_end();
      }
      if (between_members_ && !begin_member()) continue;
      if (in_padding_) return fail("there are other bytes behind the end of the gzip data");
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status == Z_STREAM_END) {
        between_members_ = true;
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        return fail(concat("the gzip data is damaged: ", stream_.msg == nullptr ? "unknown reason" : stream_.msg));
      }
    }
    return std::string_view(reinterpret_cast<const char*>(out_.data()), out_.size() - stream_.avail_out);
  }

 private:
  Result<void> fill() {
    const auto bytes = compressed_();
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    PIMAN_CHECK(bytes->size() <= UINT32_MAX);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes->data()));
    stream_.avail_in = static_cast<unsigned>(bytes->size());
    return {};
  }

  /// Skips padding. True: a member begins here, or what is in its place.
  bool begin_member() {
    while (stream_.avail_in > 0 && *stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
      in_padding_ = true;
    }
    if (stream_.avail_in == 0) return false;
    if (!in_padding_) {
      PIMAN_CHECK(inflateReset(&stream_) == Z_OK);
      between_members_ = false;
    }
    return true;
  }

  Result<std::string_view> at_end() const {
    if (!between_members_) return fail("the gzip data is cut: it ends before its end");
    return std::string_view();
  }

  ByteSource compressed_;
  std::vector<Bytef> out_;
  z_stream stream_{};
  bool between_members_ = false;
  bool in_padding_ = false;
};

}  // namespace

ByteSource gunzipped(ByteSource compressed) {
  return [state = std::make_shared<Gunzip>(std::move(compressed))] { return state->next(); };
}

}  // namespace piman::manager
