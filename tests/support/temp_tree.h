// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "common/host_paths.h"
#include "common/text.h"

/// A directory tree as one expression, in a directory of its own that goes away with it:
///   TempTree tree({{"proc/loadavg", "0.1 0.2 0.3"}, {"sys/class/net/eth0", link("../../devices/eth0")}, {"empty/",
///   ""}});
namespace piman::test {

/// What a TempTree puts at a path: a file's content, or where a symbolic link points.
struct Node {
  Node(const char* content) : text(content) {}             // NOLINT(google-explicit-constructor)
  Node(std::string content) : text(std::move(content)) {}  // NOLINT(google-explicit-constructor)
  Node(std::string_view content) : text(content) {}        // NOLINT(google-explicit-constructor)
  Node(std::string target, bool) : text(std::move(target)), is_link(true) {}

  std::string text;
  bool is_link = false;
};
inline Node link(std::string target) { return Node(std::move(target), true); }

/// The content; a test failure and nothing when it can't be read.
inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) ADD_FAILURE() << "can't read " << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class TempTree {
 public:
  struct Entry {
    std::string path;  ///< relative; one that ends in '/' is an empty directory
    Node node;
  };

  TempTree() : TempTree(std::initializer_list<Entry>{}) {}
  explicit TempTree(std::initializer_list<Entry> entries) {
    std::string name = (std::filesystem::temp_directory_path() / "piman-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      ADD_FAILURE() << "can't make " << name;
      std::abort();
    }
    root_ = name;
    for (const Entry& entry : entries) put(entry.path, entry.node);
  }
  ~TempTree() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;

  /// Adds or replaces. A file that exists keeps its identity and gets other content.
  void put(const std::string& relative, const Node& node) const {
    const std::filesystem::path target = path(relative);
    std::filesystem::create_directories(target.parent_path());
    if (relative.ends_with('/')) return;
    if (node.is_link) {
      std::filesystem::remove(target);
      std::filesystem::create_symlink(node.text, target);
      return;
    }
    std::ofstream file(target, std::ios::binary | std::ios::trunc);
    file << node.text;
    file.close();
    if (!file) ADD_FAILURE() << "can't write " << target;
  }
  void remove(const std::string& relative) const { std::filesystem::remove_all(path(relative)); }

  const std::string& path() const { return root_; }
  std::string path(std::string_view relative) const { return concat(root_, '/', relative); }
  /// For a tree that has "proc", "sys", "dev", "udev" at its top; the tree is "/" as well.
  HostPaths host_paths() const { return HostPaths{path("proc"), path("sys"), root_, path("dev"), path("udev")}; }

 private:
  std::string root_;
};

}  // namespace piman::test
