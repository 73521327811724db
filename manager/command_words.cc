// SPDX-License-Identifier: Apache-2.0
#include "manager/command_words.h"

#include <cstdio>
#include <string>

#include "common/text.h"
#include "manager/api_command.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

/// "set, remove or list"
std::string listed_words(std::span<const CommandWord> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool is_last = i + 1 == words.size();
    out += concat(i == 0 ? "" : is_last ? " or " : ", ", words[i].word);
  }
  return out;
}

}  // namespace

int run_word(std::string_view command, std::string_view usage, std::span<const CommandWord> words,
             std::span<const char* const> arguments) {
  const std::string_view what = arguments.empty() ? std::string_view() : std::string_view(arguments.front());
  for (const CommandWord& each : words) {
    if (each.word == what) return each.run(arguments.subspan(1));
  }
  if (what == "--help" || what == "-h" || what == "help") {
    print(std::string(usage));
    return kApiGood;
  }
  const std::string problem =
      what.empty() ? concat(command, " needs a word: ", listed_words(words))
                   : concat("unknown ", command, " command ", quote(what), ": it is ", listed_words(words));
  std::fputs(concat("piman: ", problem, '\n').c_str(), stderr);
  return kApiUsage;
}

}  // namespace piman::manager
