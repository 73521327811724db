// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

/// Expected failures as values. What the outside world can cause (a missing file, a bad packet, a refused connection)
/// is returned as Result; what only a bug can cause is PIMAN_CHECK (check.h). Exceptions do not cross our functions.
namespace piman {

/// Why something failed, in words for the operator: names the offending value and the place, never our source file.
struct Error {
  std::string message;
};

/// A value or an Error. Ignoring it is a compile error where warnings are errors.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

/// Makes the failing side of any Result: `return fail("port 70000 is not between 1 and 65535");`
inline tl::unexpected<Error> fail(std::string message) { return tl::unexpected<Error>(Error{std::move(message)}); }

/// Adds what the caller knows, once: `return fail_with("reading " + path, result.error());`
inline tl::unexpected<Error> fail_with(const std::string& context, const Error& cause) {
  return fail(context + ": " + cause.message);
}

}  // namespace piman
