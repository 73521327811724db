// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "manager/store/watch_records.h"
#include "manager/watch/digest.h"

/// What goes over the wire to and from whoever is told: JSON as each of them wants it. Pure, and the only user of the
/// JSON library in this folder. Every size is bounded by what the receivers take, whatever a node said.
namespace piman::watch {

/// For a Slack incoming webhook: one post with a coloured part a group. `link` is where the title leads.
/// Source: docs.slack.dev, "Sending messages using incoming webhooks", "Legacy: attachments", "Formatting text".
std::string slack_payload(const Digest& digest, const std::string& link);

/// For any webhook; Discord shows it as it is (username, content, embeds), others read `site`, `status` and `groups`.
/// Source: discord.com/developers/docs, "Execute Webhook" and "Embed limits".
std::string webhook_payload(const Digest& digest, const std::string& link);

/// For Alertmanager's /api/v2/alerts: all that fires, good until `firing_until`, and what has ended.
/// The labels are those of the same alerts of alerting/rules/, so that it counts them as one.
struct AlertmanagerPost {
  std::string site;
  std::vector<manager::AlertRecord> firing, resolved;
  WallTime now{}, firing_until{};
  std::string link;
  bool is_test = false;  ///< with an alert PimanTest that ends by itself
};
std::string alertmanager_payload(const AlertmanagerPost& post);

/// Whether what Alertmanager's webhook sends holds its steady signal: an alert called Watchdog that fires. Errors: no
/// such message.
Result<bool> is_watchdog_signal(std::string_view json);

}  // namespace piman::watch
