// SPDX-License-Identifier: Apache-2.0
#include "node-agent/textfile_parser.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <utility>

#include "common/prom_parse.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Type;

/// What a sample's name says of its place in a histogram or a summary.
enum class Role { kPlain, kBucket, kSum, kCount };

constexpr std::array<std::pair<std::string_view, Role>, 3> kSuffixes = {
    {{"_bucket", Role::kBucket}, {"_sum", Role::kSum}, {"_count", Role::kCount}}};
constexpr std::array<std::pair<std::string_view, Type>, 5> kTypes = {{{"counter", Type::kCounter},
                                                                      {"gauge", Type::kGauge},
                                                                      {"histogram", Type::kHistogram},
                                                                      {"summary", Type::kSummary},
                                                                      {"untyped", Type::kUntyped}}};

/// With backslash, line end and, in a label, the quote written as escapes. Nothing when there is another escape.
std::optional<std::string> unescaped(std::string_view text, bool is_label) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    const char c = ++i < text.size() ? text[i] : '\0';
    if (c != '\\' && c != 'n' && !(c == '"' && is_label)) return std::nullopt;
    out.push_back(c == 'n' ? '\n' : c);
  }
  return out;
}

std::optional<double> parse_bound(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return parse_double(text);
}

/// Counts are whole and not negative, whatever a file says.
double whole(double value) {
  constexpr double kOnlyWholeFrom = 9'007'199'254'740'992;  // 2^53
  if (!(value >= 0)) return 0;
  return value < kOnlyWholeFrom ? static_cast<double>(static_cast<std::uint64_t>(value)) : value;
}

class Parser {
 public:
  Result<std::vector<TextfileFamily>> parse(std::string_view content) {
    // Half a number is a number too: a file that is being written must not be taken.
    if (!content.empty() && !content.ends_with('\n')) return fail("ends within a line");
    for (std::size_t line = 1; !content.empty(); ++line) {
      const std::string_view problem = take_line(next_until(content, '\n'));
      if (!problem.empty()) return fail(concat("line ", line, ": ", problem));
    }
    std::vector<TextfileFamily> families;
    for (Building& building : families_) {
      if (building.family.metrics.empty()) continue;
      give_same_labels(building.family);
      families.push_back(std::move(building.family));
    }
    return families;
  }

 private:
  struct Building {
    TextfileFamily family;
    bool typed = false;
    std::map<std::map<std::string, std::string>, std::size_t> by_labels;  ///< of a histogram or summary
  };

