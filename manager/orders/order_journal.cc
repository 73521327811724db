// SPDX-License-Identifier: Apache-2.0
#include "manager/orders/order_journal.h"

#include <string>
#include <string_view>
#include <utility>

#include "common/text.h"

namespace piman::manager {
namespace {

/// An entry that grows; what is empty is left away.
class Entry {
 public:
  Entry(std::int64_t at_ms, const char* kind, const std::string& node, std::string_view step)
      : entry_{at_ms, kind, node, "", {{"step", std::string(step)}}} {}

  Entry& with(const char* key, std::string_view value) {
    if (!value.empty()) entry_.data.emplace_back(key, std::string(value));
    return *this;
  }
  Entry& with(const char* key, std::uint64_t value) { return value == 0 ? *this : with(key, concat(value)); }
  /// What must stand with everything that may destroy something.
  Entry& asked_by(const OrderRecord& order) { return with("who", order.who).with("why", order.why); }
  JournalEntry saying(std::string text) {
    entry_.text = std::move(text);
    return std::move(entry_);
  }

 private:
  JournalEntry entry_;
};

std::string image_words(const InstallRecord& install) {
  return to_words({install.image, install.version, "", install.sha256, "", 0});
}

}  // namespace

JournalEntry order_given(const OrderRecord& order, std::int64_t at_ms) {
  return Entry(at_ms, "order", order.node, "given")
      .with("order", order.id)
      .with("action_id", order.rollout)
      .with("action", to_string(order.action))
      .with("image", order.image.name.empty() ? "" : to_words(order.image))
      .with("sha256", order.image.sha256)
      .with("forced", order.forced ? "true" : "")
      .asked_by(order)
      .saying(concat(to_string(order.action), order.image.name.empty() ? "" : " with ", to_words(order.image),
                     " (order ", order.id, ") by ", order.who, order.why.empty() ? "" : ", because ",
                     order.why.empty() ? "" : quote(order.why), order.forced ? ", forced" : ""));
}

JournalEntry order_ended(const OrderRecord& order, std::int64_t at_ms) {
  return Entry(at_ms, "order", order.node, "ended")
      .with("order", order.id)
      .with("action_id", order.rollout)
      .with("action", to_string(order.action))
      .with("image", order.image.name.empty() ? "" : to_words(order.image))
      .with("attempts", order.attempts)
      .with("result", to_string(order.state))
      .with("reason", order.detail)
      .asked_by(order)
      .saying(concat(to_string(order.action), " (order ", order.id, "): ", to_string(order.state),
                     order.detail.empty() ? "" : ": ", order.detail));
}

JournalEntry install_begun(const InstallRecord& install, const OrderRecord& order, std::int64_t at_ms) {
  return Entry(at_ms, "install", install.node, "begun")
      .with("install", install.id)
      .with("order", install.order)
      .with("action_id", order.rollout)
      .with("action", to_string(order.action))
      .with("image", image_words(install))
      .with("sha256", install.sha256)
      .with("attempt", order.attempts)
      .asked_by(order)
      .saying(concat("install ", install.id, " of ", image_words(install), " begins (", install.cause, ", order ",
                     install.order, ", attempt ", order.attempts, ", by ", order.who, ")"));
}

JournalEntry install_ended(const InstallRecord& install, const OrderRecord* order, std::int64_t at_ms) {
  Entry entry(at_ms, "install", install.node, "ended");
  entry.with("install", install.id).with("order", install.order);
  if (order != nullptr) entry.with("action_id", order->rollout).with("action", to_string(order->action));
  entry.with("image", image_words(install))
      .with("sha256", install.sha256)
      .with("result", install.result)
      .with("stage", install.stage)
      .with("reason", install.reason);
  if (order != nullptr) entry.asked_by(*order);
  return entry.saying(concat("install ", install.id, " of ", install.image, ": ", install.result,
                             install.stage.empty() ? "" : " at ", install.stage, install.reason.empty() ? "" : ": ",
                             install.reason));
}

}  // namespace piman::manager
