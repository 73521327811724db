// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "manager/init/report.h"

namespace piman::manager {

std::string report_json(const InitReport& report, std::string_view yaml) {
  using Json = nlohmann::ordered_json;
  Json checks = Json::array();
  for (const InitCheck& each : report.checks) {
    checks.push_back({{"result", to_text(each.result)}, {"subject", each.subject}, {"words", each.words}});
  }
  const Json json = {{"config_file", report.config_file},
                     {"hosts_file", report.hosts_file},
                     {"written", report.is_written},
                     {"kept_as", report.kept_as.empty() ? Json() : Json(report.kept_as)},
                     {"config", yaml},
                     {"checks", std::move(checks)},
                     {"next", report.next}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace piman::manager
