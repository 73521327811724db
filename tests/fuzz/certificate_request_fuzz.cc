// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "manager/ca/certificate.h"
#include "manager/ca/ledger.h"

/// Whatever a node sends as a request: what is signed is for the manager's names only, and no CA. And a ledger that is
/// read is written as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::manager::ca;
  static const piman::WallTime now = std::chrono::system_clock::now();
  static const Identity authority = *make_authority("fuzz CA", now, Days(10));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Wanted wanted;
  wanted.name = "pi7";
  if (const auto certificate = sign_request(authority, text, wanted, now)) {
    const auto facts = facts_of(*certificate);
    PIMAN_CHECK(facts && facts->subject == "CN=pi7" && facts->names == "DNS:pi7" && !facts->is_authority);
    PIMAN_CHECK(is_issued_by(*certificate, authority.certificate));
  }
  if (const auto entries = parse_ledger(text)) {
    const auto again = parse_ledger(render_ledger(*entries));
    PIMAN_CHECK(again && *again == *entries);
  }
  PIMAN_CHECK(certificates_in(text).size() <= kMostCertificates);
  return 0;
}
