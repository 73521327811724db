// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

/// Questions to a person at a terminal. Decides only; who asks and hears are parameters.
namespace piman::manager {

struct Question {
  std::string_view words;  ///< "What is this site called?"
  std::string_view flag;   ///< what answers it on a command line: "--site"
  std::optional<std::string> proposal;
  std::function<Result<void>(std::string_view answer)> check;
};

class Interview {
 public:
  /// One line without its end; nothing when no more come.
  using ReadLine = std::function<std::optional<std::string>()>;
  using Say = std::function<void(const std::string&)>;

  /// Without `read_line` nobody is asked: a proposal is the answer, and where there is none an error.
  Interview(ReadLine read_line, Say say) : read_line_(std::move(read_line)), say_(std::move(say)) {}

  /// An answer that passes the check; an empty line takes the proposal. `given` is what the flag said: it is not asked
  /// then. Errors: `given` does not pass; nobody is there to ask; no good answer after some tries.
  Result<std::string> ask(const Question& question, const std::optional<std::string>& given);

 private:
  static constexpr int kMostTries = 5;

  ReadLine read_line_;
  Say say_;
};

}  // namespace piman::manager
