// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/text.h"
#include "manager/api/watch_json.h"
#include "manager/watch/digest.h"
#include "manager/watch/outbox.h"
#include "manager/watch/payloads.h"

namespace {

using namespace piman;

void check_error(const Error& error) {
  PIMAN_CHECK(!error.message.empty() && error.message.size() < 1000);
  for (const char c : error.message) PIMAN_CHECK(c >= 0x20 && c < 0x7F);
}

/// What was taken is within its limits, and means the same when it is written and read again.
void check_silence(std::string_view text) {
  const auto request = manager::api::parse_silence_request(text);
  if (!request) return check_error(request.error());
  PIMAN_CHECK(!request->nodes.empty());
  PIMAN_CHECK(request->duration.count() > 0 && request->duration <= manager::api::kLongestSilence);
  const auto again = manager::api::parse_silence_request(manager::api::silence_request_json(*request));
  PIMAN_CHECK(again);
  PIMAN_CHECK(again->nodes == request->nodes && again->conditions == request->conditions);
  PIMAN_CHECK(again->duration == request->duration && again->by == request->by && again->why == request->why);
}

/// Whatever a node says of itself: the messages are JSON, as small as their receivers take them, and Slack finds
/// nothing in them that it would act upon.
void check_messages(std::string_view text) {
  std::string_view rest = text;
  std::vector<manager::NoticeRecord> notices;
  for (std::size_t i = 0; i < 40; ++i) {
    manager::NoticeRecord notice;
    notice.id = i;
    notice.kind = i % 3 == 2 ? manager::NoticeRecord::Kind::kResolved : manager::NoticeRecord::Kind::kFired;
    notice.alert.node = std::string(next_line(rest));
    notice.alert.detail = std::string(text);
    notice.alert.condition = to_string(watch::condition_at(i % watch::kConditionCount));
    notices.push_back(std::move(notice));
  }
  const watch::Digest digest = watch::make_digest(std::string(text.substr(0, 64)), notices);
  const std::string slack = watch::slack_payload(digest, "http://manager/");
  PIMAN_CHECK(is_valid_utf8(slack) && slack.size() < 200'000);
  PIMAN_CHECK(slack.find('<') == std::string::npos && slack.find('>') == std::string::npos);
  const std::string webhook = watch::webhook_payload(digest, "http://manager/");
  PIMAN_CHECK(is_valid_utf8(webhook) && webhook.size() < 200'000);
  watch::AlertmanagerPost post;
  for (const manager::NoticeRecord& each : notices) post.firing.push_back(each.alert);
  PIMAN_CHECK(is_valid_utf8(watch::alertmanager_payload(post)));
}

}  // namespace

/// Everything that reaches the watcher from outside: Alertmanager's messages, silences, answers of receivers, and what
/// nodes say of themselves.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto signal = watch::is_watchdog_signal(text); !signal) check_error(signal.error());
  check_silence(text);
  check_messages(text);
  if (const auto wait = watch::retry_after(text, WallTime(std::chrono::seconds(1'700'000'000)))) {
    PIMAN_CHECK(wait->count() >= 0);
  }
  static_cast<void>(manager::api::parse_alerts_json(text));
  static_cast<void>(manager::api::parse_silences_json(text));
  static_cast<void>(manager::api::parse_notifiers_json(text));
  static_cast<void>(manager::api::parse_test_json(text));
  return 0;
}
