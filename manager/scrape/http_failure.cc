// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/http_failure.h"

#include <cerrno>
#include <system_error>

#include "common/text.h"

namespace piman::manager {

std::optional<ScrapeError> error_of_errno(int os_error) {
  switch (os_error) {
    case ECONNREFUSED:
      return ScrapeError::kRefused;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return ScrapeError::kUnreachable;
    case ETIMEDOUT:
      return ScrapeError::kTimeout;
    default:
      return std::nullopt;
  }
}

bool is_answer_of_host(int os_error) { return os_error == ECONNREFUSED || os_error == ECONNRESET; }

std::string describe(const HttpFailure& failure) {
  switch (failure.error) {
    case ScrapeError::kNone:
      return {};
    case ScrapeError::kTimeout:
      return concat(failure.host_answered ? "no whole answer within " : "no answer within ", failure.timeout.count(),
                    " ms");
    case ScrapeError::kTooLarge:
      return concat("more than ", failure.most_bytes, failure.in_headers ? " bytes of headers" : " bytes");
    case ScrapeError::kRefused:
      return "connection refused";
    case ScrapeError::kUnreachable:
    case ScrapeError::kHttpStatus:
    case ScrapeError::kMalformed:
    case ScrapeError::kTls:
    case ScrapeError::kOther:
      break;
  }
  if (failure.os_error != 0 && failure.error != ScrapeError::kMalformed && failure.error != ScrapeError::kTls) {
    return std::generic_category().message(failure.os_error);
  }
  return failure.library_words;
}

}  // namespace piman::manager
