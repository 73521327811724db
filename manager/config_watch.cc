// SPDX-License-Identifier: Apache-2.0
#include "manager/config_watch.h"

#include <array>
#include <chrono>
#include <cmath>
#include <vector>

#include "common/text.h"
#include "manager/config_values.h"
#include "manager/fleet/inventory.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;
using watch::Condition;
using watch::Rule;
using watch::RulePatch;
using In = std::string_view;

constexpr milliseconds kDay{86'400'000};
constexpr auto kText = ConfigKey::Scalar::kText;
constexpr std::size_t kMostOverrides = 1024;
constexpr std::size_t kMostNodes = 4096;

Result<void> set_level_of(double& out, In text, double least, double most) {
  const auto number = parse_double(text);
  if (!number || !std::isfinite(*number)) return fail(concat(quote(text), " is no number"));
  if (*number < least || *number > most) return fail(concat(text, " is not between ", least, " and ", most));
  out = *number;
  return {};
}

/// "off", or a number.
template <Condition kOf>
Result<void> set_threshold(Config& config, In text) {
  Rule& rule = config.watch.rules[watch::index_of(kOf)];
  rule.enabled = text != "off";
  if (!rule.enabled) return {};
  switch (watch::words_of(kOf).unit) {
    case watch::Unit::kPercent:
      return set_level_of(rule.threshold, text, 1, 100);
    case watch::Unit::kCelsius:
      return set_level_of(rule.threshold, text, 1, 150);
    case watch::Unit::kSeconds:
      return set_level_of(rule.threshold, text, 0.01, 86'400);
    case watch::Unit::kProcesses:
    case watch::Unit::kBoots:
    case watch::Unit::kNone:
      break;
  }
  return set_level_of(rule.threshold, text, 1, 1'000'000);
}
template <Condition kOf>
std::string show_threshold(const Config& config) {
  const Rule& rule = config.watch.rules[watch::index_of(kOf)];
  return rule.enabled ? concat(rule.threshold) : "off";
}
template <Condition kOf>
Result<void> set_enabled(Config& config, In text) {
  return set_switch(config.watch.rules[watch::index_of(kOf)].enabled, text);
}
template <Condition kOf>
std::string show_enabled(const Config& config) {
  return config.watch.rules[watch::index_of(kOf)].enabled ? "true" : "false";
}
template <Condition kOf>
Result<void> set_hold(Config& config, In text) {
  return set_duration(config.watch.rules[watch::index_of(kOf)].hold, text, milliseconds(0), kDay);
}
template <Condition kOf>
std::string show_hold(const Config& config) {
  return format_duration(config.watch.rules[watch::index_of(kOf)].hold);
}
template <Condition kOf>
Result<void> set_hysteresis(Config& config, In text) {
  return set_level_of(config.watch.rules[watch::index_of(kOf)].hysteresis, text, 0, 1'000'000);
}
template <Condition kOf>
std::string show_hysteresis(const Config& config) {
  return concat(config.watch.rules[watch::index_of(kOf)].hysteresis);
}

Result<void> set_optional_file(std::string& out, In text) {
  if (!text.empty()) return set_file(out, text);
  out.clear();
  return {};
}

/// A key of one condition, and so one that an override may set too.
enum class Field : std::uint8_t { kThreshold, kEnabled, kHold, kHysteresis };
struct RuleKey {
  Condition condition;
  Field field;
  ConfigKey key;
};
template <Condition kOf>
constexpr RuleKey hold_key(In name, In help) {
  return {kOf, Field::kHold, {"watch", name, "duration, 0 to 1d", kText, help, &set_hold<kOf>, &show_hold<kOf>}};
}
template <Condition kOf>
constexpr RuleKey hysteresis_key(In name, In type, In help) {
  return {kOf, Field::kHysteresis, {"watch", name, type, kText, help, &set_hysteresis<kOf>, &show_hysteresis<kOf>}};
}
template <Condition kOf>
constexpr RuleKey threshold_key(In name, In type, In help) {
  return {kOf, Field::kThreshold, {"watch", name, type, kText, help, &set_threshold<kOf>, &show_threshold<kOf>}};
}
template <Condition kOf>
constexpr RuleKey enabled_key(In name, In help) {
  return {kOf, Field::kEnabled, {"watch", name, "true or false", kText, help, &set_enabled<kOf>, &show_enabled<kOf>}};
}

constexpr In kPercent = "percent, 1 to 100, or off";
constexpr In kBelow = "a number, 0 or more";
constexpr In kGoneBelow = "It is over when the value is not above the threshold minus this, or half the threshold.";
constexpr In kHolds = "It must be so for so long.";

// clang-format off
constexpr std::array kKeys = {
    ConfigKey{"watch", "enabled", "true or false", kText,
     "Whether nodes are watched at all; alerts are kept in `store.folder`.",
     [](Config& c, In t) { return set_switch(c.watch.enabled, t); },
     [](const Config& c) { return std::string(c.watch.enabled ? "true" : "false"); }},
    ConfigKey{"watch", "slack_url_file", "path", kText,
     "A file whose first line is the URL of a Slack incoming webhook; no other user may read it. Empty: none.",
     [](Config& c, In t) { return set_optional_file(c.watch.slack_url_file, t); },
     [](const Config& c) { return c.watch.slack_url_file; }},
    ConfigKey{"watch", "webhook_url_file", "path", kText,
     "The same for any other webhook: messages are JSON that Discord shows as it is.",
     [](Config& c, In t) { return set_optional_file(c.watch.webhook_url_file, t); },
     [](const Config& c) { return c.watch.webhook_url_file; }},
    ConfigKey{"watch", "alertmanager_url", "URL", kText,
     "An Alertmanager that is told of all alerts, such as `http://127.0.0.1:9093`.",
     [](Config& c, In t) { return set_url(c.watch.alertmanager_url, t); },
     [](const Config& c) { return c.watch.alertmanager_url; }},
    ConfigKey{"watch", "ca_file", "path", kText,
     "Certificates (PEM) of those who may sign for these receivers, instead of those that the system trusts.",
     [](Config& c, In t) { return set_optional_file(c.watch.ca_file, t); },
     [](const Config& c) { return c.watch.ca_file; }},
    ConfigKey{"watch", "gather", "duration, 0 to 10m", kText,
     "What happens within this time is one message.",
     [](Config& c, In t) { return set_duration(c.watch.gather, t, milliseconds(0), milliseconds(600'000)); },
     [](const Config& c) { return format_duration(c.watch.gather); }},
    ConfigKey{"watch", "pause", "duration, 0 to 1h", kText,
     "At least so long between two messages to the same receiver.",
     [](Config& c, In t) { return set_duration(c.watch.pause, t, milliseconds(0), milliseconds(3'600'000)); },
     [](const Config& c) { return format_duration(c.watch.pause); }},
    ConfigKey{"watch", "resolve_after", "duration, 0 to 1h", kText,
     "A condition must be gone for so long before it counts as over.",
     [](Config& c, In t) { return set_duration(c.watch.resolve_after, t, milliseconds(0), milliseconds(3'600'000)); },
     [](const Config& c) { return format_duration(c.watch.resolve_after); }},
    ConfigKey{"watch", "watchdog_timeout", "duration, 0 to 1d", kText,
     "Alertmanager's steady signal must come at least so often, or piman warns by itself. 0: none is expected.",
     [](Config& c, In t) { return set_duration(c.watch.watchdog_timeout, t, milliseconds(0), kDay); },
     [](const Config& c) { return format_duration(c.watch.watchdog_timeout); }},
    ConfigKey{"watch", "status_log", "path", kText,
     "A file with one line a node and scrape. Empty: none, which spares an SD card.",
     [](Config& c, In t) { return set_optional_file(c.watch.status_log, t); },
     [](const Config& c) { return c.watch.status_log; }},
    ConfigKey{"watch", "status_log_size", "size, 64KiB to 1GiB", kText,
     "The status log is rotated at this size; three older ones are kept.",
     [](Config& c, In t) { return set_size(c.watch.status_log_bytes, t, 65'536, 1UL << 30U); },
     [](const Config& c) { return show_size(c.watch.status_log_bytes); }},
};
constexpr std::array kRuleKeys = {
    enabled_key<Condition::kNodeDown>("node_down", "Alert when nothing on a node answers."),
    hold_key<Condition::kNodeDown>("node_down_for", kHolds),
    enabled_key<Condition::kAgentDown>("agent_down", "Alert when a node answers and its agent does not."),
    hold_key<Condition::kAgentDown>("agent_down_for", kHolds),
    threshold_key<Condition::kCpu>("cpu_threshold", kPercent, "Alert when the CPU is busier than this."),
    hold_key<Condition::kCpu>("cpu_for", kHolds),
    hysteresis_key<Condition::kCpu>("cpu_hysteresis", kBelow, kGoneBelow),
    threshold_key<Condition::kMemory>("mem_threshold", kPercent, "Alert when more memory than this is not available."),
    hold_key<Condition::kMemory>("mem_for", kHolds),
    hysteresis_key<Condition::kMemory>("mem_hysteresis", kBelow, kGoneBelow),
    threshold_key<Condition::kDisk>("disk_threshold", kPercent, "Alert when the root file system is fuller than this."),
    hold_key<Condition::kDisk>("disk_for", kHolds),
    hysteresis_key<Condition::kDisk>("disk_hysteresis", kBelow, kGoneBelow),
    threshold_key<Condition::kPids>("pids_threshold", "number, or off", "Alert when there are more processes than these."),
    hold_key<Condition::kPids>("pids_for", kHolds),
    hysteresis_key<Condition::kPids>("pids_hysteresis", kBelow, kGoneBelow),
    threshold_key<Condition::kTemperature>("temperature_threshold", "degrees Celsius, or off", "Alert when the processor is hotter than this."),
    hold_key<Condition::kTemperature>("temperature_for", kHolds),
    hysteresis_key<Condition::kTemperature>("temperature_hysteresis", kBelow, kGoneBelow),
    threshold_key<Condition::kFilesystemFull>("filesystem_threshold", kPercent, "Alert when any file system is fuller than this."),
    hold_key<Condition::kFilesystemFull>("filesystem_for", kHolds),
    hysteresis_key<Condition::kFilesystemFull>("filesystem_hysteresis", kBelow, kGoneBelow),
    enabled_key<Condition::kRootReadOnly>("root_read_only", "Alert when the root file system can't be written to."),
    hold_key<Condition::kRootReadOnly>("root_read_only_for", kHolds),
    enabled_key<Condition::kUnderVoltage>("under_voltage", "Alert when the supply is too weak."),
    hold_key<Condition::kUnderVoltage>("under_voltage_for", kHolds),
    enabled_key<Condition::kThrottled>("throttled", "Alert when the processor is slowed down."),
    hold_key<Condition::kThrottled>("throttled_for", kHolds),
    threshold_key<Condition::kBootLoop>("boot_loop_threshold", "number, or off", "Alert when a node has started more often than this in half an hour."),
    hold_key<Condition::kBootLoop>("boot_loop_for", kHolds),
    threshold_key<Condition::kClockSkew>("clock_threshold", "seconds, or off", "Alert when a node's clock is further off than this."),
    hold_key<Condition::kClockSkew>("clock_for", kHolds),
    hysteresis_key<Condition::kClockSkew>("clock_hysteresis", kBelow, kGoneBelow),
};
// clang-format on

RulePatch patch_of(const RuleKey& known, const Rule& set) {
  RulePatch patch;
  patch.condition = known.condition;
  switch (known.field) {
    case Field::kThreshold:
      patch.enabled = set.enabled;
      if (set.enabled) patch.threshold = set.threshold;
      break;
    case Field::kEnabled:
      patch.enabled = set.enabled;
      break;
    case Field::kHold:
      patch.hold = set.hold;
      break;
    case Field::kHysteresis:
      patch.hysteresis = set.hysteresis;
      break;
  }
  return patch;
}

class OverridesReader {
 public:
  OverridesReader(Config& config, std::vector<ConfigProblem>& problems) : config_(config), problems_(problems) {}

  void read(const YamlNode& list) {
    if (list.kind == YamlNode::Kind::kNothing) return;
    if (list.kind != YamlNode::Kind::kList) return problem(list.line, "must be a list, each with nodes and thresholds");
    if (list.children.size() > kMostOverrides) {
      return problem(list.line, concat("more than ", kMostOverrides, " overrides"));
    }
    for (const YamlNode& item : list.children) read_override(item);
  }

 private:
  void problem(std::size_t line, const std::string& message) {
    problems_.push_back({line, concat(kOverridesKey, ": ", message)});
  }

  void read_override(const YamlNode& item) {
    if (item.kind != YamlNode::Kind::kMap) return problem(item.line, "an override must hold keys and values");
    watch::Override made;
    const std::size_t before = problems_.size();
    read_keys(
        item, [this](std::size_t line, const std::string& message) { problem(line, message); },
        [&](const YamlNode& key, const YamlNode& value) {
          if (key.text == "nodes") return read_nodes(value, made);
          read_key(key, value, made);
        });
    if (problems_.size() != before) return;
    if (made.nodes.empty()) return problem(item.line, "nodes must be set");
    if (made.patches.empty()) return problem(item.line, "there is nothing in it beside its nodes");
    config_.watch.overrides.push_back(std::move(made));
  }

  void read_nodes(const YamlNode& value, watch::Override& made) {
    std::vector<const YamlNode*> names;
    if (value.kind == YamlNode::Kind::kScalar) names.push_back(&value);
    if (value.kind == YamlNode::Kind::kList) {
      for (const YamlNode& each : value.children) names.push_back(&each);
    }
    if (names.empty()) return problem(value.line, "nodes: must be a node's name, or a list of them");
    if (names.size() > kMostNodes) return problem(value.line, concat("nodes: more than ", kMostNodes));
    for (const YamlNode* each : names) {
      if (each->kind != YamlNode::Kind::kScalar || !is_host_name(each->text)) {
        problem(each->line, concat("nodes: ", quote(each->text), " is no node's name"));
      } else {
        made.nodes.push_back(each->text);
      }
    }
  }

  void read_key(const YamlNode& key, const YamlNode& value, watch::Override& made) {
    for (const RuleKey& known : kRuleKeys) {
      if (known.key.name != key.text) continue;
      if (value.kind != YamlNode::Kind::kScalar) {
        return problem(value.line, concat(key.text, ": must be one value (", known.key.type, ")"));
      }
      Config scratch;
      if (const auto set = known.key.set(scratch, value.text); !set) {
        return problem(value.line, concat(key.text, ": ", set.error().message));
      }
      made.patches.push_back(patch_of(known, scratch.watch.rules[watch::index_of(known.condition)]));
      return;
    }
    problem(key.line, concat("unknown key ", quote(key.text)));
  }

  Config& config_;
  std::vector<ConfigProblem>& problems_;
};

}  // namespace

std::span<const ConfigKey> watch_keys() {
  static const std::vector<ConfigKey> all = [] {
    std::vector<ConfigKey> keys(kKeys.begin(), kKeys.end());
    for (const RuleKey& each : kRuleKeys) keys.push_back(each.key);
    return keys;
  }();
  return all;
}

void read_overrides(const YamlNode& list, Config& config, std::vector<ConfigProblem>& problems) {
  OverridesReader(config, problems).read(list);
}

std::string render_overrides_reference() {
  return "\n## Nodes with thresholds of their own\n\n`watch.overrides` is a list. Each has `nodes` (names), and keys "
         "of "
         "the section `watch` from `node_down` on, which hold\nfor these nodes. Later ones win.\n"
         "\n    watch:\n"
         "      temperature_threshold: 75\n"
         "      overrides:\n"
         "        - nodes: [pi7, pi8]\n"
         "          temperature_threshold: 85\n"
         "          cpu_threshold: off\n"
         "          node_down_for: 10m\n";
}

}  // namespace piman::manager
