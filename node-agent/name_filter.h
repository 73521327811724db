// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <regex.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "node-agent/name_pattern.h"

namespace piman::agent {

/// Decides by regular expressions which devices, mount points or units are reported: with an include expression only
/// what matches it, with an exclude expression what does not match. Expressions are POSIX extended ones, and \d, \w, \s
/// and (?: are understood besides, so that node_exporter's flags can be taken over. Matching is unanchored.
/// Each name is matched once; the answer is remembered.
/// Thread-safety: none.
class NameFilter {
 public:
  /// An empty expression stands for none. Errors: a malformed expression, or both at once; names the flag.
  static Result<NameFilter> make(std::string_view flag, const std::string& exclude, const std::string& include);
  /// Lets everything through.
  NameFilter() = default;

  bool ignores(std::string_view name);

 private:
  struct RegexDeleter {
    void operator()(::regex_t* regex) const {
      ::regfree(regex);
      delete regex;
    }
  };
  /// One of the two, or neither where there is no expression.
  struct Expression {
    std::optional<NamePattern> pattern;
    std::unique_ptr<::regex_t, RegexDeleter> regex;  ///< for what is beyond a NamePattern

    explicit operator bool() const { return pattern || regex; }
    bool matches(const std::string& name) const;
  };
  static Result<Expression> compile(std::string_view flag, const std::string& expression);

  Expression exclude_;
  Expression include_;
  std::map<std::string, bool, std::less<>> known_;
};

}  // namespace piman::agent
