// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "manager/api/json.h"
#include "manager/fleet/fleet.h"
#include "manager/fleet/selection.h"

/// The objects that answers about the fleet are made of: for the answers themselves (json.cc) and for what browsers are
/// told as it changes (live_json.cc). Pure.
namespace piman::manager::api {

using Json = nlohmann::ordered_json;

/// Rounded to milliseconds or their like; null when it is not finite or not known.
Json number(double value);
Json number(const std::optional<double>& value);
/// Null when empty.
Json word(const std::string& text);

/// What an answer says beside counts and nodes.
Json head_object(std::uint64_t version, const ServerFacts& facts);
/// One node; labels are null without `label_of`.
Json node_object(const NodeState& node, const LabelOf& label_of);
/// The same without what changes with every scrape and no list shows: file systems, clocks.
Json live_node_object(const NodeState& node, const LabelOf& label_of);
/// How many nodes are in each phase: all of them are keys.
Json count_object(std::span<const std::size_t> counts);

}  // namespace piman::manager::api
