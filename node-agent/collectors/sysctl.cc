// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/sysctl.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

struct Setting {
  SysctlRequest request;
  HostFile file;
};

std::vector<Setting> make_settings(const HostPaths& paths, std::string_view lines) {
  std::vector<Setting> settings;
  while (!lines.empty()) {
    const std::string_view line = next_line(lines);
    if (line.empty()) continue;
    SysctlRequest request = parse_sysctl_request(line);
    std::string file = request.name;
    std::replace(file.begin(), file.end(), '.', '/');
    settings.push_back({std::move(request), HostFile(paths.proc(concat("sys/", file)), HostFile::Content::kOnePiece)});
  }
  return settings;
}

class SysctlCollector final : public Collector {
 public:
  explicit SysctlCollector(const CollectorContext& context)
      : numbers_(make_settings(context.paths, context.option("sysctl.include"))),
        texts_(make_settings(context.paths, context.option("sysctl.include-info"))) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    samples_.clear();
    std::optional<Error> problem;
    for (auto& [settings, take] :
         {Kind{&numbers_, &SysctlCollector::take_numbers}, Kind{&texts_, &SysctlCollector::take_texts}}) {
      for (Setting& setting : *settings) {
        auto error = read(setting, take);
        if (error && !problem) problem = std::move(error);
      }
    }
    for (const auto& [family, samples] : samples_) {
      out.family(families_.at(family));
      for (const auto& [labels, value] : samples) out.sample_rendered(labels, value);
    }
    if (problem) return tl::unexpected<Error>(std::move(*problem));
    return Outcome::kCollected;
  }

 private:
  using Values = std::vector<std::string_view>;
  using Take = std::optional<Error> (SysctlCollector::*)(const SysctlRequest&, const Values&);
  struct Kind {
    std::vector<Setting>* settings;
    Take take;
  };

  std::optional<Error> read(Setting& setting, Take take) {
    const auto content = setting.file.read();
    if (!content) return content.error();
    Values values;
    std::string_view rest = *content;
    while (!rest.empty()) {
      std::string_view line = next_line(rest);
      for (std::string_view field = next_field(line); !field.empty(); field = next_field(line)) values.push_back(field);
    }
    const SysctlRequest& request = setting.request;
    if (values.empty()) return Error{concat(setting.file.path(), ": no values")};
    if (!request.keys.empty() && request.keys.size() != values.size()) {
      return Error{concat("--collector.sysctl.include: ", request.name, " has ", values.size(), " values, not ",
                          request.keys.size())};
    }
    return (this->*take)(request, values);
  }

  std::optional<Error> take_numbers(const SysctlRequest& request, const Values& values) {
    const std::string name = concat("node_sysctl_", sysctl_metric_name(request.name));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto number = parse_prefixed_i64(values[i]);
      if (!number) return Error{concat(request.name, ": no whole number: ", quote(values[i]))};
      const auto value = static_cast<double>(*number);
      if (!request.keys.empty()) {
        add(concat(name, '_', sysctl_metric_name(request.keys[i])), Type::kUntyped, request.name, Labels(), value);
      } else if (values.size() > 1) {
        add(name, Type::kUntyped, request.name, Labels({{"index", concat(i)}}), value);
      } else {
        add(name, Type::kUntyped, request.name, Labels(), value);
      }
    }
    return std::nullopt;
  }

  std::optional<Error> take_texts(const SysctlRequest& request, const Values& values) {
    if (!request.keys.empty()) return Error{concat("--collector.sysctl.include-info takes no keys: ", request.name)};
    for (std::size_t i = 0; i < values.size(); ++i) {
      add("node_sysctl_info", Type::kGauge, "",
          Labels({{"index", concat(i)}, {"name", request.name}, {"value", values[i]}}), 1);
    }
    return std::nullopt;
  }

  void add(const std::string& family, Type type, std::string_view setting, const Labels& labels, double value) {
    if (!families_.contains(family)) {
      families_.try_emplace(family, family, type,
                            setting.empty()
                                ? std::string("Always 1; the labels hold a kernel setting that is no number.")
                                : concat("The kernel setting ", setting, '.'));
    }
    samples_[family].emplace(labels.text(), value);  // a setting asked for twice stands there once
  }

  std::vector<Setting> numbers_, texts_;
  std::map<std::string, Family> families_;
  std::map<std::string, std::map<std::string, double>> samples_;
};

}  // namespace

SysctlRequest parse_sysctl_request(std::string_view text) {
  SysctlRequest request;
  request.name = next_until(text, ':');
  while (!text.empty()) request.keys.emplace_back(next_until(text, ','));
  return request;
}

std::string sysctl_metric_name(std::string_view name) {
  std::string out;
  bool in_gap = false;
  for (const char c : name) {
    const bool kept = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    if (kept) {
      if (c == '_' && in_gap) continue;  // what is around a foreign character becomes one underscore with it
      in_gap = false;
      out.push_back(c);
      continue;
    }
    if (!in_gap) {
      while (out.ends_with('_')) out.pop_back();
      out.push_back('_');
    }
    in_gap = true;
  }
  return out;
}

Result<std::unique_ptr<Collector>> make_sysctl_collector(const CollectorContext& context) {
  return std::make_unique<SysctlCollector>(context);
}

}  // namespace piman::agent
