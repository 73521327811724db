// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/text.h"
#include "netboot/install/session.h"
#include "tests/netboot/install/seed_scripts.h"

namespace piman::netboot::install::test {

using namespace std::chrono_literals;

inline Image image() { return {"raspios", "12", "tar.gz", std::string(64, 'a'), 1000, "/images/raspios.tar.gz"}; }

/// A session with what is around it: the record, as a manager keeps it, and what came out of the session.
class World {
 public:
  explicit World(InstallPolicy policy = {}, SessionLimits limits = {})
      : session(Host{{}, {}, "pi1", "", ""}, policy, limits, [this] { return record; }) {
    record.accepted = true;
    record.default_image = image();
    take(session.on_connected({}, now()));
  }
  Moment now() const { return {SteadyTime{} + since_start, WallTime{} + 1000h + since_start}; }
  void order(std::chrono::seconds lasts = 1h) { record.order = InstallOrder{7, now().wall + lasts, image()}; }
  void say(std::string_view text) {
    for (const std::string& line : piman::test::lines_of(text)) take(session.on_line(line, now()));
  }
  void pass(std::chrono::milliseconds time) {
    since_start += time;
    take(session.on_tick(now()));
  }
  void stream(StreamState state, std::uint64_t bytes) { take(session.on_stream(state, bytes, now())); }
  void claimed() {
    record.state = NodeRecord::State::kBroken;  // as the contract of Intents::claim says
    if (!record.order) record.order = InstallOrder{8, now().wall + 1h, image()};
    take(session.on_claimed(Result<std::uint64_t>(42), now()));
  }
  /// Goes as far as the state, with a slot and a claim given; false when the session does not go there.
  bool begin() {
    if (session.state() == Session::State::kQueued) take(session.on_granted(now()));
    if (session.state() == Session::State::kClaiming) claimed();
    return session.state() == Session::State::kInstalling;
  }
  void take(Steps steps) {
    for (Step& step : steps) {
      if (auto* send = std::get_if<step::Send>(&step)) sent += send->text;
      if (auto* finish = std::get_if<step::Finish>(&step)) outcomes.push_back(finish->outcome);
      if (std::holds_alternative<step::Claim>(step)) ++claims;
      if (std::holds_alternative<step::SendOffer>(step)) ++offers;
      if (std::holds_alternative<step::Close>(step)) ++closes;
      if (auto* report = std::get_if<step::Report>(&step)) events.push_back(report->event);
    }
  }
  bool formats() const { return offers > 0 || sent.find("format\n") != std::string::npos; }
  bool boots() const { return sent.find("boot\n") != std::string::npos; }
  bool is_installed() const { return !outcomes.empty() && outcomes.back().result == "installed"; }
  std::string last_result() const { return outcomes.empty() ? "" : std::string(outcomes.back().result); }
  std::string words() const {
    std::string out;
    for (const InstallEvent& event : events)
      out += concat(event.what, event.result.empty() ? "" : "=", event.result, ' ');
    return out;
  }

  std::chrono::milliseconds since_start{1000};
  NodeRecord record;
  Session session;
  std::string sent;
  std::vector<Outcome> outcomes;
  std::vector<InstallEvent> events;
  int claims = 0, offers = 0, closes = 0;
};

}  // namespace piman::netboot::install::test
