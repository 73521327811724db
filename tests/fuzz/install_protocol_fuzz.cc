// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/check.h"
#include "netboot/install/protocol.h"

using namespace piman;
using namespace piman::netboot::install;

namespace {

std::vector<std::string> lines_in_pieces(std::string_view bytes, std::size_t piece) {
  LineReader reader({.line_bytes = 100});
  std::vector<std::string> out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    for (std::string& line : reader.feed(bytes.substr(at, piece), SteadyTime{})) out.push_back(std::move(line));
  }
  return out;
}

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

/// However a stream is cut into pieces, the lines are the same; and no line gives a message beyond its bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto lines = lines_in_pieces(bytes, size + 1);
  PIMAN_CHECK(lines == lines_in_pieces(bytes, 1));
  PIMAN_CHECK(lines == lines_in_pieces(bytes, 7));
  for (const std::string& line : lines) {
    PIMAN_CHECK(line.size() <= 100 && line.find('\n') == std::string::npos);
    const Message message = parse_line(line);
    PIMAN_CHECK(message.percent <= 100);
    PIMAN_CHECK(is_printable(message.word) && is_printable(message.text));
    PIMAN_CHECK(is_printable(message.disk.path) && is_printable(message.disk.model));
    if (message.said == Said::kVerified) PIMAN_CHECK(is_sha256(message.text));
    if (message.said == Said::kCapabilities) PIMAN_CHECK(message.capabilities.version > 0);
  }
  Offer offer;
  offer.image = offer.version = offer.url = std::string(bytes);
  const std::string sent = encode_install(offer);
  PIMAN_CHECK(sent.find("\nEOM\n") == sent.size() - 5);
  PIMAN_CHECK(std::count(sent.begin(), sent.end(), '\n') == 9);
  return 0;
}
