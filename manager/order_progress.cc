// SPDX-License-Identifier: Apache-2.0
#include "manager/order_progress.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "common/text.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr std::size_t kMostNamed = 12;
constexpr std::size_t kMostDetail = 100;

using Node = api::ActionView::Node;

std::string_view colour_of(const Node& node) {
  if (node.state == "done") return "\x1b[32m";
  if (node.is_bad()) return "\x1b[31m";
  return node.state == "waiting" ? "\x1b[2m" : "\x1b[36m";
}

/// Where a node stands, in words.
std::string stage_words(const Node& node) {
  if (node.state == "waiting") return "waits for its turn";
  if (node.is_over()) return node.state;
  if (node.stage == "power") return "power";
  if (node.stage == "boot") return "boots";
  if (node.stage == "health") return "waits for its agent";
  if (node.stage == "held" || node.stage == "hello") return "says hello";
  return node.stage.empty() ? node.state : printable(node.stage);
}

/// How much of the whole is done: stages have fixed parts of it, for who waits wants one bar that grows.
double share_of(const Node& node) {
  if (node.is_over()) return node.state == "done" ? 1U : 0U;
  if (node.state == "waiting") return 0;
  if (node.state == "checking") return 0.9;
  if (node.state == "open") return node.stage == "power" ? 0.02 : node.stage == "boot" ? 0.05 : 0.1;
  const double percent = std::clamp(node.percent, 0.0, 100.0) / 100;
  if (node.stage == "download" || node.stage == "downloading") return 0.15 + 0.65 * percent;
  if (node.stage == "verify" || node.stage == "verifying" || node.stage == "sync" || node.stage == "configure")
    return 0.82;
  return 0.12;
}

std::string bar_of(double share) {
  const auto full = static_cast<std::size_t>(std::lround(share * static_cast<double>(kBarWidth)));
  std::string bar = "[";
  bar.append(full, '#').append(kBarWidth - full, '-').push_back(']');
  return bar;
}

std::string speed_words(const Node& node) {
  if (node.bytes_per_second <= 0 || node.state != "installing") return {};
  std::string words = concat("  ", short_bytes(node.bytes_per_second), "/s");
  if (node.size_bytes > node.bytes) {
    words += concat(", ", short_duration((node.size_bytes - node.bytes) / node.bytes_per_second), " left");
  }
  return words;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string detail_of(const Node& node) {
  std::string detail = printable(node.detail);
  if (detail.size() > kMostDetail) detail = detail.substr(0, kMostDetail) + "...";
  return detail;
}

int rank(const Node& node) {
  if (node.is_bad()) return 0;
  if (node.is_over()) return 3;
  return node.state == "waiting" ? 2 : 1;
}

}  // namespace

std::string action_words(const api::ActionView& view) {
  std::string words = view.action;
  std::replace(words.begin(), words.end(), '_', ' ');
  if (view.nodes.size() == 1) {
    words += concat(' ', printable(view.nodes.front().name));
    if (!view.image.empty()) words += concat(" with ", printable(view.image));
    return words;
  }
  words += concat(' ', view.nodes.size(), " nodes");
  if (!view.image.empty()) words += concat(" with ", printable(view.image));
  words += ": ";
  for (std::size_t i = 0; i < std::min(view.nodes.size(), kMostNamed); ++i) {
    words += concat(i == 0 ? "" : ", ", printable(view.nodes[i].name));
  }
  if (view.nodes.size() > kMostNamed) words += concat(" and ", view.nodes.size() - kMostNamed, " more");
  return words;
}

std::string render_action(const api::ActionView& view, std::size_t most_lines, bool with_colours) {
  std::vector<const Node*> nodes;
  std::size_t width = 4, done = 0, bad = 0, waiting = 0;
  for (const Node& node : view.nodes) {
    nodes.push_back(&node);
    width = std::max(width, node.name.size());
    done += node.state == "done" ? 1U : 0U;
    bad += node.is_bad() ? 1U : 0U;
    waiting += node.state == "waiting" ? 1U : 0U;
  }
  if (nodes.size() > most_lines) {
    std::stable_sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) { return rank(*a) < rank(*b); });
    nodes.resize(most_lines);
  }
  std::string out;
  for (const Node* node : nodes) {
    const double share = share_of(*node);
    const auto percent = static_cast<int>(std::lround(share * 100));
    const std::string number = concat(percent, '%');
    out += concat(padded(printable(node->name), width), "  ", with_colours ? colour_of(*node) : "", bar_of(share), ' ',
                  std::string(number.size() < 4 ? 4 - number.size() : 0, ' '), number, "  ",
                  padded(stage_words(*node), 20), with_colours ? "\x1b[0m" : "", speed_words(*node));
    if (const std::string detail = detail_of(*node); !detail.empty()) out += concat("  ", detail);
    out += '\n';
  }
  out += concat(done, " of ", view.nodes.size(), " done", bad > 0 ? concat(", ", bad, " failed") : std::string(),
                waiting > 0 ? concat(", ", waiting, " waiting") : std::string(),
                view.state == "running" || view.detail.empty() ? std::string() : concat("; ", printable(view.detail)),
                '\n');
  return out;
}

std::string ActionLog::changes(const api::ActionView& view) {
  std::string out;
  for (const Node& node : view.nodes) {
    const std::string detail = detail_of(node);
    std::string words = concat(stage_words(node), detail.empty() ? "" : ": ", detail);
    std::string& said = said_[node.name];
    if (said == words) continue;
    out += concat(printable(node.name), ": ", words, '\n');
    said = std::move(words);
  }
  return out;
}

std::size_t count_failed(const api::ActionView& view) {
  return static_cast<std::size_t>(
      std::count_if(view.nodes.begin(), view.nodes.end(), [](const Node& node) { return node.is_bad(); }));
}

}  // namespace piman::manager
