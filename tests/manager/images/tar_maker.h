// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manager/images/byte_source.h"

/// Archives byte by byte: what no tar program would make can be made too.
namespace piman::test {

struct TarEntry {
  std::string path;
  char type = '0';  ///< '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' folder, '6' pipe
  std::string content;
  std::string target;
  unsigned mode = 0755;
};

/// Source: POSIX.1-1988 "ustar" header, 512 bytes.
inline std::string tar_of(const std::vector<TarEntry>& entries) {
  std::string out;
  for (const TarEntry& entry : entries) {
    std::array<char, 512> head{};
    std::snprintf(head.data(), 100, "%s", entry.path.c_str());
    std::snprintf(&head[100], 8, "%07o", entry.mode);
    std::snprintf(&head[108], 8, "%07o", 0U);
    std::snprintf(&head[116], 8, "%07o", 0U);
    std::snprintf(&head[124], 12, "%011lo", static_cast<unsigned long>(entry.content.size()));
    std::snprintf(&head[136], 12, "%011o", 1U);
    head[156] = entry.type;
    std::snprintf(&head[157], 100, "%s", entry.target.c_str());
    std::snprintf(&head[257], 9, "ustar%c00", '\0');
    head[263] = head[264] = '0';
    unsigned sum = 8U * ' ';
    for (std::size_t i = 0; i < head.size(); ++i) {
      if (i < 148 || i >= 156) sum += static_cast<unsigned char>(head[i]);
    }
    std::snprintf(&head[148], 8, "%06o", sum);
    out.append(head.data(), head.size()).append(entry.content);
    out.resize((out.size() + 511) / 512 * 512);
  }
  out.resize(out.size() + 1024);
  return out;
}

inline std::string gzip_of(std::string_view bytes) {
  z_stream stream{};
  deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<unsigned>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// The least that is a root file system, for a program of arm64.
inline std::vector<TarEntry> small_root() {
  std::string program("\x7f\x45LF\x02\x01\x01", 7);
  program.resize(16);
  program += std::string("\x02\x00\xb7\x00", 4);
  return {{"./", '5', "", "", 0755},
          {"./dev/", '5', "", "", 0755},
          {"./etc/", '5', "", "", 0755},
          {"./proc/", '5', "", "", 0755},
          {"./sys/", '5', "", "", 0755},
          {"./sbin/", '5', "", "", 0755},
          {"./sbin/init", '0', program, "", 0755}};
}

/// The bytes in chunks.
inline manager::ByteSource source_of(std::string_view bytes, std::size_t chunk_bytes = 1000) {
  return [rest = bytes, chunk_bytes]() mutable -> Result<std::string_view> {
    const std::string_view chunk = rest.substr(0, chunk_bytes);
    rest.remove_prefix(chunk.size());
    return chunk;
  };
}

}  // namespace piman::test
