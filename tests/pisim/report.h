// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/pisim/virtual_pi.h"

/// What became of every machine, as a table for people and as JSON for tests.
namespace piman::pisim {

struct NodeResult {
  std::string name;
  std::string model;
  std::string mac;
  std::string serial;
  std::string address;  ///< empty: none
  bool booted = false;
  std::string stage;  ///< the last one reached
  std::string state;
  std::string why;     ///< of a failure; empty when it booted
  std::string mended;  ///< the last failure of one that booted nevertheless
  double seconds = 0;  ///< from power on to booted, restarts and all
  VirtualPi::Counts counts;
  Findings findings;
};

struct RunResult {
  std::vector<NodeResult> nodes;
  double elapsed_seconds = 0;
  double cpu_seconds = 0;  ///< of this program
  std::uint64_t dropped_by_kernel = 0;
  std::uint64_t unsent = 0;
  std::uint64_t oversized = 0;  ///< frames too long for the wire
  bool interrupted = false;

  std::size_t booted() const;
  bool has_fault() const;
};

NodeResult result_of(const VirtualPi& pi, bool timed_out);

/// `verbose`: a line for every machine, else only for the first failures.
std::string render_table(const RunResult& run, bool verbose);
std::string render_json(const RunResult& run);

/// The value below which `share` of the sorted values lie; 0 of none.
double percentile(std::vector<double> values, double share);

}  // namespace piman::pisim
