// SPDX-License-Identifier: Apache-2.0
#include "common/flags.h"

#include <gmock/gmock.h>

namespace piman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<Flag>& table() {
  static const std::vector<Flag> flags = {
      {"web.listen-address", "ADDRESS", ":3000", "Where to listen.", true},
      {"log.level", "LEVEL", "info", "Least severe level that is logged."},
      {"collector.cpu", "", "true", "Processor times."},
      {"dry-run", "", "false", "Change nothing."},
      {"token", "TEXT", "", "A secret."},
      {"help", "", "false", "Show this."},
  };
  return flags;
}

ParsedFlags parse(std::vector<const char*> arguments) { return parse_flags(table(), arguments); }

TEST(Flags, DefaultsHoldWhenNothingIsGiven) {
  const ParsedFlags parsed = parse({});
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_EQ(parsed.value(table(), "log.level"), "info");
  EXPECT_TRUE(parsed.is_on(table(), "collector.cpu"));
  EXPECT_FALSE(parsed.is_on(table(), "dry-run"));
  EXPECT_FALSE(parsed.is_given("log.level"));
  EXPECT_THAT(parsed.values(table(), "web.listen-address"), ElementsAre(":3000"));
  EXPECT_THAT(parsed.values(table(), "token"), IsEmpty());
  EXPECT_EQ(parsed.value(table(), "no.such"), "");
}

TEST(Flags, BothFormsOfAValue) {
  for (const ParsedFlags& parsed : {parse({"--log.level=debug"}), parse({"--log.level", "debug"})}) {
    EXPECT_THAT(parsed.problems, IsEmpty());
    EXPECT_EQ(parsed.value(table(), "log.level"), "debug");
    EXPECT_TRUE(parsed.is_given("log.level"));
  }
}

TEST(Flags, ValuesMayHoldAnything) {
  EXPECT_EQ(parse({"--token=a=b=c"}).value(table(), "token"), "a=b=c");
  EXPECT_EQ(parse({"--token="}).value(table(), "token"), "");
  EXPECT_TRUE(parse({"--token="}).is_given("token"));
  EXPECT_EQ(parse({"--token", "-5"}).value(table(), "token"), "-5");
  EXPECT_EQ(parse({"--token", ""}).value(table(), "token"), "");
}

TEST(Flags, Switches) {
  EXPECT_TRUE(parse({"--dry-run"}).is_on(table(), "dry-run"));
  EXPECT_TRUE(parse({"--dry-run=true"}).is_on(table(), "dry-run"));
  EXPECT_FALSE(parse({"--dry-run=false"}).is_on(table(), "dry-run"));
  EXPECT_FALSE(parse({"--no-collector.cpu"}).is_on(table(), "collector.cpu"));
  EXPECT_TRUE(parse({"--no-collector.cpu", "--collector.cpu"}).is_on(table(), "collector.cpu"));
  EXPECT_FALSE(parse({"--collector.cpu", "--no-collector.cpu"}).is_on(table(), "collector.cpu"));
  EXPECT_TRUE(parse({"-h"}).is_on(table(), "help"));
  // A switch takes no second argument.
  EXPECT_THAT(parse({"--dry-run", "false"}).arguments, ElementsAre("false"));
}

TEST(Flags, RepeatableOnesAddUp) {
  const ParsedFlags parsed = parse({"--web.listen-address=:1", "--web.listen-address", ":2"});
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_THAT(parsed.values(table(), "web.listen-address"), ElementsAre(":1", ":2"));
}

TEST(Flags, ArgumentsAndTheDoubleDash) {
  const ParsedFlags parsed = parse({"serve", "--dry-run", "-", "--", "--log.level=debug", "-x", "--"});
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_THAT(parsed.arguments, ElementsAre("serve", "-", "--log.level=debug", "-x", "--"));
  EXPECT_FALSE(parsed.is_given("log.level"));
}

TEST(Flags, EveryMistakeIsOneProblem) {
  const std::vector<std::pair<std::vector<const char*>, const char*>> cases = {
      {{"--nonsense"}, R"(unknown flag "--nonsense"; --help lists them)"},
      {{"-x"}, R"(unknown flag "-x"; --help lists them)"},
      {{"--log"}, R"(unknown flag "--log"; --help lists them)"},  // never abbreviated
      {{"--=x"}, R"(unknown flag "--=x"; --help lists them)"},
      {{"--no-"}, R"(unknown flag "--no-"; --help lists them)"},
      {{"--no-log.level"}, R"(unknown flag "--no-log.level"; --help lists them)"},
      {{"--log.level"}, "flag --log.level needs a value: --log.level=LEVEL"},
      {{"--dry-run=maybe"}, R"(flag --dry-run is a switch and takes no value "maybe")"},
      {{"--dry-run="}, R"(flag --dry-run is a switch and takes no value "")"},
      {{"--no-dry-run=true"}, R"(flag --dry-run is a switch and takes no value "true")"},
      {{"--log.level=a", "--log.level=b"}, "flag --log.level is given 2 times, and takes one value"},
      {{"--a\x1b[2J"}, R"(unknown flag "--a\x1b[2J"; --help lists them)"},
  };
  for (const auto& [arguments, problem] : cases) EXPECT_THAT(parse(arguments).problems, ElementsAre(problem));
}

TEST(Flags, AllProblemsAreReported) {
  EXPECT_EQ(parse({"--a", "--b", "--log.level=x", "--log.level=y", "--token"}).problems.size(), 4U);
}

TEST(FlagsHelp, ExactText) {
  EXPECT_EQ(render_flags_help(table()),
            "  --web.listen-address=ADDRESS ...\n"
            "        Where to listen. (default: :3000)\n"
            "  --log.level=LEVEL\n"
            "        Least severe level that is logged. (default: info)\n"
            "  --[no-]collector.cpu\n"
            "        Processor times. (default: true)\n"
            "  --[no-]dry-run\n"
            "        Change nothing.\n"
            "  --token=TEXT\n"
            "        A secret.\n"
            "  --help\n"
            "        Show this.\n");
}

TEST(FlagsHelp, WrapsAtAHundredColumns) {
  std::string help;
  for (int i = 0; i < 60; ++i) help += "word" + std::string(static_cast<std::size_t>(i % 9), 'x') + " ";
  help += std::string(150, 'y');
  const std::string text = render_flags_help(std::vector<Flag>{{"f", "X", "", help}});
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);
    if (line.find('y') == std::string::npos) {
      EXPECT_LE(line.size(), 100U) << line;
    } else {
      EXPECT_EQ(line, std::string(8, ' ') + std::string(150, 'y'));
    }
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
  EXPECT_EQ(begin, text.size());
}

TEST(FlagsHelp, AFlagWithoutHelpStillEndsItsLine) {
  EXPECT_EQ(render_flags_help(std::vector<Flag>{{"a", "", "false", ""}, {"b", "", "false", ""}}),
            "  --[no-]a\n  --[no-]b\n");
}

}  // namespace
}  // namespace piman
