// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/selection.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "common/net_types.h"
#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::uint32_t kMostLastOctet = 255;

std::uint32_t last_octet(const Host& host) { return host.address.value() & kMostLastOctet; }

std::optional<std::uint32_t> parse_octet(std::string_view text) {
  const auto number = parse_number<std::uint32_t>(text);
  return number && *number <= kMostLastOctet ? number : std::nullopt;
}

struct Range {
  std::uint32_t first, last;
};
/// "2-9". A name may look so, too ("7-up" does not).
std::optional<Range> parse_range(std::string_view word) {
  const auto first = parse_octet(next_until(word, '-'));
  const auto last = parse_octet(word);
  if (!first || !last) return std::nullopt;
  return Range{*first, *last};
}

class Selector {
 public:
  Selector(std::span<const Host> hosts, const LabelOf& label_of)
      : hosts_(hosts), label_of_(label_of), chosen_(hosts.size(), false) {}

  void take(const std::string& word) {
    if (word == "all") {
      if (hosts_.empty()) problem(word, "there is no node");
      take_if([](const Host&) { return true; });
    } else if (const std::size_t equals = word.find('='); equals != std::string::npos) {
      take_label(word, equals);
    } else if (const auto mac = MacAddress::parse(word)) {
      if (take_if([&](const Host& host) { return host.mac == *mac; }) == 0) problem(word, "no node has this address");
    } else {
      take_name_or_number(word);
    }
  }

  Result<std::vector<Host>> result() {
    if (!problems_.empty()) return fail(std::move(problems_));
    std::vector<Host> out;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      if (chosen_[i]) out.push_back(hosts_[i]);
    }
    return out;
  }

 private:
  template <class Wanted>
  std::size_t take_if(const Wanted& wanted) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      if (!wanted(hosts_[i])) continue;
      chosen_[i] = true;
      ++count;
    }
    return count;
  }

  void take_label(const std::string& word, std::size_t equals) {
    const std::string_view label = std::string_view(word).substr(0, equals);
    const std::string_view value = std::string_view(word).substr(equals + 1);
    if (label.empty() || value.empty()) {
      problem(word, "is no LABEL=VALUE");
    } else if (take_if([&](const Host& host) { return label_of_ && label_of_(host, label) == value; }) == 0) {
      problem(word, "no node has this label");
    }
  }

  void take_name_or_number(const std::string& word) {
    std::vector<const Host*> meant;
    const auto number = parse_octet(word);
    for (const Host& host : hosts_) {
      if (host.name == word || (number && last_octet(host) == *number)) meant.push_back(&host);
    }
    if (meant.size() > 1) {
      problem(word, concat("could be ", meant[0]->name, " (", meant[0]->address.to_string(), ") or ", meant[1]->name,
                           " (", meant[1]->address.to_string(), ")"));
      return;
    }
    if (meant.size() == 1) {
      take_if([&](const Host& host) { return &host == meant[0]; });
      return;
    }
    const auto range = parse_range(word);
    if (!range) return problem(word, "no node is called so");
    if (range->first > range->last) return problem(word, "begins behind its end");
    const auto inside = [&](const Host& host) {
      return range->first <= last_octet(host) && last_octet(host) <= range->last;
    };
    // In two networks the same numbers mean different nodes: a range over both is as ambiguous as a number.
    std::vector<const Host*> of_number(kMostLastOctet + 1, nullptr);
    for (const Host& host : hosts_) {
      if (!inside(host)) continue;
      const Host*& other = of_number[last_octet(host)];
      if (other != nullptr) {
        return problem(word, concat(last_octet(host), " could be ", other->name, " or ", host.name));
      }
      other = &host;
    }
    if (take_if(inside) == 0) problem(word, "no node has such a number");
  }

  void problem(const std::string& word, const std::string& what) {
    constexpr std::size_t kMostProblemBytes = 2000;
    if (problems_.size() > kMostProblemBytes) return;
    problems_ += concat(problems_.empty() ? "" : "; ", quote(word), ": ", what);
  }

  const std::span<const Host> hosts_;
  const LabelOf& label_of_;
  std::vector<bool> chosen_;
  std::string problems_;
};

}  // namespace

Result<std::vector<Host>> select_nodes(std::span<const Host> hosts, std::span<const std::string> words,
                                       const LabelOf& label_of) {
  if (words.empty()) return fail("no node is named; \"all\" means every one");
  if (words.size() > kMostSelectionWords) return fail(concat(words.size(), " words; at most ", kMostSelectionWords));
  Selector selector(hosts, label_of);
  for (const std::string& word : words) selector.take(word);
  return selector.result();
}

}  // namespace piman::manager
