// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/textfile.h"

#include <utime.h>

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;

class Textfile : public testing::Test {
 protected:
  void put(const std::string& path, std::string_view content, long seconds = 1000) {
    tree_.put(path, content);
    const ::utimbuf times{seconds, seconds};
    ASSERT_EQ(::utime(tree_.path(path).c_str(), &times), 0);
  }
  void use(const std::string& directories) { harness_.set_option("textfile.directory", directories); }
  std::string page() { return harness_.page(); }

  TempTree tree_;
  CollectorHarness harness_{"textfile", tree_.path()};
};

TEST_F(Textfile, FilesOfADirectory) {
  put("d/b.prom", "b 2\n", 2000);
  put("d/a.prom", "a{x=\"1\"} 1\n");
  put("d/a.prom.tmp", "not yet 1\n");
  use(tree_.path("d/"));
  EXPECT_EQ(page(), concat("node_textfile_mtime_seconds{file=\"", tree_.path("d/a.prom"), "\"} 1000\n",
                           "node_textfile_mtime_seconds{file=\"", tree_.path("d/b.prom"), "\"} 2000\n",
                           "node_textfile_scrape_error 0\n"
                           "a{x=\"1\"} 1\nb 2\n"));
}

TEST_F(Textfile, ReadAgainWhenChanged) {
  put("d/a.prom", "a 1\n");
  use(tree_.path("d"));
  EXPECT_THAT(page(), HasSubstr("\na 1\n"));
  put("d/a.prom", "a 2\n", 3000);
  EXPECT_THAT(page(), HasSubstr("\na 2\n"));
  put("d/b.prom", "b 3\n");
  EXPECT_THAT(page(), HasSubstr("\na 2\nb 3\n"));
  tree_.remove("d/a.prom");
  EXPECT_THAT(page(), Not(HasSubstr("a.prom")));
  EXPECT_THAT(page(), HasSubstr("\nb 3\n"));
}

TEST_F(Textfile, ABadFileIsToldAndLeavesTheOthersAlone) {
  put("d/bad.prom", "bad\n");
  put("d/cut.prom", "cut 1");
  put("d/good.prom", "good 1\n");
  tree_.put("d/unreadable.prom/", "");
  use(tree_.path("d"));
  EXPECT_EQ(page(), concat("node_textfile_mtime_seconds{file=\"", tree_.path("d/good.prom"),
                           "\"} 1000\nnode_textfile_scrape_error 1\ngood 1\n"));
  put("d/bad.prom", "bad 1\n", 4000);
  tree_.remove("d/cut.prom");
  tree_.remove("d/unreadable.prom");
  EXPECT_THAT(page(), HasSubstr("node_textfile_scrape_error 0\nbad 1\ngood 1\n"));
}

TEST_F(Textfile, FilesThatDoNotAgreeAreToldToo) {
  put("d/a.prom", "# TYPE m gauge\nm{f=\"a\"} 1\n");
  put("d/b.prom", "# TYPE m counter\nm{f=\"b\"} 1\n");
  put("d/c.prom", "node_textfile_scrape_error 0\n");
  use(tree_.path("d"));
  EXPECT_THAT(page(), HasSubstr("node_textfile_scrape_error 1\nm{f=\"a\"} 1\n"));
  EXPECT_THAT(page(), Not(HasSubstr("f=\"b\"")));
}

TEST_F(Textfile, SeveralDirectoriesAndWildcards) {
  put("x/one/a.prom", "a 1\n");
  put("x/two/b.prom", "b 1\n");
  put("y/c.prom", "c 1\n");
  use(concat(tree_.path("x/*"), '\n', tree_.path("y"), '\n', tree_.path("x/one")));
  EXPECT_THAT(page(), HasSubstr("node_textfile_scrape_error 0\na 1\nb 1\nc 1\n"));
}

TEST_F(Textfile, ADirectoryThatWasAskedForMustBeThere) {
  use(tree_.path("nowhere"));
  EXPECT_EQ(page(), "node_textfile_scrape_error 1\n");
  put("nowhere/a.prom", "a 1\n");
  EXPECT_THAT(page(), HasSubstr("node_textfile_scrape_error 0\na 1\n"));
}

TEST_F(Textfile, AskedForNothingItSaysThatAllIsWell) {
  use("");
  EXPECT_EQ(page(), "node_textfile_scrape_error 0\n");
}

TEST_F(Textfile, ProblemsAreLoggedOnce) {
  std::string logged;
  CollectorContext context;
  context.options["textfile.directory"] = tree_.path("d");
  context.warn = [&](std::string_view collector, std::string_view problem) {
    logged += concat(collector, ": ", problem, '\n');
  };
  put("d/a.prom", "a 1 2\n");
  const auto collector = make_textfile_collector(context);
  ASSERT_TRUE(collector);
  prom_text::Writer out;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE((*collector)->collect(out));
  EXPECT_THAT(logged, HasSubstr("a.prom: line 1: timestamps are not supported"));
  EXPECT_EQ(logged.find('\n'), logged.size() - 1);
}

TEST_F(Textfile, BothFormatsByTurns) {
  put("d/a.prom", "# TYPE a counter\na 1\n");
  CollectorContext context;
  context.options["textfile.directory"] = tree_.path("d");
  const auto collector = make_textfile_collector(context);
  ASSERT_TRUE(collector);
  for (const auto& [format, sample] :
       {std::pair(prom_text::Format::kText, "\na 1\n"), std::pair(prom_text::Format::kOpenMetrics, "\na_total 1\n"),
        std::pair(prom_text::Format::kText, "\na 1\n")}) {
    prom_text::Writer out(format);
    ASSERT_TRUE((*collector)->collect(out));
    EXPECT_THAT(out.text(), HasSubstr(sample));
  }
}

}  // namespace
}  // namespace piman::agent
