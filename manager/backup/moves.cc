// SPDX-License-Identifier: Apache-2.0
#include "manager/backup/moves.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "common/sha256.h"
#include "common/text.h"
#include "manager/backup/file_io.h"
#include "manager/fleet/text_file.h"
#include "manager/store/schema.h"
#include "manager/store/store.h"

namespace piman::manager {
namespace {

constexpr std::string_view kFirstLine = "piman-restore 1";

Result<void> rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail(concat("renaming ", from, " to ", to, ": ", std::generic_category().message(errno)));
}

/// Each step may have been made already: the first one that was not is where an earlier run was cut off.
Result<void> make_move(const Move& move) {
  if (!file_exists(move.ready)) return {};
  if (file_exists(move.target)) {
    if (auto moved = rename_file(move.target, move.aside); !moved) return moved;
  }
  if (move.is_database) {
    for (const char* const suffix : {"-wal", "-shm"}) {
      if (!file_exists(move.target + suffix)) continue;
      if (auto moved = rename_file(move.target + suffix, move.aside + suffix); !moved) return moved;
    }
  }
  return rename_file(move.ready, move.target);
}

Result<void> carry_out(const std::string& config_file, const Moves& moves) {
  for (const Move& move : moves.moves) {
    if (auto made = make_move(move); !made) return made;
  }
  for (const Move& move : moves.moves) {
    if (auto synced = sync_folder_of(move.target); !synced) return synced;
  }
  ::unlink(moves_file(config_file).c_str());
  return sync_folder_of(config_file);
}

}  // namespace

Result<std::string> to_text(const Moves& moves) {
  std::string text = concat(kFirstLine, '\n', moves.store_folder, '\n');
  for (const Move& move : moves.moves) {
    for (const std::string* path : {&move.ready, &move.target, &move.aside, &moves.store_folder}) {
      if (path->empty() || path->find('\n') != std::string::npos) return fail(concat("no usable path: ", quote(*path)));
    }
    text += concat(move.is_database ? "database\n" : "file\n", move.ready, '\n', move.target, '\n', move.aside, '\n');
  }
  return text + concat("end ", to_hex(sha256(text)), '\n');
}

Result<Moves> parse_moves(std::string_view text) {
  const std::size_t end = text.rfind("end ");
  if (end == std::string_view::npos || end == 0 || text[end - 1] != '\n' ||
      text.substr(end) != concat("end ", to_hex(sha256(text.substr(0, end))), '\n')) {
    return fail("is damaged");
  }
  std::string_view rest = text.substr(0, end);
  if (next_until(rest, '\n') != kFirstLine) return fail("was written by another piman");
  Moves moves;
  moves.store_folder = next_until(rest, '\n');
  if (moves.store_folder.empty()) return fail("names no store");
  while (!rest.empty()) {
    Move move;
    const std::string_view kind = next_until(rest, '\n');
    move.is_database = kind == "database";
    move.ready = next_until(rest, '\n');
    move.target = next_until(rest, '\n');
    move.aside = next_until(rest, '\n');
    const bool is_known = move.is_database || kind == "file";
    if (!is_known || move.ready.empty() || move.target.empty() || move.aside.empty()) {
      return fail(concat("has a line that means nothing: ", quote(kind)));
    }
    moves.moves.push_back(std::move(move));
  }
  return moves;
}

std::string moves_file(const std::string& config_file) { return config_file + ".restoring"; }

Result<void> make_moves(const std::string& config_file, const Moves& moves) {
  const auto text = to_text(moves);
  if (!text) return tl::unexpected<Error>(text.error());
  const std::string path = moves_file(config_file);
  auto file = UnfinishedFile::open(path + ".new");
  if (!file) return tl::unexpected<Error>(file.error());
  Result<void> written = file->write(*text);
  if (written) written = file->finish(0644, folder_of(config_file));
  if (written) written = rename_file(path + ".new", path);
  if (written) written = sync_folder_of(config_file);
  if (!written) {
    ::unlink((path + ".new").c_str());
    ::unlink(path.c_str());
    return written;
  }
  return carry_out(config_file, moves);
}

Result<bool> finish_moves(const std::string& config_file) {
  const std::string path = moves_file(config_file);
  const auto text = read_text_file(path, kMostMovesBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  if (!*text) return false;
  const auto moves = parse_moves(**text);
  if (!moves) return fail(concat(path, ' ', moves.error().message));
  const auto lock = lock_store(moves->store_folder);
  if (!lock) return tl::unexpected<Error>(lock.error());
  if (auto done = carry_out(config_file, *moves); !done) return tl::unexpected<Error>(done.error());
  return true;
}

}  // namespace piman::manager
