// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/netstat.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

/// A counter that is wanted, and what was read of it in this scrape.
struct Counter {
  Family family;
  std::optional<double> value;
};

/// What a line says does not change while the kernel runs, so it is worked out once: the text before the numbers, and
/// which of the numbers that follow are wanted.
struct KnownLine {
  struct Column {
    std::size_t index;
    Counter* counter;
  };
  std::string heading;
  std::size_t columns = 0;
  std::vector<Column> wanted;
};

std::optional<double> parse_counter(std::string_view text) {
  if (const auto whole = parse_u64(text)) return static_cast<double>(*whole);
  return parse_double(text);  // Tcp_MaxConn is -1
}

class NetstatCollector final : public Collector {
 public:
  NetstatCollector(const CollectorContext& context, NameFilter filter)
      : netstat_(context.paths.proc("net/netstat"), HostFile::Content::kOnePiece),
        snmp_(context.paths.proc("net/snmp"), HostFile::Content::kOnePiece),
        snmp6_(context.paths.proc("net/snmp6"), HostFile::Content::kOnePiece),
        filter_(std::move(filter)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    for (auto& [name, counter] : counters_) counter.value.reset();
    std::optional<Error> problem;
    for (const auto& [file, lines] : {Table{&netstat_, &netstat_lines_}, Table{&snmp_, &snmp_lines_}}) {
      auto error = read_table(*file, *lines);
      if (error && !problem) problem = std::move(error);
    }
    if (auto error = read_snmp6(); error && !problem) problem = std::move(error);
    for (const auto& [name, counter] : counters_) {
      if (counter.value) out.single(counter.family, *counter.value);
    }
    if (problem) return tl::unexpected<Error>(std::move(*problem));
    return Outcome::kCollected;
  }

 private:
  struct Table {
    HostFile* file;
    std::vector<KnownLine>* lines;
  };

  /// Nothing for a name that is not wanted.
  Counter* find_counter(const std::string& name) {
    if (filter_.ignores(name)) return nullptr;
    const auto found = counters_.find(name);
    if (found != counters_.end()) return &found->second;
    Counter counter{Family(concat("node_netstat_", name), Type::kUntyped, concat("Counter ", name, ".")), std::nullopt};
    return &counters_.emplace(name, std::move(counter)).first->second;
  }

  static KnownLine& line_at(std::vector<KnownLine>& lines, std::size_t at) {
    if (at >= lines.size()) lines.resize(at + 1);
    return lines[at];
  }

  /// Pairs of lines: the names, then the numbers.
  std::optional<Error> read_table(HostFile& file, std::vector<KnownLine>& lines) {
    const auto content = file.read();
    if (!content) return content.error();
    std::string_view rest = *content;
    for (std::size_t at = 0; !rest.empty(); ++at) {
      const std::string_view heading = next_line(rest);
      std::string_view numbers = rest.empty() ? rest : next_line(rest);
      KnownLine& line = line_at(lines, at);
      if (line.heading != heading && !learn_heading(heading, line)) {
        return Error{concat(file.path(), ": not understood: ", quote(heading))};
      }
      const auto found = static_cast<std::size_t>(std::count(numbers.begin(), numbers.end(), ' '));
      if (found != line.columns) {
        return Error{concat(file.path(), ": ", line.columns, " names and ", found, " numbers: ", quote(numbers))};
      }
      if (auto error = read_columns(file, numbers, line)) return error;
    }
    return std::nullopt;
  }

  bool learn_heading(std::string_view heading, KnownLine& line) {
    line = KnownLine();
    const auto names = parse_netstat_heading(heading);
    if (!names) return false;
    line.heading = heading;
    line.columns = static_cast<std::size_t>(std::count(heading.begin(), heading.end(), ' '));
    for (std::size_t i = 0; i < names->size(); ++i) {
      if (Counter* counter = find_counter((*names)[i])) line.wanted.push_back({i, counter});
    }
    return true;
  }

  static std::optional<Error> read_columns(const HostFile& file, std::string_view numbers, const KnownLine& line) {
    next_until(numbers, ' ');  // the protocol
    std::size_t index = 0;
    for (const KnownLine::Column& column : line.wanted) {
      for (; index < column.index; ++index) next_until(numbers, ' ');
      const std::string_view number = next_until(numbers, ' ');
      ++index;
      column.counter->value = parse_counter(number);
      if (!column.counter->value) return Error{concat(file.path(), ": no number: ", quote(number))};
    }
    return std::nullopt;
  }

  /// A name and a number a line.
  std::optional<Error> read_snmp6() {
    const auto content = snmp6_.read();
    if (!content) {
      if (!host_path_exists(snmp6_.path())) return std::nullopt;  // without IPv6
      return content.error();
    }
    std::string_view rest = *content;
    for (std::size_t at = 0; !rest.empty(); ++at) {
      std::string_view numbers = next_line(rest);
      const std::string_view key = next_field(numbers);
      KnownLine& line = line_at(snmp6_lines_, at);
      if (line.heading != key) {
        line = KnownLine();
        line.heading = key;
        const auto name = snmp6_name(key);
        Counter* counter = name ? find_counter(*name) : nullptr;
        if (counter != nullptr) line.wanted.push_back({0, counter});
      }
      if (line.wanted.empty()) continue;
      const std::string_view number = next_field(numbers);
      if (number.empty()) continue;
      Counter& counter = *line.wanted.front().counter;
      counter.value = parse_counter(number);
      if (!counter.value) return Error{concat(snmp6_.path(), ": no number: ", quote(number))};
    }
    return std::nullopt;
  }

  HostFile netstat_, snmp_, snmp6_;
  NameFilter filter_;
  std::map<std::string, Counter, std::less<>> counters_;  ///< by name; known lines point into it
  std::vector<KnownLine> netstat_lines_, snmp_lines_, snmp6_lines_;
};

}  // namespace

std::optional<std::vector<std::string>> parse_netstat_heading(std::string_view line) {
  const std::string_view protocol = next_until(line, ' ');
  if (protocol.size() < 2 || !protocol.ends_with(':')) return std::nullopt;
  std::vector<std::string> names;
  while (!line.empty()) names.push_back(concat(protocol.substr(0, protocol.size() - 1), '_', next_until(line, ' ')));
  return names;
}

std::optional<std::string> snmp6_name(std::string_view key) {
  const std::size_t six = key.find('6');
  if (six == std::string_view::npos) return std::nullopt;
  return concat(key.substr(0, six + 1), '_', key.substr(six + 1));
}

Result<std::unique_ptr<Collector>> make_netstat_collector(const CollectorContext& context) {
  auto filter = NameFilter::make("netstat.fields", "", context.option("netstat.fields"));
  if (!filter) return fail(filter.error().message);
  return std::make_unique<NetstatCollector>(context, std::move(*filter));
}

}  // namespace piman::agent
