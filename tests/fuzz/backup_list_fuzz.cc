// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "common/sha256.h"
#include "common/text.h"
#include "manager/backup/archive_format.h"
#include "manager/backup/moves.h"

/// The list in a backup, and what a restore has left to do: what can be read is byte by byte what would be written.
/// Their sum is made right first, or nothing would get past it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::manager;
  std::string text(reinterpret_cast<const char*>(data), size);
  PIMAN_CHECK(!parse_backup_list(text) || !text.empty());
  text += piman::concat("end ", piman::to_hex(piman::sha256(text)), '\n');
  if (const auto list = parse_backup_list(text)) {
    PIMAN_CHECK(to_text(*list) == text);
    for (const BackupFile& file : list->files) {
      const std::string header = tar_header(file, list->made);
      PIMAN_CHECK(header.size() == kTarBlock && size_in_header(header) == file.size);
      PIMAN_CHECK((file.size + padding_after(file.size)) % kTarBlock == 0);
    }
  }
  if (const auto moves = parse_moves(text)) {
    const auto again = to_text(*moves);
    PIMAN_CHECK(!again || *again == text);
  }
  return 0;
}
