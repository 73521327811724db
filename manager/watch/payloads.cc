// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/payloads.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <nlohmann/json.hpp>

#include "common/text.h"

namespace piman::watch {
namespace {

using Json = nlohmann::ordered_json;
using manager::AlertRecord;
using Colour = DigestGroup::Colour;

/// Slack takes 4,000 characters of text and advises against more than 20 attachments; Discord takes 10 embeds with
/// 6,000 characters in all, and 2,000 of content. Of bytes there are at least as many as of characters.
constexpr std::size_t kMostTitleBytes = 1000;
constexpr std::size_t kMostSlackGroups = 20;
constexpr std::size_t kMostSlackBytes = 3000;
constexpr std::size_t kMostEmbeds = 8;
constexpr std::size_t kMostEmbedBytes = 600;
constexpr std::size_t kMostEmbedTitleBytes = 120;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// At most `most` bytes of whole letters.
std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return concat(text.substr(0, end), "...");
}

/// The three characters that Slack gives a meaning; a node must not be able to write <!channel>.
std::string slack_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

/// Whole lines, at most `most` bytes of them.
std::string lines_of(const DigestGroup& group, std::size_t most, std::string (*escape)(std::string_view)) {
  std::string out;
  std::size_t left = group.lines.size() + group.more;
  for (const std::string& line : group.lines) {
    const std::string shown = escape(line);
    if (out.size() + shown.size() + 24 > most) break;
    out += concat(out.empty() ? "" : "\n", shown);
    --left;
  }
  if (left > 0) out += concat(out.empty() ? "" : "\n", "and ", left, " more");
  return out;
}

/// @everyone and links in brackets mean something to Discord.
std::string discord_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '@' || c == '[' || c == ']' || c == '*' || c == '_' || c == '`' || c == '|' || c == '~') out += '\\';
    out.push_back(c);
  }
  return out;
}

std::string_view slack_colour(Colour colour) {
  return colour == Colour::kCritical ? "danger" : colour == Colour::kWarning ? "warning" : "good";
}
int discord_colour(Colour colour) {
  return colour == Colour::kCritical ? 0xD32F2F : colour == Colour::kWarning ? 0xF9A825 : 0x2E7D32;
}

/// As Go's RFC 3339 parser takes it.
std::string rfc3339(std::int64_t ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "1970-01-01T00:00:00Z";
  char text[40];
  std::string out(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts));
  const std::string millis = concat(ms % 1000 + 1000);
  return concat(out, '.', std::string_view(millis).substr(1), 'Z');
}

std::int64_t milliseconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Json alertmanager_object(const std::string& site, const AlertRecord& alert, std::int64_t ends_ms,
                         const std::string& link) {
  const auto condition = parse_condition(alert.condition);
  if (!condition) return {};
  const ConditionWords& words = words_of(*condition);
  Json labels = {{"alertname", words.alert}};
  if (!alert.node.empty()) labels["node"] = alert.node;
  labels["severity"] = to_string(words.severity);
  labels["site"] = site;
  const std::string description = describe(alert);
  Json object = {{"labels", std::move(labels)},
                 {"annotations",
                  {{"summary", headline(*condition, {alert.node}, false)},
                   {"description", description.empty() ? headline(*condition, {alert.node}, false) : description}}},
                 {"startsAt", rfc3339(alert.fired_ms)},
                 {"endsAt", rfc3339(ends_ms)}};
  if (!link.empty()) object["generatorURL"] = link;
  return object;
}

}  // namespace

std::string slack_payload(const Digest& digest, const std::string& link) {
  Json attachments = Json::array();
  for (std::size_t i = 0; i < digest.groups.size() && i < kMostSlackGroups; ++i) {
    const DigestGroup& group = digest.groups[i];
    const std::string title = slack_escaped(group.title);
    attachments.push_back({{"color", slack_colour(group.colour)},
                           {"fallback", cut(title, kMostTitleBytes)},
                           {"title", cut(title, kMostTitleBytes)},
                           {"title_link", link},
                           {"text", lines_of(group, kMostSlackBytes, &slack_escaped)}});
  }
  return text_of(
      {{"text", cut(slack_escaped(digest.title), kMostTitleBytes)}, {"attachments", std::move(attachments)}});
}

std::string webhook_payload(const Digest& digest, const std::string& link) {
  Json embeds = Json::array();
  Json groups = Json::array();
  for (const DigestGroup& group : digest.groups) {
    if (embeds.size() < kMostEmbeds) {
      embeds.push_back({{"title", cut(discord_escaped(group.title), kMostEmbedTitleBytes)},
                        {"url", link},
                        {"description", lines_of(group, kMostEmbedBytes, &discord_escaped)},
                        {"color", discord_colour(group.colour)}});
    }
    Json lines = group.lines;
    groups.push_back({{"condition", to_string(group.condition)},
                      {"severity", to_string(words_of(group.condition).severity)},
                      {"status", group.colour == Colour::kGood ? "resolved" : "firing"},
                      {"title", group.title},
                      {"lines", std::move(lines)},
                      {"more", group.more}});
  }
  return text_of({{"username", "piman"},
                  {"content", cut(discord_escaped(digest.title), kMostTitleBytes)},
                  {"embeds", std::move(embeds)},
                  {"allowed_mentions", {{"parse", Json::array()}}},
                  {"site", digest.site},
                  {"status", digest.is_firing        ? "firing"
                             : digest.groups.empty() ? "test"
                                                     : "resolved"},
                  {"groups", std::move(groups)}});
}

std::string alertmanager_payload(const AlertmanagerPost& post) {
  Json alerts = Json::array();
  const auto add = [&](const AlertRecord& alert, std::int64_t ends_ms) {
    Json object = alertmanager_object(post.site, alert, ends_ms, post.link);
    if (!object.is_null()) alerts.push_back(std::move(object));
  };
  for (const AlertRecord& alert : post.resolved) add(alert, alert.ended_ms);
  for (const AlertRecord& alert : post.firing) add(alert, milliseconds_of(post.firing_until));
  if (post.is_test) {
    alerts.push_back({{"labels", {{"alertname", "PimanTest"}, {"severity", "info"}, {"site", post.site}}},
                      {"annotations", {{"summary", "a test: alerts of piman arrive here"}}},
                      {"startsAt", rfc3339(milliseconds_of(post.now))},
                      {"endsAt", rfc3339(milliseconds_of(post.now) + 60'000)}});
  }
  return text_of(alerts);
}

Result<bool> is_watchdog_signal(std::string_view json) {
  const Json message = Json::parse(json, nullptr, false);
  if (!message.is_object() || !message.contains("alerts") || !message["alerts"].is_array()) {
    return fail("this is no message of Alertmanager's webhook: there is no list \"alerts\"");
  }
  const auto word = [](const Json& object, const char* key) {
    return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>()
                                                                                 : std::string();
  };
  for (const Json& alert : message["alerts"]) {
    if (!alert.is_object() || !alert.contains("labels")) continue;
    if (word(alert, "status") == "firing" && word(alert["labels"], "alertname") == "Watchdog") return true;
  }
  return false;
}

}  // namespace piman::watch
