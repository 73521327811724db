// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

/// Several files replaced as if at one moment: the new ones lie ready beside the old ones, a file beside the
/// configuration says what is to be renamed, and from then on it will be, by whoever comes next: the same command, the
/// next one, or the server when it starts.
namespace piman::manager {

struct Move {
  std::string ready;         ///< the new file
  std::string target;        ///< the name that it gets
  std::string aside;         ///< the name that the old one gets
  bool is_database = false;  ///< "-wal" and "-shm" go with the old one

  bool operator==(const Move&) const = default;
};

struct Moves {
  std::string store_folder;  ///< locked meanwhile
  std::vector<Move> moves;

  bool operator==(const Moves&) const = default;
};

inline constexpr std::size_t kMostMovesBytes = 1024UL * 1024;

/// Pure. Errors: a path that can't be one line.
Result<std::string> to_text(const Moves& moves);
Result<Moves> parse_moves(std::string_view text);

/// The file that says what is to be renamed.
std::string moves_file(const std::string& config_file);
/// The point of no return: after it all of the moves are made, now or later. Then makes them.
/// REQUIRES: the store is locked by the caller.
Result<void> make_moves(const std::string& config_file, const Moves& moves);
/// Makes what an interrupted restore has left to be made; whether there was something. Locks the store for it.
Result<bool> finish_moves(const std::string& config_file);

}  // namespace piman::manager
