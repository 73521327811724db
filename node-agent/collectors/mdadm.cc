// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/mdadm.h"

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

/// The states that have a sample of their own, in the order of their names on the page.
constexpr std::array<std::pair<std::string_view, ArrayState>, 5> kStates = {{{"active", ArrayState::kActive},
                                                                             {"check", ArrayState::kChecking},
                                                                             {"inactive", ArrayState::kInactive},
                                                                             {"recovering", ArrayState::kRecovering},
                                                                             {"resync", ArrayState::kResyncing}}};

class MdadmCollector final : public Collector {
 public:
  explicit MdadmCollector(const CollectorContext& context) : file_(context.paths.proc("mdstat")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) {
      if (!host_path_exists(file_.path())) return Outcome::kAbsent;  // a kernel without RAID
      return fail(content.error().message);
    }
    const auto arrays = parse_mdstat(*content);
    if (!arrays) return fail(concat(file_.path(), ": ", arrays.error().message));
    write(*arrays, out);
    return Outcome::kCollected;
  }

 private:
  void write(const std::vector<RaidArray>& arrays, prom_text::Writer& out) const {
    const auto values = [&](const Family& family, std::int64_t RaidArray::*value) {
      out.family(family);
      for (const RaidArray& array : arrays) out.sample({{"device", array.name}}, static_cast<double>(array.*value));
    };
    values(blocks_, &RaidArray::blocks);
    values(blocks_synced_, &RaidArray::blocks_synced);
    out.family(disks_);
    for (const RaidArray& array : arrays) {
      for (const auto& [state, count] :
           {std::pair("active", array.disks_active), std::pair("failed", array.disks_failed),
            std::pair("spare", array.disks_spare)}) {
        out.sample({{"device", array.name}, {"state", state}}, static_cast<double>(count));
      }
    }
    values(disks_required_, &RaidArray::disks_required);
    out.family(state_);
    for (const RaidArray& array : arrays) {
      for (const auto& [name, state] : kStates) {
        out.sample({{"device", array.name}, {"state", name}}, std::uint64_t{array.state == state ? 1U : 0U});
      }
    }
  }

  HostFile file_;
  const Family blocks_{"node_md_blocks", Type::kGauge, "Size of an array, in blocks of 1 KiB."};
  const Family blocks_synced_{"node_md_blocks_synced", Type::kGauge,
                              "How much of an array is in agreement, in blocks of 1 KiB."};
  const Family disks_{"node_md_disks", Type::kGauge, "Disks of an array, by what they do in it."};
  const Family disks_required_{"node_md_disks_required", Type::kGauge, "Disks that an array needs to be whole."};
  const Family state_{"node_md_state", Type::kGauge, "Whether an array is in this state: 1 or 0."};
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::int64_t count_of(std::string_view text, std::string_view part) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

/// The disks in "... blocks super 1.2 [2/1] [U_]": needed and working.
std::optional<std::pair<std::int64_t, std::int64_t>> parse_disk_counts(std::string_view line) {
  const std::size_t end = line.find("] [");
  if (end == std::string_view::npos) return std::nullopt;
  const std::size_t begin = line.rfind('[', end);
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view counts = line.substr(begin + 1, end - begin - 1);
  const auto required = parse_i64(next_until(counts, '/'));
  const auto active = parse_i64(counts);
  if (!required || !active) return std::nullopt;
  return std::pair(*required, *active);
}

/// The first number in "[==>...]  recovery = 8.5% (16775552/195310144) finish=17.0min".
std::optional<std::int64_t> parse_synced_blocks(std::string_view line) {
  while (contains(line, "(")) {
    next_until(line, '(');
    std::string_view rest = line;
    const auto done = parse_i64(next_until(rest, '/'));
    if (done && parse_i64(next_until(rest, ')'))) return done;
  }
  return std::nullopt;
}

/// Of the line that follows an array's size (and its bitmap): what it is being brought into agreement for, if at all.
std::optional<Error> apply_sync_line(std::string_view line, RaidArray& array) {
  if (contains(line, "recovery")) {
    array.state = ArrayState::kRecovering;
  } else if (contains(line, "check")) {
    array.state = ArrayState::kChecking;
  } else if (contains(line, "resync")) {
    array.state = ArrayState::kResyncing;
  } else {
    return std::nullopt;
  }
  array.blocks_synced = 0;
  if (contains(line, "PENDING") || contains(line, "DELAYED")) return std::nullopt;
  const auto synced = parse_synced_blocks(line);
  if (!synced) return Error{concat(array.name, ": no progress in ", quote(line))};
  array.blocks_synced = *synced;
  return std::nullopt;
}

std::optional<Error> apply_size_line(std::string_view device_line, std::string_view line, RaidArray& array) {
  std::string_view rest = line;
  const auto blocks = parse_i64(next_field(rest));
  if (!blocks) return Error{concat(array.name, ": no size in ", quote(line))};
  array.blocks = array.blocks_synced = *blocks;
  if (contains(device_line, "raid0") || contains(device_line, "linear")) {
    // These have no redundancy and so no counts; each disk carries its number in brackets.
    array.disks_required = array.disks_active = count_of(device_line, "[");
  } else if (!contains(device_line, "inactive")) {
    const auto counts = parse_disk_counts(line);
    if (!counts) return Error{concat(array.name, ": no disks in ", quote(line))};
    array.disks_required = counts->first;
    array.disks_active = counts->second;
  }
  return std::nullopt;
}

/// The line itself is left where it is.
std::string_view peek_line(std::string_view content) { return content.empty() ? content : next_line(content); }

}  // namespace

Result<std::vector<RaidArray>> parse_mdstat(std::string_view content) {
  std::vector<RaidArray> arrays;
  while (!content.empty()) {
    const std::string_view device_line = next_line(content);
    if (trim(device_line).empty() || device_line.starts_with(' ') || device_line.starts_with("Personalities") ||
        device_line.starts_with("unused")) {
      continue;
    }
    RaidArray array;
    std::string_view rest = device_line;
    array.name = next_field(rest);
    next_field(rest);
    const std::string_view state = next_field(rest);
    if (state.empty()) return fail(concat("not understood: ", quote(device_line)));
    if (state == "active") array.state = ArrayState::kActive;
    if (state == "inactive") array.state = ArrayState::kInactive;
    array.disks_failed = count_of(device_line, "(F)");
    array.disks_spare = count_of(device_line, "(S)");
    if (auto error = apply_size_line(device_line, peek_line(content), array)) {
      return tl::unexpected<Error>(std::move(*error));
    }
    if (!content.empty()) next_line(content);
    if (contains(peek_line(content), "bitmap")) next_line(content);
    if (auto error = apply_sync_line(peek_line(content), array)) return tl::unexpected<Error>(std::move(*error));
    arrays.push_back(array);
  }
  return arrays;
}

Result<std::unique_ptr<Collector>> make_mdadm_collector(const CollectorContext& context) {
  return std::make_unique<MdadmCollector>(context);
}

}  // namespace piman::agent
