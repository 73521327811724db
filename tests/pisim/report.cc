// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "common/text.h"

namespace piman::pisim {
namespace {

constexpr std::size_t kShownFailures = 20;

struct ModelSummary {
  std::size_t total = 0;
  std::size_t booted = 0;
  std::vector<double> seconds;
  VirtualPi::Counts counts;
  Findings findings;
};

void add(VirtualPi::Counts& sum, const VirtualPi::Counts& counts) {
  sum.load.files += counts.load.files;
  sum.load.absent += counts.load.absent;
  sum.load.probes += counts.load.probes;
  sum.load.bytes += counts.load.bytes;
  sum.load.blocks += counts.load.blocks;
  sum.frames_in += counts.frames_in;
  sum.frames_out += counts.frames_out;
  sum.discovers += counts.discovers;
  sum.refused_replies += counts.refused_replies;
  sum.restarts += counts.restarts;
  sum.power_cycles += counts.power_cycles;
}

ModelSummary summary_of(const std::vector<NodeResult>& nodes, std::string_view model) {
  ModelSummary summary;
  for (const NodeResult& node : nodes) {
    if (!model.empty() && node.model != model) continue;
    ++summary.total;
    if (node.booted) {
      ++summary.booted;
      summary.seconds.push_back(node.seconds);
    }
    add(summary.counts, node.counts);
    summary.findings += node.findings;
  }
  return summary;
}

std::vector<std::string> models_of(const std::vector<NodeResult>& nodes) {
  std::vector<std::string> models;
  for (const NodeResult& node : nodes) {
    if (std::find(models.begin(), models.end(), node.model) == models.end()) models.push_back(node.model);
  }
  return models;
}

std::string fixed(double value, int decimals = 2) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

void add_row(std::string& out, std::string_view name, const ModelSummary& s) {
  char line[200];
  std::snprintf(
      line, sizeof line, "%-10.*s %6zu %6zu %6zu %8.2f %8.2f %8.2f %7llu %9.1f %9llu %9llu\n",
      static_cast<int>(name.size()), name.data(), s.total, s.booted, s.total - s.booted, percentile(s.seconds, 0.5),
      percentile(s.seconds, 0.99), percentile(s.seconds, 1), static_cast<unsigned long long>(s.counts.load.files),
      static_cast<double>(s.counts.load.bytes) / 1048576.0, static_cast<unsigned long long>(s.counts.frames_in),
      static_cast<unsigned long long>(s.counts.frames_out));
  out += line;
}

std::string findings_text(const Findings& findings, bool faults) {
  std::string out;
  for (std::size_t i = 0; i < kFindings; ++i) {
    const auto finding = static_cast<Finding>(i);
    if (findings.count(finding) == 0 || is_fault(finding) != faults) continue;
    out += concat(out.empty() ? "" : ", ", name_of(finding), " ", findings.count(finding));
  }
  return out;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += concat('\\', c);
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string json_findings(const Findings& findings) {
  std::string out = "{";
  for (std::size_t i = 0; i < kFindings; ++i) {
    const auto finding = static_cast<Finding>(i);
    if (findings.count(finding) == 0) continue;
    out += concat(out.size() > 1 ? "," : "", json_text(name_of(finding)), ":", findings.count(finding));
  }
  return out + "}";
}

std::string json_counts(const VirtualPi::Counts& c) {
  return concat("\"files\":", c.load.files, ",\"absent\":", c.load.absent, ",\"probes\":", c.load.probes,
                ",\"bytes\":", c.load.bytes, ",\"blocks\":", c.load.blocks, ",\"frames_in\":", c.frames_in,
                ",\"frames_out\":", c.frames_out, ",\"discovers\":", c.discovers,
                ",\"refused_replies\":", c.refused_replies, ",\"restarts\":", c.restarts,
                ",\"power_cycles\":", c.power_cycles);
}

std::string json_summary(std::string_view name, const ModelSummary& s) {
  return concat("{\"model\":", json_text(name), ",\"total\":", s.total, ",\"booted\":", s.booted,
                ",\"failed\":", s.total - s.booted, ",\"seconds_p50\":", fixed(percentile(s.seconds, 0.5), 3),
                ",\"seconds_p99\":", fixed(percentile(s.seconds, 0.99), 3),
                ",\"seconds_max\":", fixed(percentile(s.seconds, 1), 3), ",", json_counts(s.counts),
                ",\"findings\":", json_findings(s.findings), "}");
}

std::string json_node(const NodeResult& node) {
  return concat("{\"name\":", json_text(node.name), ",\"model\":", json_text(node.model),
                ",\"mac\":", json_text(node.mac), ",\"serial\":", json_text(node.serial),
                ",\"address\":", json_text(node.address), ",\"booted\":", node.booted ? "true" : "false",
                ",\"stage\":", json_text(node.stage), ",\"state\":", json_text(node.state),
                ",\"why\":", json_text(node.why), ",\"mended\":", json_text(node.mended),
                ",\"seconds\":", fixed(node.seconds, 3), ",", json_counts(node.counts),
                ",\"findings\":", json_findings(node.findings), "}");
}

std::string node_line(const NodeResult& node) {
  std::string out = concat("  ", node.name, " ", node.mac, " ", node.serial, " ");
  if (node.booted) {
    out += concat(node.address.empty() ? "ok" : node.address, " ", fixed(node.seconds), " s");
    if (!node.mended.empty()) out += concat(" (after: ", node.mended, ")");
  } else {
    out += concat("failed in ", node.stage, ": ", node.why);
  }
  const std::string faults = findings_text(node.findings, true);
  return concat(out, faults.empty() ? "" : "; faults: ", faults, "\n");
}

}  // namespace

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::size_t RunResult::booted() const {
  return static_cast<std::size_t>(std::count_if(nodes.begin(), nodes.end(), [](const auto& n) { return n.booted; }));
}

bool RunResult::has_fault() const {
  return std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return node.findings.has_fault(); });
}

