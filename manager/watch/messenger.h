// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "manager/store/watch_records.h"
#include "manager/watch/outbox.h"
#include "manager/watch/watch_config.h"
#include "manager/watch/web_post.h"

/// Carries messages to their receivers: finds the address, makes the body that this receiver wants, posts it and says
/// what came of it. Decides nothing about when. Thread-safety: one thread; only wake() may come from others.
namespace piman::watch {

class Messenger {
 public:
  struct Outcome {
    Notifier notifier = Notifier::kSlack;
    Delivery delivery = Delivery::kFailed;
    std::string error;  ///< in words, without secrets; empty: it was taken
    std::optional<std::chrono::milliseconds> wait;
  };

  /// The notifiers that the configuration names, by their bits.
  static std::uint32_t notifiers_of(const WatchConfig& config);
  /// `config` must outlive it. Errors: a file with a URL can't be read or holds none.
  static Result<std::unique_ptr<Messenger>> make(const WatchConfig& config, std::string site, std::string link);

  /// Begins to send; the outcome comes from a later poll(). `told`: all that fires, for who is told of states.
  void send(Notifier notifier, const std::vector<manager::NoticeRecord>& notices,
            std::vector<manager::AlertRecord> told);
  /// Waits for outcomes, for at most `wait` or until wake(), and returns those that there are.
  std::vector<Outcome> poll(std::chrono::milliseconds wait);
  void wake() { poster_->wake(); }

 private:
  Messenger(const WatchConfig& config, std::string site, std::string link)
      : config_(config), site_(std::move(site)), link_(std::move(link)) {}
  Result<std::string> url_of(Notifier notifier) const;
  std::string payload_for(Notifier notifier, const std::vector<manager::NoticeRecord>& notices,
                          std::vector<manager::AlertRecord> told) const;

  const WatchConfig& config_;
  const std::string site_, link_;
  std::unique_ptr<WebPoster> poster_;
  std::unordered_map<std::uint64_t, Notifier> under_way_;
  std::vector<Outcome> outcomes_;  ///< of what needed no post
};

}  // namespace piman::watch
