// SPDX-License-Identifier: Apache-2.0
#include "node-agent/textfile_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <span>

#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Type;

bool has_parts(Type type) { return type == Type::kHistogram || type == Type::kSummary; }

/// What the samples of a histogram or a summary have behind the family's name.
std::span<const std::string_view> suffixes(Type type) {
  static constexpr std::array<std::string_view, 3> kSuffixes = {"_count", "_sum", "_bucket"};
  return std::span(kSuffixes).first(type == Type::kHistogram ? 3 : type == Type::kSummary ? 2 : 0);
}

/// `foo="bar",size="1"`.
std::string rendered(const TextfileMetric& metric) {
  std::string out;
  for (const auto& [name, value] : metric.labels) {
    if (!out.empty()) out.push_back(',');
    out += concat(name, "=\"");
    prom_text::append_label_value(out, value);
    out.push_back('"');
  }
  return out;
}

std::string braced(const std::string& labels) { return labels.empty() ? std::string() : concat('{', labels, '}'); }

std::string braced_with(const std::string& labels, std::string_view name, double bound) {
  std::string out = concat('{', labels, labels.empty() ? "" : ",", name, "=\"");
  prom_text::append_number(out, bound);
  out += "\"}";
  return out;
}

void write_parts(Type type, const std::string& labels, const TextfileMetric& metric, prom_text::Writer& out) {
  if (type == Type::kSummary) {
    for (const auto& [quantile, value] : metric.parts)
      out.sample_rendered(braced_with(labels, "quantile", quantile), value);
  } else {
    for (const auto& [bound, value] : metric.parts)
      out.sample_rendered(braced_with(labels, "le", bound), value, "_bucket");
    const bool complete = !metric.parts.empty() && std::isinf(metric.parts.rbegin()->first);
    if (!complete) out.sample_rendered(braced_with(labels, "le", HUGE_VAL), metric.count, "_bucket");
  }
  out.sample_rendered(braced(labels), metric.value, "_sum");
  out.sample_rendered(braced(labels), metric.count, "_count");
}

}  // namespace

std::string_view TextfilePage::objection(const TextfileFamily& family) const {
  if (std::find(reserved_.begin(), reserved_.end(), family.name) != reserved_.end()) return "is the agent's own";
  if (const auto found = families_.find(family.name); found != families_.end()) {
    if (found->second.type != family.type) return "has another TYPE in another file";
    const bool same_help = !family.help || found->second.help == nullptr || *family.help == *found->second.help;
    return same_help ? std::string_view() : "has another HELP in another file";
  }
  for (const std::string_view suffix : suffixes(family.type)) {
    if (has(concat(family.name, suffix))) return "has parts that are metrics of their own";
  }
  for (const auto& [name, merged] : families_) {
    if (!family.name.starts_with(name)) continue;
    const auto parts = suffixes(merged.type);
    const bool is_part = std::find(parts.begin(), parts.end(), family.name.substr(name.size())) != parts.end();
    if (is_part) return "is a part of another metric";
  }
  return {};
}

void TextfilePage::add(const std::string& file, const std::vector<TextfileFamily>& families) {
  for (const TextfileFamily& family : families) {
    if (const std::string_view reason = objection(family); !reason.empty()) {
      problems_.push_back(concat(file, ": ", family.name, ' ', reason));
      continue;
    }
    Merged& merged = families_[family.name];
    merged.type = family.type;
    if (merged.help == nullptr && family.help) merged.help = &*family.help;
    merged.files += concat(merged.files.empty() ? "" : ", ", file);
    for (const TextfileMetric& metric : family.metrics) {
      std::string labels = rendered(metric);
      if (merged.metrics.find(labels) != merged.metrics.end()) {
        problems_.push_back(concat(file, ": ", family.name, '{', labels, "} stands twice"));
        continue;
      }
      merged.metrics.emplace(std::move(labels), &metric);
    }
  }
}

void TextfilePage::write(prom_text::Writer& out) const {
  for (const auto& [name, merged] : families_) {
    const prom_text::Family family(name, merged.type,
                                   merged.help != nullptr ? *merged.help : concat("Read from ", merged.files, '.'));
    out.family(family);
    for (const auto& [labels, metric] : merged.metrics) {
      if (has_parts(merged.type)) {
        write_parts(merged.type, labels, *metric, out);
      } else {
        out.sample_rendered(braced(labels), metric->value);
      }
    }
  }
}

}  // namespace piman::agent
