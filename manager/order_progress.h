// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "manager/api/order_json.h"

/// How an action is shown while it goes on: a bar for each node on a terminal, a line for each change elsewhere. Pure.
namespace piman::manager {

/// What would be done, for a question: "reinstall 3 nodes with raspios@2026-11: pi2, pi3, pi4".
std::string action_words(const api::ActionView& view);

/// The whole picture: one line a node, and one that counts. With more nodes than `most_lines`, those that are at work
/// come first and the rest is only counted.
std::string render_action(const api::ActionView& view, std::size_t most_lines, bool with_colours);

/// Tells what has changed since the last look, a line each.
class ActionLog {
 public:
  std::string changes(const api::ActionView& view);

 private:
  std::map<std::string, std::string> said_;
};

/// Nodes that did not come to a good end.
std::size_t count_failed(const api::ActionView& view);

}  // namespace piman::manager
