// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

/// Commands of two words, as `piman hosts add`.
namespace piman::manager {

struct CommandWord {
  std::string_view word;
  int (*run)(std::span<const char* const> arguments);  ///< with what follows the word
};

/// Runs the command of `words` that the first argument names, and returns its exit status. Prints `usage` when help is
/// asked for; tells on standard error which words there are when it is none of them.
int run_word(std::string_view command, std::string_view usage, std::span<const CommandWord> words,
             std::span<const char* const> arguments);

}  // namespace piman::manager