  std::string_view take_line(std::string_view line) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return line[begin] == '#' ? take_comment(line.substr(begin + 1)) : take_sample(line);
  }

  /// Behind the '#'.
  std::string_view take_comment(std::string_view rest) {
    const std::string_view word = next_field(rest);
    if (word != "HELP" && word != "TYPE") return {};
    const std::string_view name = next_field(rest);
    if (name.empty()) return {};
    const prom_text::ParsedLine as_sample = prom_text::parse_line(concat(name, " 0"));
    if (as_sample.kind != prom_text::LineKind::kSample || name.ends_with('}')) return "no metric name in a comment";
    Role role = Role::kPlain;
    Building& building = family_of(name, role);
    const std::size_t begin = rest.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    rest.remove_prefix(begin);
    if (word == "HELP") {
      if (building.family.help) return "second HELP of a metric";
      building.family.help = unescaped(rest, false);
      if (!building.family.help) return "HELP has an unknown escape";
      return {};
    }
    if (building.typed) return "TYPE of a metric that has one, or has samples above";
    for (const auto& [text, type] : kTypes) {
      if (!equals_ignoring_case(rest, text)) continue;
      building.family.type = type;
      building.typed = true;
      return {};
    }
    return "TYPE names no metric type";
  }

  std::string_view take_sample(std::string_view line) {
    const prom_text::ParsedLine parsed = prom_text::parse_line(line);
    if (parsed.kind != prom_text::LineKind::kSample) return parsed.problem;
    const prom_text::Sample& sample = parsed.sample;
    // The parser passes over timestamps and over OpenMetrics' exemplars: look at what follows the value.
    const char* const after = sample.labels.data() == nullptr ? sample.name.data() + sample.name.size()
                                                              : sample.labels.data() + sample.labels.size() + 1;
    std::string_view tail = line.substr(static_cast<std::size_t>(after - line.data()));
    next_field(tail);
    if (const std::string_view more = next_field(tail); !more.empty()) {
      return more.starts_with('#') ? "an exemplar, which this format does not have" : "timestamps are not supported";
    }
    Role role = Role::kPlain;
    Building& building = family_of(sample.name, role);
    building.typed = true;
    TextfileMetric metric;
    double bound = std::nan("");
    const std::string_view problem = take_labels(sample.labels, building.family.type, metric, bound);
    if (problem.empty()) place(building, std::move(metric), role, bound, sample.value);
    return problem;
  }

  static std::string_view take_labels(std::string_view text, Type type, TextfileMetric& metric, double& bound) {
    const std::string_view bound_label = type == Type::kHistogram ? "le" : type == Type::kSummary ? "quantile" : "";
    prom_text::LabelReader reader(text);
    std::string_view name, escaped;
    bool bound_seen = false;
    while (reader.next(name, escaped)) {
      auto value = unescaped(escaped, true);
      if (!value) return "label value has an unknown escape";
      if (name.starts_with("__")) return "label name is reserved";
      if (name == bound_label) {
        const auto number = parse_bound(*value);
        if (!number) return "le or quantile is no number";
        if (std::exchange(bound_seen, true)) return "label stands twice";
        bound = *number;
      } else if (!metric.labels.emplace(name, std::move(*value)).second) {
        return "label stands twice";
      }
    }
    return {};
  }

  static void place(Building& building, TextfileMetric metric, Role role, double bound, double value) {
    std::vector<TextfileMetric>& metrics = building.family.metrics;
    if (building.family.type != Type::kHistogram && building.family.type != Type::kSummary) {
      metric.value = value;
      metrics.push_back(std::move(metric));
      return;
    }
    const auto [found, is_new] = building.by_labels.emplace(metric.labels, metrics.size());
    if (is_new) metrics.push_back(std::move(metric));
    TextfileMetric& target = metrics[found->second];
    if (role == Role::kSum) {
      target.value = value;
    } else if (role == Role::kCount) {
      target.count = whole(value);
    } else if (!std::isnan(bound)) {
      target.parts[bound] = building.family.type == Type::kHistogram ? whole(value) : value;
    }
  }

  /// The family that a name belongs to: its own, or the histogram or summary that it is a part of.
  Building& family_of(std::string_view name, Role& role) {
    role = Role::kPlain;
    if (const auto found = by_name_.find(name); found != by_name_.end()) return families_[found->second];
    for (const auto& [suffix, suffix_role] : kSuffixes) {
      if (!name.ends_with(suffix)) continue;
      const auto found = by_name_.find(name.substr(0, name.size() - suffix.size()));
      if (found == by_name_.end()) continue;
      Building& building = families_[found->second];
      const Type type = building.family.type;
      if (type != Type::kHistogram && (type != Type::kSummary || suffix_role == Role::kBucket)) continue;
      role = suffix_role;
      return building;
    }
    by_name_.emplace(std::string(name), families_.size());
    families_.emplace_back();
    families_.back().family.name = name;
    return families_.back();
  }

  static void give_same_labels(TextfileFamily& family) {
    std::set<std::string> names;
    for (const TextfileMetric& metric : family.metrics) {
      for (const auto& [name, value] : metric.labels) names.insert(name);
    }
    for (TextfileMetric& metric : family.metrics) {
      for (const std::string& name : names) metric.labels.emplace(name, "");
    }
  }

  std::vector<Building> families_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace

Result<std::vector<TextfileFamily>> parse_textfile(std::string_view content) { return Parser().parse(content); }

}  // namespace piman::agent
