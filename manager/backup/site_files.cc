// SPDX-License-Identifier: Apache-2.0
#include "manager/backup/site_files.h"

#include <utility>

#include "common/text.h"
#include "manager/backup/archive_format.h"

namespace piman::manager {

std::vector<SiteFile> site_files(const Config& config) {
  std::vector<SiteFile> files;
  const auto add = [&files](std::string role, const std::string& path, bool is_secret) {
    if (!path.empty() && is_role(role)) files.push_back({std::move(role), path, is_secret});
  };
  add("inventory.hosts_file", config.inventory.hosts_file, false);
  if (config.netboot.enabled) add("netboot.assignments", config.netboot.root + "/assignments.csv", false);
  add("watch.ca_file", config.watch.ca_file, false);
  add("agents.ca_file", config.agents.access.ca_file, false);
  add("agents.cert_file", config.agents.access.cert_file, false);
  add("web.token_file", config.web.token_file.empty() ? config.store.folder + "/api.token" : config.web.token_file,
      true);
  // Hashes of passwords: who has them can guess in peace.
  add("web.users_file", config.web.users_file, true);
  add("web.config_file", config.web.config_file, true);
  add("agents.key_file", config.agents.access.key_file, true);
  add("agents.password_file", config.agents.access.password_file, true);
  add("agents.token_file", config.agents.access.token_file, true);
  add("watch.slack_url_file", config.watch.slack_url_file, true);
  add("watch.webhook_url_file", config.watch.webhook_url_file, true);
  for (const power::SwitchConfig& one : config.power.switches) {
    add(concat("power.", one.name, ".community_file"), one.community_file, true);
    add(concat("power.", one.name, ".auth_key_file"), one.auth_key_file, true);
    add(concat("power.", one.name, ".priv_key_file"), one.priv_key_file, true);
  }
  return files;
}

}  // namespace piman::manager
