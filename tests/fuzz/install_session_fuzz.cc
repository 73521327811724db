// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/check.h"
#include "netboot/install/session.h"

namespace {

using namespace piman;
using namespace piman::netboot::install;

struct Script {
  const std::uint8_t* at;
  const std::uint8_t* end;
  std::uint8_t next() { return at == end ? std::uint8_t{0} : *at++; }
  bool empty() const { return at == end; }
};

constexpr std::array<std::string_view, 12> kLines = {
    "IS_INSTALLED",
    "IS UNINSTALLED",
    "IS_FORMATTED",
    "CAPABILITIES 1 http sha256",
    "CAPABILITIES 1 http sha256 xz",
    "PROGRESS write 5 100",
    "FAILED disk too small",
    "DISK path=/dev/vda size_bytes=7",
    "RECIEVED BOOT",
    "noise",
    "VERIFIED aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "VERIFIED bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"};

}  // namespace

/// Any order of words, claims, streams and time: "format" and "install" leave once for each claim that was given, never
/// otherwise; each such claim is finished once; "installed" needs its proof; and every session ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script script{data, data + size};
  const std::uint8_t flags = script.next();
  Moment now{SteadyTime{} + std::chrono::hours(1), WallTime{} + std::chrono::hours(1000)};
  const Image image{"i", "1", (flags & 8) != 0 ? "tar.xz" : "tar.gz", std::string(64, 'a'), 100, "/i"};
  NodeRecord record;
  record.accepted = (flags & 16) != 0;
  record.was_ever_installed = (flags & 32) != 0;
  record.state = static_cast<NodeRecord::State>(script.next() % 3);
  if ((flags & 64) != 0) record.default_image = image;
  InstallPolicy policy{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};

  Session session(netboot::Host{}, policy, {}, [&] { return record; });
  int wants_slot = 0, claims_open = 0, claims_given = 0, commands = 0, finishes_open = 0, finished = 0;
  StreamState stream = StreamState::kNone;
  bool verified = false, by_http = false;
  const auto take = [&](const Steps& steps) {
    for (const Step& step : steps) {
      if (std::holds_alternative<step::WantSlot>(step)) wants_slot = 1;
      if (std::holds_alternative<step::Release>(step)) wants_slot = 0;
      if (const auto* claim = std::get_if<step::Claim>(&step)) {
        const bool is_open = record.order && record.order->expires_at > now.wall && record.order->id == claim->order_id;
        PIMAN_CHECK(
            is_open || (claim->cause == Cause::kAutoFormat && policy.auto_format) ||
            (claim->cause == Cause::kFirst && policy.first_auto && record.accepted && !record.was_ever_installed));
        ++claims_open;
      }
      if (const auto* send = std::get_if<step::Send>(&step); send != nullptr && send->text.starts_with("format")) {
        ++commands;
        by_http = false;
      }
      if (std::holds_alternative<step::SendOffer>(step)) {
        ++commands;
        by_http = true;
      }
      if (const auto* finish = std::get_if<step::Finish>(&step)) {
        ++finished;
        ++finishes_open;
        wants_slot = 0;
        if (finish->outcome.result == "installed") {
          PIMAN_CHECK(by_http ? verified : stream == StreamState::kComplete);
        }
      }
    }
    PIMAN_CHECK(commands <= claims_given && finished <= claims_given && claims_open <= 1);
  };
  take(session.on_connected({}, now));
  for (int steps = 0; !script.empty() && steps < 2000; ++steps) {
    switch (script.next() % 10) {
      case 0:
        now.steady += std::chrono::seconds(script.next());
        now.wall += std::chrono::seconds(script.next());
        take(session.on_tick(now));
        break;
      case 1:
        record.order = InstallOrder{script.next() % 3U + 1U, now.wall + std::chrono::seconds(script.next()), image};
        break;
      case 2:
        record.order.reset();
        break;
      case 3:
        if (wants_slot > 0) {
          wants_slot = 0;
          take(session.on_granted(now));
        }
        break;
      case 4:
        if (claims_open > 0) {
          --claims_open;
          const bool given = script.next() % 4 != 0;
          if (given) {
            ++claims_given;
            record.state = NodeRecord::State::kBroken;
            stream = StreamState::kNone;
            verified = false;
          }
          take(session.on_claimed(given ? Result<std::uint64_t>(9) : Result<std::uint64_t>(fail("no")), now));
        }
        break;
      case 5:
        stream = static_cast<StreamState>(script.next() % 4);
        take(session.on_stream(stream, script.next(), now));
        break;
      case 6:
        if (finishes_open > 0) {
          --finishes_open;
          take(session.on_finished(script.next() % 4 != 0 ? Result<void>() : Result<void>(fail("no")), now));
        }
        break;
      case 7:
        if (script.next() % 8 == 0) take(session.on_closed("closed", now));
        break;
      default: {
        const std::string_view line = kLines[script.next() % kLines.size()];
        // The last one before IS_FORMATTED counts.
        if (line.starts_with("VERIFIED")) verified = line.back() == 'a';
        take(session.on_line(line, now));
      }
    }
  }
  take(session.on_closed("stopped", now));
  // Whatever is awaited of the manager comes in the end.
  for (int i = 0; i < 4; ++i) {
    if (claims_open > 0) {
      --claims_open;
      ++claims_given;
      take(session.on_claimed(Result<std::uint64_t>(9), now));
    }
    if (finishes_open > 0) {
      --finishes_open;
      take(session.on_finished({}, now));
    }
  }
  PIMAN_CHECK(session.has_ended());
  PIMAN_CHECK(finished == claims_given);
  return 0;
}
