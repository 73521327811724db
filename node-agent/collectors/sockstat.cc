// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/sockstat.h"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

constexpr std::size_t kInUse = 1, kMem = 2, kUsed = 6;
static_assert(kSockstatKeys[kInUse] == "inuse" && kSockstatKeys[kMem] == "mem" && kSockstatKeys[kUsed] == "used");

class SockstatCollector final : public Collector {
 public:
  explicit SockstatCollector(const CollectorContext& context)
      : ipv4_(context.paths.proc("net/sockstat"), HostFile::Content::kOnePiece),
        ipv6_(context.paths.proc("net/sockstat6"), HostFile::Content::kOnePiece),
        page_bytes_(static_cast<double>(::sysconf(_SC_PAGESIZE))) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    for (auto& [name, value] : values_) value.present = false;
    for (HostFile* file : {&ipv4_, &ipv6_}) {
      const auto content = file->read();
      if (!content) {
        if (!host_path_exists(file->path())) continue;  // a kernel without this version of IP
        return fail(content.error().message);
      }
      std::string_view rest = *content;
      while (!rest.empty()) {
        const std::string_view text = next_line(rest);
        const auto line = parse_sockstat_line(text);
        if (!line) return fail(concat(file->path(), ": not understood: ", quote(text)));
        take(*line, file == &ipv4_);
      }
    }
    for (const auto& [name, value] : values_) {
      if (value.present) out.single(value.family, value.number);
    }
    return Outcome::kCollected;
  }

 private:
  struct Value {
    Family family;
    double number = 0;
    bool present = false;
  };

  void take(const SockstatLine& line, bool is_ipv4) {
    if (line.protocol == "sockets") {
      if (is_ipv4) put(line.protocol, "used", static_cast<double>(line.values[kUsed].value_or(0)));
      return;
    }
    for (std::size_t i = 0; i < kUsed; ++i) {
      if (line.values[i]) put(line.protocol, kSockstatKeys[i], static_cast<double>(*line.values[i]));
    }
    if (!line.values[kInUse]) put(line.protocol, "inuse", 0);
    if (line.values[kMem]) put(line.protocol, "mem_bytes", static_cast<double>(*line.values[kMem]) * page_bytes_);
  }

  void put(std::string_view protocol, std::string_view key, double number) {
    key_.assign(protocol).append("_").append(key);
    auto found = values_.find(key_);
    if (found == values_.end()) {
      const std::string_view unit = key == "mem" ? ", in pages" : key.starts_with("mem") ? ", in bytes" : "";
      Family family(concat("node_sockstat_", key_), Type::kGauge,
                    concat("Count ", key, " of ", protocol, " sockets", unit, '.'));
      found = values_.emplace(key_, Value{std::move(family)}).first;
    }
    found->second.number = number;
    found->second.present = true;
  }

  HostFile ipv4_, ipv6_;
  const double page_bytes_;
  std::map<std::string, Value, std::less<>> values_;  ///< by what follows "node_sockstat_", so in the page's order
  std::string key_;
};

}  // namespace

std::optional<SockstatLine> parse_sockstat_line(std::string_view line) {
  SockstatLine parsed;
  parsed.protocol = next_field(line);
  if (parsed.protocol.ends_with(':')) parsed.protocol.remove_suffix(1);
  for (const char c : parsed.protocol) {
    // It becomes a part of a metric's name.
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!allowed) return std::nullopt;
  }
  std::size_t pairs = 0;
  for (; pairs < 1 || !trim(line).empty(); ++pairs) {
    const std::string_view key = next_field(line);
    const auto value = parse_i64(next_field(line));
    if (!value) return std::nullopt;
    const auto known = std::find(kSockstatKeys.begin(), kSockstatKeys.end(), key);
    if (known != kSockstatKeys.end()) parsed.values[static_cast<std::size_t>(known - kSockstatKeys.begin())] = *value;
  }
  if (parsed.protocol.empty()) return std::nullopt;
  return parsed;
}

Result<std::unique_ptr<Collector>> make_sockstat_collector(const CollectorContext& context) {
  return std::make_unique<SockstatCollector>(context);
}

}  // namespace piman::agent
