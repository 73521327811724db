// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "manager/config.h"
#include "manager/config_import.h"

/// Whatever stands in an old file: the YAML that comes of it is a configuration without problems, it holds no address
/// of a receiver, and what is said of the rest is printable.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::manager;
  const ImportedMonitoring imported = import_monitoring({reinterpret_cast<const char*>(data), size});
  PIMAN_CHECK(parse_config(imported.yaml, "/etc/piman").problems.empty());
  PIMAN_CHECK(imported.yaml.find("://") == std::string::npos);
  for (const std::string* url : {&imported.slack_url, &imported.discord_url}) {
    for (const char c : *url) PIMAN_CHECK(c > 0x20 && c < 0x7F);
  }
  for (const std::string& problem : imported.problems) {
    PIMAN_CHECK(problem.starts_with("line "));
    for (const char c : problem) PIMAN_CHECK(c >= 0x20 && c < 0x7F);
  }
  return 0;
}
