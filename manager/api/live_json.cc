// SPDX-License-Identifier: Apache-2.0
#include "manager/api/live_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "manager/api/fleet_object.h"

namespace piman::manager::api {
namespace {

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json versions_of(const std::vector<LiveTopic>& topics) {
  Json object = Json::object();
  for (const LiveTopic& topic : topics) object[topic.name] = topic.version;
  return object;
}
Json counts_of(const std::vector<LiveTopic>& topics) {
  Json object = Json::object();
  for (const LiveTopic& topic : topics) object[topic.name] = topic.count;
  return object;
}

/// The keys of `now` that have another value in `before`, and the name. The keys of a node are always the same.
Json difference(const Json& before, const Json& now) {
  Json change = {{"name", now["name"]}};
  auto old = before.begin();
  for (const auto& [key, value] : now.items()) {
    if (old == before.end() || old.value() != value) change[key] = value;
    if (old != before.end()) ++old;
  }
  return change;
}

}  // namespace

struct LiveJson::Memory {
  struct Node {
    std::shared_ptr<const NodeState> state;
    Json object;
  };
  std::vector<Node> nodes;
  std::array<std::size_t, kPhaseCount> counts{};
  std::vector<LiveTopic> topics;
  Json head;
  bool is_filled = false;

  bool has_the_nodes_of(const FleetSnapshot& fleet) const {
    return std::equal(nodes.begin(), nodes.end(), fleet.nodes.begin(), fleet.nodes.end(),
                      [](const Node& node, const auto& state) { return node.state->host == state->host; });
  }
};

LiveJson::LiveJson() : memory_(std::make_unique<Memory>()) {}
LiveJson::~LiveJson() = default;

void LiveJson::forget() { memory_ = std::make_unique<Memory>(); }

LiveJson::Told LiveJson::look(const FleetSnapshot& fleet, const ServerFacts& facts,
                              const std::vector<LiveTopic>& topics) {
  Memory& memory = *memory_;
  Json head = head_object(fleet.version, facts);
  const Json version = head["version"];
  const Json now = head["now"];
  const bool says_the_same = [&] {
    Json before = memory.head;
    if (!before.is_object()) return false;
    before["version"] = version;
    before["now"] = now;
    return before == head;
  }();
  const bool is_whole = !memory.is_filled || !says_the_same || !memory.has_the_nodes_of(fleet);
  const bool has_topics = topics != memory.topics;
  memory.head = std::move(head);
  memory.topics = topics;
  std::array<std::size_t, kPhaseCount> counts{};
  for (const auto& node : fleet.nodes) ++counts[static_cast<std::size_t>(node->phase)];
  memory.counts = counts;
  if (is_whole) {
    memory.nodes.clear();
    for (const auto& node : fleet.nodes) memory.nodes.push_back({node, live_node_object(*node, facts.label_of)});
    memory.is_filled = true;
    return {Told::Kind::kFleet, whole()};
  }
  Json changes = Json::array();
  for (std::size_t i = 0; i < fleet.nodes.size(); ++i) {
    Memory::Node& node = memory.nodes[i];
    if (node.state == fleet.nodes[i]) continue;
    Json object = live_node_object(*fleet.nodes[i], facts.label_of);
    Json change = difference(node.object, object);
    if (change.size() > 1) changes.push_back(std::move(change));
    node = {fleet.nodes[i], std::move(object)};
  }
  if (changes.empty() && !has_topics) return {};
  Json data = {{"now", now}, {"version", version}, {"counts", count_object(counts)}};
  if (has_topics) {
    data["topics"] = versions_of(topics);
    data["badges"] = counts_of(topics);
  }
  data["nodes"] = std::move(changes);
  return {Told::Kind::kChange, text_of(data)};
}

std::string LiveJson::whole() const {
  const Memory& memory = *memory_;
  Json data = memory.head;
  data["topics"] = versions_of(memory.topics);
  data["badges"] = counts_of(memory.topics);
  data["counts"] = count_object(memory.counts);
  Json nodes = Json::array();
  for (const Memory::Node& node : memory.nodes) nodes.push_back(node.object);
  data["nodes"] = std::move(nodes);
  return text_of(data);
}

}  // namespace piman::manager::api
