// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/check.h"
#include "manager/config.h"
#include "manager/config_import.h"
#include "manager/config_import_hosts.h"
#include "manager/config_import_site.h"
#include "manager/fleet/inventory.h"

namespace {

void check_problems(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) {
    PIMAN_CHECK(problem.starts_with("line "));
    for (const char c : problem) PIMAN_CHECK(c >= 0x20 && c < 0x7F);
  }
}

}  // namespace

/// Whatever stands in an old file: what comes of it is a configuration or an inventory without problems, it holds no
/// address of a receiver, and what is said of the rest is printable.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::manager;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ImportedMonitoring imported = import_monitoring(text);
  PIMAN_CHECK(parse_config(imported.yaml, "/etc/piman").problems.empty());
  PIMAN_CHECK(imported.yaml.find("://") == std::string::npos);
  for (const std::string* url : {&imported.slack_url, &imported.discord_url}) {
    for (const char c : *url) PIMAN_CHECK(c > 0x20 && c < 0x7F);
  }
  check_problems(imported.problems);

  const ImportedHosts hosts = import_hosts(text);
  const ParsedInventory inventory = parse_hosts(hosts.csv);
  PIMAN_CHECK(inventory.problems.empty() && inventory.hosts == hosts.hosts);
  check_problems(hosts.problems);

  // Names for the ports come from the inventory: from this input's own, else from one that fits.
  const std::vector<piman::manager::Host> fitting = parse_hosts("b8:27:eb:00:00:02;172.30.4.2;pi2;\n").hosts;
  const ImportedSite site = import_site(text, hosts.hosts.empty() ? fitting : hosts.hosts);
  PIMAN_CHECK(parse_config(imported.yaml + site.yaml, "/etc/piman").problems.empty());
  check_problems(site.problems);
  return 0;
}
