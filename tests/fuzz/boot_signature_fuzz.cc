// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/check.h"
#include "manager/boot_image/signature_text.h"

/// The text of a boot.sig: what can be read comes back the same from what is written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::manager;
  const auto signature = parse_boot_signature({reinterpret_cast<const char*>(data), size});
  if (!signature) return 0;
  PIMAN_CHECK(signature->rsa.empty() || signature->rsa.size() == kRsaBytes);
  const auto again = parse_boot_signature(format_boot_signature(*signature));
  PIMAN_CHECK(again && again->sha256 == signature->sha256 && again->rsa == signature->rsa);
  PIMAN_CHECK(again->signed_at == signature->signed_at);
  return 0;
}
