// SPDX-License-Identifier: Apache-2.0
#include "manager/backup_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace piman::manager {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n'; }

Json to_json(const BackupFile& file) {
  return {{"role", file.role}, {"size_bytes", file.size}, {"sha256", file.sha256}};
}

}  // namespace

std::string backup_json(const std::string& file, const BackupReport& report) {
  Json files = Json::array(), left_out = Json::array();
  for (const BackupFile& one : report.list.files) files.push_back(to_json(one));
  for (const std::string& role : report.left_out) left_out.push_back(role);
  return dumped({{"file", file},
                 {"made", report.list.made},
                 {"version", report.list.version},
                 {"size_bytes", report.size},
                 {"files", std::move(files)},
                 {"left_out", std::move(left_out)}});
}

std::string restore_json(const std::string& file, const RestoreReport& report, bool was_restored) {
  Json files = Json::array();
  for (const RestoredFile& one : report.files) {
    files.push_back({{"role", one.role},
                     {"path", one.path.empty() ? Json() : Json(one.path)},
                     {"state", to_string(one.state)},
                     {"kept_as", one.kept_as.empty() ? Json() : Json(one.kept_as)}});
  }
  return dumped({{"file", file},
                 {"made", report.list.made},
                 {"version", report.list.version},
                 {"restored", was_restored},
                 {"withdrawn_orders", report.withdrawn_orders},
                 {"files", std::move(files)}});
}

}  // namespace piman::manager
