// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "manager/api/boot_json.h"
#include "manager/api/json.h"
#include "manager/api/order_json.h"
#include "manager/store/journal.h"

/// `piman nodes` and `piman node`: which nodes there are, and all that is known of one.
namespace piman::manager {

/// Exit codes: those of ApiExit.
int run_nodes_command(std::span<const char* const> arguments);
int run_node_command(std::span<const char* const> arguments);

/// Pure, as what follows: the table of `piman nodes`.
std::string render_nodes(const api::FleetView& fleet, bool colours);

/// What `piman node` shows. Parts that the server does not have are left out.
struct NodePicture {
  api::NodeView facts;
  std::optional<api::BootsView> boots;
  std::optional<api::InstallsView> installs;
  std::vector<JournalEvent> events;
};
std::string render_node(const NodePicture& picture, bool colours);

}  // namespace piman::manager
