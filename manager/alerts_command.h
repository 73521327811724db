// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "manager/api/watch_json.h"

/// `piman alerts` and `piman silence`: what is wrong by the running server, and what not to be told of.
namespace piman::manager {

/// `arguments` is what stands behind "alerts" or "silence".
int run_alerts(std::span<const char* const> arguments);
int run_silence(std::span<const char* const> arguments);

/// Pure: the table with its heading.
std::string render_alerts(const api::AlertList& alerts, bool colours);
std::string render_silences(const std::vector<api::SilenceEntry>& silences);

}  // namespace piman::manager
