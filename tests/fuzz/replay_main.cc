// SPDX-License-Identifier: Apache-2.0
// Feeds files to a fuzz target where there is no libFuzzer: whole, and cut off at every length.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

/// A sample longer than this is cut at fifty lengths only.
constexpr std::size_t kLongSample = 2000;

void replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string sample{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::size_t step = sample.size() > kLongSample ? sample.size() / 50 : 1;
  for (std::size_t length = 0;; length = std::min(length + step, sample.size())) {
    // A copy of just that size, so that a sanitizer sees one byte too far.
    const std::vector<std::uint8_t> bytes(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(length));
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    if (length == sample.size()) return;
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  int samples = 0;
  for (int i = 1; i < argument_count; ++i) {
    std::error_code error;
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[i], error)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) {
      std::printf("%s\n", path.c_str());
      std::fflush(stdout);  // the last line names the sample that crashed
      replay(path);
      ++samples;
    }
  }
  std::printf("%d samples\n", samples);
  return samples == 0 ? 1 : 0;
}
