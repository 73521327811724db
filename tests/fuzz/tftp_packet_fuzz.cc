// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "common/check.h"
#include "netboot/tftp/options.h"
#include "netboot/tftp/packet.h"

/// What decodes is within the packet and within the RFCs' ranges, and what it is answered with can be encoded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman;
  using namespace piman::netboot::tftp;
  const auto message = decode({data, size});
  if (!message) {
    PIMAN_CHECK(!word(message.error()).empty());
    return 0;
  }
  const auto is_inside = [&](std::string_view text) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(text.data());
    return text.empty() || (begin >= data && begin + text.size() < data + size);  // its NUL is inside, too
  };
  if (const auto* error = std::get_if<ErrorMessage>(&*message)) PIMAN_CHECK(is_inside(error->text));
  const auto* request = std::get_if<Request>(&*message);
  if (request == nullptr) return 0;
  PIMAN_CHECK(!request->filename.empty() && is_inside(request->filename));
  const Agreement agreed = negotiate(request->options, size, {});
  PIMAN_CHECK(agreed.block_bytes >= kMinBlockBytes && agreed.block_bytes <= 1468);
  PIMAN_CHECK(agreed.window_blocks >= 1 && agreed.window_blocks <= 64);
  for (const Option& option : agreed.reply) PIMAN_CHECK(request->options.find(option.kind).has_value());
  std::array<std::uint8_t, kMaxOptionAckBytes> out{};
  const std::size_t length = encode_option_ack(agreed.reply, out);
  PIMAN_CHECK(length <= out.size() && out[length - 1] == (agreed.reply.empty() ? 6 : 0));
  return 0;
}
