// SPDX-License-Identifier: Apache-2.0
#include "manager/init/interview.h"

#include "common/text.h"

namespace piman::manager {

Result<std::string> Interview::ask(const Question& question, const std::optional<std::string>& given) {
  if (given) {
    if (const auto good = question.check(*given); !good) return fail_with(std::string(question.flag), good.error());
    return *given;
  }
  if (!read_line_) {
    if (!question.proposal) return fail(concat(question.flag, " is needed: ", question.words));
    if (const auto good = question.check(*question.proposal); !good) {
      return fail_with(std::string(question.flag), good.error());
    }
    return *question.proposal;
  }
  for (int tries = 0; tries < kMostTries; ++tries) {
    say_(concat(question.words, question.proposal ? concat(" [", *question.proposal, ']') : "", ' '));
    const auto line = read_line_();
    if (!line) return fail(concat(question.flag, ": no answer came"));
    std::string answer(trim(*line));
    if (answer.empty()) {
      if (!question.proposal) continue;
      answer = *question.proposal;
    }
    const auto good = question.check(answer);
    if (good) return answer;
    say_(concat("  ", good.error().message, '\n'));
  }
  return fail(concat(question.flag, ": no answer that can be used after ", kMostTries, " tries"));
}

}  // namespace piman::manager
