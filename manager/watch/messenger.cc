// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/messenger.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/secret_file.h"
#include "common/text.h"
#include "manager/watch/digest.h"
#include "manager/watch/payloads.h"

namespace piman::watch {
namespace {

using manager::AlertRecord;
using manager::NoticeRecord;
using std::chrono::milliseconds;

constexpr milliseconds kTimeout{10'000};
constexpr std::size_t kMostUrlBytes = 2048;
/// As Prometheus does it: what is not repeated within four rounds of a minute has ended.
constexpr std::chrono::minutes kAlertmanagerKeeps{4};
constexpr std::array kNotifiers = {Notifier::kSlack, Notifier::kAlertmanager, Notifier::kWebhook};

const std::string& source_of(const WatchConfig& config, Notifier notifier) {
  switch (notifier) {
    case Notifier::kSlack:
      return config.slack_url_file;
    case Notifier::kAlertmanager:
      return config.alertmanager_url;
    case Notifier::kWebhook:
      break;
  }
  return config.webhook_url_file;
}

}  // namespace

std::uint32_t Messenger::notifiers_of(const WatchConfig& config) {
  std::uint32_t notifiers = 0;
  for (const Notifier each : kNotifiers) {
    if (!source_of(config, each).empty()) notifiers |= bit_of(each);
  }
  return notifiers;
}

Result<std::unique_ptr<Messenger>> Messenger::make(const WatchConfig& config, std::string site, std::string link) {
  std::unique_ptr<Messenger> messenger(new Messenger(config, std::move(site), std::move(link)));
  for (const Notifier each : kNotifiers) {
    if (source_of(config, each).empty()) continue;
    if (auto url = messenger->url_of(each); !url) return tl::unexpected<Error>(url.error());
  }
  auto poster = WebPoster::make();
  if (!poster) return tl::unexpected<Error>(poster.error());
  messenger->poster_ = std::move(*poster);
  return messenger;
}

/// Read anew for each message: an address that is mended is used without a restart.
Result<std::string> Messenger::url_of(Notifier notifier) const {
  const std::string& source = source_of(config_, notifier);
  if (notifier == Notifier::kAlertmanager) return concat(source, "/api/v2/alerts");
  auto url = read_secret_file(source, kMostUrlBytes);
  if (!url) return fail_with(concat("the URL of ", to_string(notifier)), url.error());
  const bool has_scheme = url->starts_with("https://") || url->starts_with("http://");
  const bool is_plain = std::all_of(url->begin(), url->end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!has_scheme || !is_plain) return fail(concat(source, ": its first line is no URL like https://..."));
  return url;
}

std::string Messenger::payload_for(Notifier notifier, const std::vector<NoticeRecord>& notices,
                                   std::vector<AlertRecord> told) const {
  if (notifier != Notifier::kAlertmanager) {
    const Digest digest = make_digest(site_, notices);
    if (digest.title.empty()) return {};
    return notifier == Notifier::kSlack ? slack_payload(digest, link_) : webhook_payload(digest, link_);
  }
  AlertmanagerPost post;
  post.site = site_;
  post.link = link_;
  post.now = std::chrono::system_clock::now();
  post.firing_until = post.now + kAlertmanagerKeeps;
  post.firing = std::move(told);
  for (const NoticeRecord& notice : notices) {
    if (notice.kind == NoticeRecord::Kind::kTest) post.is_test = true;
    const bool fires_again = std::any_of(post.firing.begin(), post.firing.end(), [&](const AlertRecord& alert) {
      return alert.node == notice.alert.node && alert.condition == notice.alert.condition;
    });
    if (notice.kind == NoticeRecord::Kind::kResolved && !fires_again) post.resolved.push_back(notice.alert);
  }
  return alertmanager_payload(post);
}

void Messenger::send(Notifier notifier, const std::vector<NoticeRecord>& notices, std::vector<AlertRecord> told) {
  const auto url = url_of(notifier);
  if (!url) {
    outcomes_.push_back({notifier, Delivery::kFailed, url.error().message, std::nullopt});
    return;
  }
  const std::string payload = payload_for(notifier, notices, std::move(told));
  if (payload.empty()) {  // what is stored are words of another version
    outcomes_.push_back({notifier, Delivery::kSent, {}, std::nullopt});
    return;
  }
  under_way_.emplace(poster_->start({*url, payload, config_.ca_file, kTimeout}), notifier);
}

std::vector<Messenger::Outcome> Messenger::poll(milliseconds wait) {
  std::vector<Outcome> outcomes = std::exchange(outcomes_, {});
  for (const WebAnswer& answer : poster_->poll(outcomes.empty() ? wait : milliseconds(0))) {
    const auto found = under_way_.find(answer.id);
    if (found == under_way_.end()) continue;
    Outcome outcome{found->second, judge(answer.status), {}, std::nullopt};
    under_way_.erase(found);
    if (outcome.delivery != Delivery::kSent) {
      const std::string body = answer.body.empty() ? std::string() : concat(": ", quote(answer.body));
      outcome.error = answer.status == 0 ? answer.error : concat("answered with status ", answer.status, body);
      outcome.wait = retry_after(answer.retry_after, std::chrono::system_clock::now());
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace piman::watch
