// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "netboot/tftp/boot_files.h"

/// What a node would be served, and why: for `piman netboot tree NODE`. Asks the same code that serves.
namespace piman::netboot::tftp {

struct TreeEntry {
  std::string name;  ///< as a client asks for it
  std::string path;  ///< the file behind it, relative to the boot root
  LayerKind layer{};
  bool is_template = false;      ///< rendered; `size_bytes` is the template's
  bool replaces_master = false;  ///< the word MASTER in it becomes the server's address
  std::uint64_t size_bytes = 0;
  std::string fault;                  ///< why it is not served although it is there; empty when it is
  std::vector<std::string> shadowed;  ///< files of the same name below it, uppermost first
};

struct TreeListing {
  std::vector<Layer> layers;
  std::vector<TreeEntry> entries;  ///< sorted by name
  bool is_cut = false;             ///< there are more than kMaxListed
};
inline constexpr std::size_t kMaxListed = 20'000;

TreeListing list_tree(const BootFiles& files, const Host& host);
/// As lines for a terminal, with a line end each.
std::string describe(const TreeListing& listing);

}  // namespace piman::netboot::tftp
