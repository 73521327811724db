// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "manager/images/archive_reader.h"

namespace {

piman::manager::ByteSource source_of(std::string_view bytes) {
  return [rest = bytes]() mutable -> piman::Result<std::string_view> {
    const std::string_view chunk = rest.substr(0, 500);
    rest.remove_prefix(chunk.size());
    return chunk;
  };
}

/// Stored, not compressed: so that the fuzzer's bytes are those of the tar.
std::string gzip_of(std::string_view bytes) {
  z_stream stream{};
  PIMAN_CHECK(deflateInit2(&stream, 0, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<unsigned>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  PIMAN_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

/// An archive that somebody wants to add: as it is, and as the tar in a gzip.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::manager;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ArchiveLimits limits;
  limits.most_unpacked_bytes = 1 << 20;
  for (const std::string& archive : {std::string(bytes), gzip_of(bytes)}) {
    const auto facts = check_archive(source_of(archive), limits);
    if (facts) PIMAN_CHECK(facts->unpacked_bytes <= limits.most_unpacked_bytes && facts->entries > 0);
  }
  return 0;
}
