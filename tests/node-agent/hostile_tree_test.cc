// SPDX-License-Identifier: Apache-2.0
// Every file of every board's tree in turn is cut short, emptied, filled with rubbish, made a directory (which even
// root can't read) and taken away. No collector may crash or write a malformed page, and a file may only matter to the
// few that read it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/prom_parse.h"
#include "tests/node-agent/board_tree.h"
#include "tests/support/golden.h"
#include "tests/support/temp_tree.h"

namespace piman::agent {
namespace {

namespace fs = std::filesystem;

/// The model of the board is what most collectors have in common.
constexpr std::size_t kMostAffected = 5;

/// What each collector says, by index.
std::vector<std::string> pages_of(const std::vector<test_board::NamedCollector>& collectors) {
  std::vector<std::string> pages;
  for (const auto& [name, collector] : collectors) {
    prom_text::Writer out;
    const auto outcome = collector->collect(out);
    prom_text::PageReader reader(out.text(), prom_text::Format::kText);
    prom_text::Sample sample;
    while (reader.next(sample)) {
    }
    EXPECT_FALSE(reader.problem()) << name << ": " << reader.problem()->to_string() << "\n" << out.text();
    const std::string_view verdict = !outcome ? "error" : *outcome == Outcome::kAbsent ? "absent" : "";
    pages.push_back(concat(verdict, '\n', out.text()));
  }
  return pages;
}

std::string differing(const std::vector<test_board::NamedCollector>& collectors, const std::vector<std::string>& a,
                      const std::vector<std::string>& b, std::size_t& count) {
  std::string names;
  count = 0;
  for (std::size_t i = 0; i < collectors.size(); ++i) {
    if (a[i] == b[i]) continue;
    ++count;
    names += collectors[i].name + " ";
  }
  return names;
}

void write(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
}

/// One way to spoil a file, and to make it whole again.
struct Harm {
  std::string_view name;
  void (*spoil)(const std::string& path, const std::string& content);
};
std::string aside(const std::string& path) { return path + ".aside"; }

constexpr std::array<Harm, 6> kHarms = {
    {{"cut in the middle",
      [](const auto& path, const auto& content) { write(path, content.substr(0, content.size() / 2)); }},
     {"without its last byte",
      [](const auto& path, const auto& content) {
        write(path, content.empty() ? "" : content.substr(0, content.size() - 1));
      }},
     {"empty", [](const auto& path, const auto&) { write(path, ""); }},
     {"rubbish",
      [](const auto& path, const auto&) {
        std::string rubbish(20000, '\0');
        for (std::size_t i = 0; i < rubbish.size(); ++i) rubbish[i] = static_cast<char>(i * i * 31 + i / 7);
        write(path, rubbish);
      }},
     {"a directory",
      [](const auto& path, const auto&) {
        fs::rename(path, aside(path));
        fs::create_directory(path);
      }},
     {"gone", [](const auto& path, const auto&) { fs::rename(path, aside(path)); }}}};

void repair(const std::string& path, const std::string& content) {
  if (fs::exists(aside(path))) {
    fs::remove(path);
    fs::rename(aside(path), path);
  } else {
    write(path, content);
  }
}

class HostileTree : public testing::TestWithParam<std::string_view> {
 protected:
  HostileTree() {
    fs::copy(test::testdata(concat("trees/", GetParam())), root_,
             fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      if (entry.is_symlink()) continue;
      if (entry.is_regular_file()) files_.push_back(entry.path().string());
    }
  }
  std::vector<test_board::NamedCollector> make() const {
    return test_board::default_collectors(test_board::context_of(GetParam(), root_));
  }

  test::TempTree tree_;
  const std::string root_ = tree_.path("tree");
  std::vector<std::string> files_;
};
INSTANTIATE_TEST_SUITE_P(Boards, HostileTree, testing::ValuesIn(test_board::kBoards),
                         [](const auto& board) { return std::string(board.param); });

TEST_P(HostileTree, AgentsThatStartOnIt) {
  const auto whole = pages_of(make());
  ASSERT_GT(files_.size(), 100U);
  for (const std::string& path : files_) {
    const std::string content = test::read_file(path);
    for (const Harm& harm : kHarms) {
      harm.spoil(path, content);
      const auto collectors = make();
      std::size_t affected = 0;
      const std::string names = differing(collectors, whole, pages_of(collectors), affected);
      EXPECT_LE(affected, kMostAffected) << path << " " << harm.name << " changed " << names;
      repair(path, content);
    }
  }
  std::size_t affected = 0;
  const auto collectors = make();
  EXPECT_EQ(differing(collectors, whole, pages_of(collectors), affected), "");
}

TEST_P(HostileTree, AnAgentThatRunsWhileItHappens) {
  const auto collectors = make();
  const auto whole = pages_of(collectors);
  for (const std::string& path : files_) {
    const std::string content = test::read_file(path);
    for (const Harm& harm : kHarms) {
      harm.spoil(path, content);
      std::size_t affected = 0;
      const std::string names = differing(collectors, whole, pages_of(collectors), affected);
      EXPECT_LE(affected, kMostAffected) << path << " " << harm.name << " changed " << names;
      repair(path, content);
    }
    // Whole again: so are the pages, but for what counts or remembers.
    const auto again = pages_of(collectors);
    for (std::size_t i = 0; i < collectors.size(); ++i) {
      const std::string& name = collectors[i].name;
      if (name == "rpi_kernel_messages" || name == "rpi_system" || name == "rpi_throttled") continue;
      EXPECT_EQ(again[i], whole[i]) << name << " does not recover from " << path;
    }
  }
}

}  // namespace
}  // namespace piman::agent
