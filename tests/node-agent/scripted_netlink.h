// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/prom_text.h"
#include "common/text.h"
#include "node-agent/collector.h"
#include "node-agent/netlink.h"
#include "node-agent/netlink_codec.h"
#include "tests/support/golden.h"
#include "tests/support/temp_tree.h"

namespace piman::agent::test_netlink {

using Bytes = std::vector<std::uint8_t>;

/// What a kernel answered in a network namespace made for it: "links", "routes", "queues"; the port is 7.
inline Bytes captured(std::string_view name) {
  const std::string bytes = test::read_file(test::testdata(concat("netlink/", name, ".bin")));
  return {bytes.begin(), bytes.end()};
}

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Answers by the question's type; by a command of generic netlink too, which is the first byte of its body.
class ScriptedNetlink final : public NetlinkSource {
 public:
  Result<NetlinkReply> ask(const NetlinkQuestion& question) override {
    const auto found = answers.find({question.type, is_generic(question) ? question.body.at(0) : 0});
    if (found == answers.end()) return fail(concat("nobody expected question ", question.type));
    return found->second;
  }
  ScriptedNetlink& say(std::uint16_t type, Bytes messages, int command = 0) {
    answers.insert_or_assign({type, command}, NetlinkReply{0, std::move(messages)});
    return *this;
  }
  ScriptedNetlink& refuse(std::uint16_t type, int error, int command = 0) {
    answers.insert_or_assign({type, command}, NetlinkReply{error, {}});
    return *this;
  }
  std::unique_ptr<NetlinkSource> make() const { return std::make_unique<ScriptedNetlink>(*this); }

  std::map<std::pair<int, int>, NetlinkReply> answers;

 private:
  static bool is_generic(const NetlinkQuestion& question) {
    constexpr int kGeneric = 16;
    return question.protocol == kGeneric;
  }
};

/// The samples, without comment lines; "absent" or "error: ..." in front when the collector says so.
inline std::string samples_of(Collector& collector) {
  prom_text::Writer out;
  const auto outcome = collector.collect(out);
  std::string page;
  if (!outcome) page = concat("error: ", outcome.error().message, '\n');
  if (outcome && *outcome == Outcome::kAbsent) page = "absent\n";
  std::string_view rest = out.text();
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    if (!line.starts_with('#')) page += concat(line, '\n');
  }
  return page;
}

/// Cut after every byte: what stops between two messages is taken as far as it goes, all else is an error. `parse`
/// gives a Result of a container, `count` is what it holds of the whole.
template <class Parse>
void expect_whole_messages_only(const Bytes& messages, std::size_t count, const Parse& parse) {
  ASSERT_EQ(parse(NetlinkBytes(messages)).value().size(), count);
  std::vector<std::size_t> ends = {0};
  NetlinkMessages walk(messages);
  while (const auto message = walk.next()) {
    ends.push_back(static_cast<std::size_t>(message->whole.data() - messages.data()) + message->whole.size());
  }
  for (std::size_t length = 0; length < messages.size(); ++length) {
    const Bytes cut(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(length));
    const auto parsed = parse(NetlinkBytes(cut));
    const bool between = std::find(ends.begin(), ends.end(), length) != ends.end();
    EXPECT_EQ(parsed.has_value(), between) << "cut at " << length;
    if (parsed) {
      EXPECT_LE(parsed->size(), count);
    }
  }
}

}  // namespace piman::agent::test_netlink
