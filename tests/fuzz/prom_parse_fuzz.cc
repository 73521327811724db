// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "common/prom_parse.h"

// Any bytes as a page, in both formats. Beyond not crashing: what the reader accepts must read the same a second time
// when it is written down again from its parts.
namespace {

using namespace piman::prom_text;

void read_in_pieces(std::string_view page, Format format, std::size_t samples, bool good);

std::size_t read_page(std::string_view page, Format format) {
  PageReader reader(page, format);
  Sample sample;
  std::size_t samples = 0;
  std::string rewritten;
  while (reader.next(sample)) {
    ++samples;
    rewritten.assign(sample.name);
    rewritten.push_back('{');
    rewritten.append(sample.labels);
    rewritten += "} 1";
    const ParsedLine again = parse_line(rewritten);
    PIMAN_CHECK(again.kind == LineKind::kSample);
    PIMAN_CHECK(again.sample.name == sample.name && again.sample.labels == sample.labels);

    LabelReader labels(sample.labels);
    std::string_view name;
    std::string_view value;
    while (labels.next(name, value)) {
      PIMAN_CHECK(!name.empty());
      std::string unescaped;
      append_unescaped(unescaped, value);
      PIMAN_CHECK(unescaped.size() <= value.size());
      PIMAN_CHECK(sample.find_label(name).has_value());
    }
  }
  PIMAN_CHECK(!reader.next(sample));  // the end stays the end
  read_in_pieces(page, format, samples, !reader.problem());
  return samples;
}

/// The same page in pieces of 1 to 16 bytes must say the same.
void read_in_pieces(std::string_view page, Format format, std::size_t samples, bool good) {
  PageStream stream(format, page.size() + 1);
  Sample sample;
  std::size_t piece = 1;
  for (std::string_view rest = page; !rest.empty();) {
    const std::string bytes(rest.substr(0, piece));
    rest.remove_prefix(bytes.size());
    piece = piece % 16 + 1;
    stream.feed(bytes);
    while (stream.next(sample)) --samples;
  }
  stream.end();
  PIMAN_CHECK(samples == 0);
  PIMAN_CHECK(stream.problem().has_value() == !good);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view page(reinterpret_cast<const char*>(data), size);
  read_page(page, Format::kText);
  read_page(page, Format::kOpenMetrics);
  return 0;
}