NodeResult result_of(const VirtualPi& pi, bool timed_out) {
  NodeResult result;
  result.name = pi.identity().name;
  result.model = pi.model().name;
  result.mac = pi.identity().mac.to_string();
  result.serial = pi.identity().serial_text();
  if (pi.address()) result.address = pi.address()->to_string();
  result.booted = pi.booted();
  result.stage = pi.stage_name();
  result.state = name_of(pi.state());
  if (pi.booted()) {
    result.seconds = std::chrono::duration<double>(pi.booted_after()).count();
    result.mended = pi.last_failure();
  } else {
    result.why = timed_out ? concat("out of time, ", pi.words()) : pi.words();
    if (timed_out && !pi.last_failure().empty()) result.why += concat("; before that: ", pi.last_failure());
  }
  result.counts = pi.counts();
  result.findings = pi.findings();
  return result;
}

std::string render_table(const RunResult& run, bool verbose) {
  std::string out =
      "model       total booted failed      p50      p99      max   files       MiB frames-in      -out\n";
  const std::vector<std::string> models = models_of(run.nodes);
  for (const std::string& model : models) add_row(out, model, summary_of(run.nodes, model));
  const ModelSummary all = summary_of(run.nodes, "");
  if (models.size() > 1) add_row(out, "all", all);
  const auto& counts = all.counts;
  out += concat("DISCOVERs ", counts.discovers, ", refused replies ", counts.refused_replies, ", restarts ",
                counts.restarts, ", power cycles ", counts.power_cycles, ", blocks ", counts.load.blocks,
                ", not found ", counts.load.absent, ", probes ", counts.load.probes, "\n");
  out += concat("took ", fixed(run.elapsed_seconds), " s, ", fixed(run.cpu_seconds), " s of CPU\n");
  const std::string faults = findings_text(all.findings, true);
  const std::string notes = findings_text(all.findings, false);
  if (!faults.empty()) out += concat("FAULTS of the server: ", faults, "\n");
  if (!notes.empty()) out += concat("counted: ", notes, "\n");
  if (run.dropped_by_kernel + run.unsent > 0) {
    out += concat("warning: this program was too slow: ", run.dropped_by_kernel, " frames lost before it, ", run.unsent,
                  " not sent\n");
  }
  if (run.oversized > 0) out += concat("warning: ", run.oversized, " frames were too long for a wire of MTU 1500\n");
  std::size_t failures = 0;
  for (const NodeResult& node : run.nodes) {
    const bool bad = !node.booted || node.findings.has_fault();
    if (verbose || (bad && failures++ < kShownFailures)) out += node_line(node);
  }
  if (!verbose && failures > kShownFailures) {
    out += concat("  ... and ", failures - kShownFailures, " more; --verbose shows all\n");
  }
  if (run.interrupted) out += "interrupted\n";
  return out;
}

std::string render_json(const RunResult& run) {
  std::string out = concat(
      "{\"elapsed_seconds\":", fixed(run.elapsed_seconds, 3), ",\"cpu_seconds\":", fixed(run.cpu_seconds, 3),
      ",\"dropped_by_kernel\":", run.dropped_by_kernel, ",\"unsent\":", run.unsent, ",\"oversized\":", run.oversized,
      ",\"interrupted\":", run.interrupted ? "true" : "false", ",\"has_fault\":", run.has_fault() ? "true" : "false",
      ",\"all\":", json_summary("", summary_of(run.nodes, "")), ",\"models\":[");
  std::string separator;
  for (const std::string& model : models_of(run.nodes)) {
    out += concat(separator, json_summary(model, summary_of(run.nodes, model)));
    separator = ",";
  }
  out += "],\"nodes\":[";
  separator.clear();
  for (const NodeResult& node : run.nodes) {
    out += concat(separator, "\n", json_node(node));
    separator = ",";
  }
  return out + "\n]}\n";
}

}  // namespace piman::pisim
