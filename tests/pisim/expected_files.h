// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "tests/pisim/bytes.h"
#include "tests/pisim/identity.h"
#include "tests/pisim/sha256.h"
#include "tests/pisim/tftp_client.h"

/// What the server is expected to serve, and the comparison with what it does serve.
namespace piman::pisim {

struct ExpectedFile {
  std::optional<Bytes> content;  ///< of a --root
  Sha256::Digest digest{};       ///< of a --manifest
};

/// Immutable once loaded, shared by all boards.
class ExpectedFiles {
 public:
  /// Anything goes.
  ExpectedFiles() = default;
  /// Every regular file under `folder`. Errors: unreadable, or more than 1 GiB.
  static Result<ExpectedFiles> from_root(const std::string& folder);
  /// Lines as sha256sum writes them, names relative to the server's root.
  static Result<ExpectedFiles> from_manifest(const std::string& file);

  /// `SERIAL/x` and `MAC/x` are `x` where the tree has no such file: a server with a virtual tree for every board.
  void set_per_node(bool per_node) { per_node_ = per_node; }
  /// Names (without the prefix) that may have any content, as rendered templates do.
  void set_unchecked(std::set<std::string, std::less<>> names) { unchecked_ = std::move(names); }

  bool known() const { return known_; }
  /// Null when the server should say that there is no such file.
  const ExpectedFile* find(std::string_view name, const Identity& identity) const;
  bool is_checked(std::string_view name) const;

 private:
  bool known_ = false;
  bool per_node_ = false;
  std::map<std::string, ExpectedFile, std::less<>> files_;
  std::set<std::string, std::less<>> unchecked_;
};

/// Compares one file with what is expected while it arrives; keeps a copy of small ones when told to.
class FileCheck : public FileSink {
 public:
  /// `expected` may be null (nothing to compare with) and must outlive the check.
  FileCheck(const ExpectedFile* expected, bool keep) : expected_(expected), keep_(keep) {}
  void take(ByteView block) override;
  /// Call once, after the last block.
  bool matches();
  const std::string& kept() const { return kept_; }

 private:
  static constexpr std::size_t kMaxKept = 64UL * 1024;

  const ExpectedFile* expected_;
  bool keep_;
  bool differs_ = false;
  std::size_t offset_ = 0;
  Sha256 hash_;
  std::string kept_;
};

}  // namespace piman::pisim
