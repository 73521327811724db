// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "manager/store/watch_records.h"
#include "manager/watch/condition.h"

/// What is to be told as one message for people: a burst of alerts is one post. Pure.
namespace piman::watch {

/// All alerts of one kind in a message.
struct DigestGroup {
  enum class Colour : std::uint8_t { kCritical, kWarning, kGood };
  Condition condition = Condition::kNodeDown;
  Colour colour = Colour::kGood;
  std::string title;               ///< "9 nodes down"
  std::vector<std::string> lines;  ///< "pi7: no answer within 5s, since 12:03"; at most kMostLines
  std::size_t more = 0;            ///< nodes beyond them
};

struct Digest {
  static constexpr std::size_t kMostLines = 10;

  std::string site;
  std::string title;  ///< "[lab] 9 nodes down, 1 node no longer too hot"
  std::vector<DigestGroup> groups;
  bool is_firing = false;  ///< something of it fires
  bool is_test = false;
};

/// `notices` are in the order in which they came; of several about one alert the last counts. Empty: an empty title.
Digest make_digest(const std::string& site, const std::vector<manager::NoticeRecord>& notices);

/// "9 nodes down", "pi7 down", "the site without ...".
std::string headline(Condition condition, const std::vector<std::string>& nodes, bool resolved);
/// One alert in a sentence without the node's name: "97 % of the CPU (threshold 90 %)".
std::string describe(const manager::AlertRecord& alert);
/// "12 s", "4 min", "3 h 20 min", "2 d 4 h".
std::string lasting(std::chrono::milliseconds duration);
/// "2026-11-28 04:40 UTC".
std::string show_time(std::int64_t ms);

}  // namespace piman::watch
