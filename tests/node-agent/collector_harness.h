// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/prom_text.h"
#include "common/text.h"
#include "node-agent/all_collectors.h"
#include "tests/support/temp_tree.h"

namespace piman::agent {

/// Runs one collector over a hand-made tree: "proc/...", "sys/...", "root/...", "dev/...", "udev/..." in it stand for
/// the machine's own.
class CollectorHarness {
 public:
  CollectorHarness(std::string_view collector, const std::string& tree_root) : name_(collector) {
    context_.paths.procfs = concat(tree_root, "/proc");
    context_.paths.sysfs = concat(tree_root, "/sys");
    context_.paths.rootfs = concat(tree_root, "/root");
    context_.paths.devfs = concat(tree_root, "/dev");
    context_.paths.udev_data = concat(tree_root, "/udev");
    for (const CollectorOption& option : all_collector_options()) {
      context_.options[std::string(option.name)] = option.default_value;
    }
  }

  /// Before the first page(): as `--collector.NAME=VALUE` does.
  void set_option(const std::string& name, const std::string& value) { context_.options[name] = value; }

  /// Before the first page(): instead of a board of the collector's own, without firmware.
  void set_board(std::shared_ptr<BoardWatch> board) { context_.board = std::move(board); }
  const HostPaths& paths() const { return context_.paths; }

  /// The collector's page without comment lines; "error: ..." or "absent" in front when it says so.
  std::string page() {
    std::string out = text();
    std::string samples;
    std::string_view rest = out;
    while (!rest.empty()) {
      const std::string_view line = next_line(rest);
      if (!line.starts_with('#')) samples += concat(line, '\n');
    }
    return verdict_ + samples;
  }

  /// The whole page, with HELP and TYPE lines.
  std::string text() {
    if (!collector_) make();
    verdict_.clear();
    if (!collector_) {
      verdict_ = concat("error: ", make_error_, '\n');
      return "";
    }
    prom_text::Writer out;
    const auto outcome = collector_->collect(out);
    if (!outcome) verdict_ = concat("error: ", outcome.error().message, '\n');
    if (outcome && *outcome == Outcome::kAbsent) verdict_ = "absent\n";
    return out.text();
  }

 private:
  void make() {
    for (const CollectorEntry& entry : all_collectors()) {
      if (entry.name != name_) continue;
      auto made = entry.make(context_);
      if (made) {
        collector_ = std::move(*made);
      } else {
        make_error_ = made.error().message;
      }
      return;
    }
    make_error_ = "no such collector";
  }

  std::string name_;
  CollectorContext context_;
  std::unique_ptr<Collector> collector_;
  std::string verdict_;
  std::string make_error_;
};

}  // namespace piman::agent
