// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/prom_text.h"
#include "common/result.h"

/// Metrics that other programs leave in files, in text format 0.0.4. What is taken and what is refused is as with
/// Prometheus' own client library, so that a file that works beside node_exporter works here.
/// Source: prometheus.io/docs/instrumenting/exposition_formats.
namespace piman::agent {

/// One metric: a sample, or all samples of a histogram or a summary with the same labels.
struct TextfileMetric {
  std::map<std::string, std::string> labels;  ///< without "le" and "quantile"
  double value = 0;                           ///< the sample, or the sum
  double count = 0;                           ///< of a histogram or summary
  std::map<double, double> parts;             ///< bucket bound or quantile -> value
};

struct TextfileFamily {
  std::string name;
  prom_text::Type type = prom_text::Type::kUntyped;
  std::optional<std::string> help;
  std::vector<TextfileMetric> metrics;
};

/// The families of one file in the order in which they come, each with the same label names on all of its metrics
/// (an absent one becomes empty). Pure.
/// Errors: the line's number and what is wrong with it. Timestamps are refused: Prometheus would take the sample for
/// one of another time, and drop it when that lies too far back.
Result<std::vector<TextfileFamily>> parse_textfile(std::string_view content);

}  // namespace piman::agent
