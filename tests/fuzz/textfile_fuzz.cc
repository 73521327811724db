// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/check.h"
#include "node-agent/textfile_page.h"
#include "node-agent/textfile_parser.h"

// Any bytes as a file that another program left. Beyond not crashing: what is accepted is written so that it is
// accepted again, and then stays the same.
namespace {

std::optional<std::string> page_of(std::string_view file) {
  const auto families = piman::agent::parse_textfile(file);
  if (!families) return std::nullopt;
  piman::agent::TextfilePage page;
  page.add("file", *families);
  piman::prom_text::Writer out;
  page.write(out);
  return out.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto first = page_of(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!first) return 0;
  const auto second = page_of(*first);
  PIMAN_CHECK(second.has_value());
  PIMAN_CHECK(*second == *first);
  return 0;
}
