// SPDX-License-Identifier: Apache-2.0
#include "common/log.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "common/text.h"

namespace piman {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;
using testing::ElementsAre;

const WallTime kTime = WallTime(1735689599s) + 7ms;  // 2024-12-31T23:59:59.007Z

std::string logfmt(std::string_view message, std::initializer_list<LogField> fields = {}) {
  return render_log_line(LogFormat::kLogfmt, kTime, LogLevel::kInfo, message, fields);
}
std::string json(std::string_view message, std::initializer_list<LogField> fields = {}) {
  return render_log_line(LogFormat::kJson, kTime, LogLevel::kWarn, message, fields);
}

TEST(LogLine, Logfmt) {
  EXPECT_EQ(logfmt("started"), "ts=2024-12-31T23:59:59.007Z level=info msg=started");
  EXPECT_EQ(logfmt("node is up", {{"node", "pi-17"}, {"after", "12.5s"}, {"err", ""}}),
            R"(ts=2024-12-31T23:59:59.007Z level=info msg="node is up" node=pi-17 after=12.5s err="")");
}

TEST(LogLine, Json) {
  EXPECT_EQ(json("node is up", {{"node", "pi-17"}}),
            R"({"ts":"2024-12-31T23:59:59.007Z","level":"warn","msg":"node is up","node":"pi-17"})");
}

TEST(LogLine, WhatIsQuoted) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"plain-._/:[]{}", "plain-._/:[]{}"},
      {"a=b", R"("a=b")"},
      {"say \"hi\"", R"("say \"hi\"")"},
      {R"(C:\x)", R"("C:\\x")"},
      {"two\nlines", R"("two\nlines")"},
      {"\r\t\x1b[2J\x7f\0"s, R"("\u000d\u0009\u001b[2J\u007f\u0000")"},
      {"Zürich", R"("Zürich")"},
      {"\xFF", "\"\xEF\xBF\xBD\""},
      {" ", R"(" ")"},
  };
  for (const auto& [value, wanted] : cases) {
    const std::string line = logfmt("m", {{"v", value}});
    EXPECT_EQ(line.substr(line.find(" v=") + 3), wanted) << quote(value);
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST(LogLine, JsonEscapesTheSame) {
  const std::string line = json("\"\\\n\x01\xFF", {{"key \"", "v"}});
  EXPECT_NE(line.find(R"("msg":"\"\\\n\u0001)"s + "\xEF\xBF\xBD\""), std::string::npos) << line;
  EXPECT_NE(line.find(R"("key \"":"v")"), std::string::npos) << line;
}

TEST(LogLine, TimesOfMachinesWithoutAClock) {
  const auto stamp = [](WallTime time) {
    return render_log_line(LogFormat::kLogfmt, time, LogLevel::kError, "m", {}).substr(3, 24);
  };
  EXPECT_EQ(stamp(WallTime(0s)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(stamp(WallTime(0s) + 999999us), "1970-01-01T00:00:00.999Z");
  EXPECT_EQ(stamp(WallTime(0s) - 1ms), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(stamp(WallTime(4102444800s)), "2100-01-01T00:00:00.000Z");
}

TEST(LogWords, LevelsAndFormats) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::kDebug);
  EXPECT_EQ(parse_log_level("info"), LogLevel::kInfo);
  EXPECT_EQ(parse_log_level("warn"), LogLevel::kWarn);
  EXPECT_EQ(parse_log_level("error"), LogLevel::kError);
  for (const char* bad : {"", "INFO", "warning", "info "}) EXPECT_FALSE(parse_log_level(bad)) << bad;
  EXPECT_EQ(parse_log_format("logfmt"), LogFormat::kLogfmt);
  EXPECT_EQ(parse_log_format("json"), LogFormat::kJson);
  EXPECT_FALSE(parse_log_format("xml"));
}

TEST(Logger, DropsWhatIsBelowItsLevel) {
  std::vector<std::string> levels;
  Logger log(LogLevel::kWarn, LogFormat::kLogfmt, [&](std::string_view line) {
    const std::size_t at = line.find("level=") + 6;
    levels.emplace_back(line.substr(at, line.find(' ', at) - at));
  });
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  EXPECT_THAT(levels, ElementsAre("warn", "error"));
  EXPECT_FALSE(log.enabled(LogLevel::kInfo));
}

TEST(Logger, LinesOfManyThreadsStayWhole) {
  std::string out;
  Logger log(LogLevel::kInfo, LogFormat::kLogfmt, [&](std::string_view line) { out.append(line) += '\n'; });
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 500; ++i) log.info("message", {{"thread", concat(t)}, {"i", concat(i)}});
    });
  }
  threads.clear();
  int lines = 0;
  for (std::string_view rest = out; !rest.empty(); ++lines) {
    const std::string_view line = next_line(rest);
    ASSERT_TRUE(line.starts_with("ts=") && line.find(" level=info msg=message thread=") == 27) << line;
  }
  EXPECT_EQ(lines, 2000);
}

}  // namespace
}  // namespace piman
