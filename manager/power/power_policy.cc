// SPDX-License-Identifier: Apache-2.0
#include "manager/power/power_policy.h"

#include <algorithm>

namespace piman::power {
namespace {

constexpr std::size_t kMostOrders = 4096;
/// A node that is left off needs somebody to walk there: worth some tries.
constexpr std::uint32_t kMostOnTries = 3;

}  // namespace

std::string_view to_word(PowerAction action) {
  switch (action) {
    case PowerAction::kOn:
      return "on";
    case PowerAction::kOff:
      return "off";
    case PowerAction::kCycle:
      break;
  }
  return "cycle";
}

std::string_view to_word(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "none";
    case Refusal::kBusy:
      return "busy";
    case Refusal::kCooldown:
      return "cooldown";
    case Refusal::kInstalling:
      return "installing";
    case Refusal::kMostOff:
      return "most_off";
    case Refusal::kQueueFull:
      break;
  }
  return "queue_full";
}

Refusal PowerPolicy::check(const std::string& node, PowerAction action, bool installing, bool forced,
                           SteadyTime now) const {
  if (std::any_of(orders_.begin(), orders_.end(), [&](const Order& order) { return order.node == node; })) {
    return Refusal::kBusy;
  }
  if (orders_.size() >= kMostOrders) return Refusal::kQueueFull;
  if (forced) return Refusal::kNone;
  if (installing && action != PowerAction::kOn) return Refusal::kInstalling;
  const auto switched = switched_.find(node);
  // To end a darkness is never too early.
  if (action != PowerAction::kOn && switched != switched_.end() && now - switched->second < settings_.cooldown) {
    return Refusal::kCooldown;
  }
  // Nodes in the midst of a cycle come back by themselves: an order waits for those, but not for these.
  const std::size_t lasting = stays_off_.size() - (stays_off_.contains(node) ? 1 : 0);
  if (action != PowerAction::kOn && lasting >= settings_.most_off) return Refusal::kMostOff;
  return Refusal::kNone;
}

Refusal PowerPolicy::add(const std::string& node, const std::string& power_switch, PowerAction action, bool installing,
                         bool forced, SteadyTime now) {
  const Refusal refusal = check(node, action, installing, forced, now);
  if (refusal == Refusal::kNone) orders_.push_back({node, power_switch, action, forced, false, Stage::kWaiting, {}, 0});
  return refusal;
}

Refusal PowerPolicy::resume(const std::string& node, const std::string& power_switch, PowerAction action, bool forced,
                            SteadyTime now) {
  const Refusal refusal = check(node, action, false, true, now);  // it was taken: only what is taken twice is refused
  if (refusal == Refusal::kNone) {
    orders_.push_back({node, power_switch, action, forced, action == PowerAction::kCycle, Stage::kWaiting, {}, 0});
  }
  return refusal;
}

std::size_t PowerPolicy::count_off() const {
  std::size_t count = stays_off_.size();
  for (const Order& order : orders_) {
    const bool counts = order.stage != Stage::kWaiting || order.may_be_off;
    if (counts && !stays_off_.contains(order.node)) ++count;
  }
  return count;
}

bool PowerPolicy::may_start(const std::string& power_switch, SteadyTime now) const {
  const auto budget = settings_.start_watts.find(power_switch);
  if (budget == settings_.start_watts.end() || budget->second <= 0) return true;
  double drawn = 0;
  for (const Starting& node : starting_) {
    if (node.power_switch == power_switch && node.until > now) drawn += settings_.starting_watts;
  }
  // One at a time starts whatever the budget says: else a budget that is too small keeps everything off.
  return drawn == 0 || drawn + settings_.starting_watts <= budget->second;
}

std::vector<PowerStep> PowerPolicy::due(SteadyTime now) {
  std::erase_if(starting_, [now](const Starting& node) { return node.until <= now; });
  std::vector<PowerStep> steps;
  for (Order& order : orders_) {
    const bool wants_on = (order.stage == Stage::kWaiting && (order.action == PowerAction::kOn || order.may_be_off)) ||
                          (order.stage == Stage::kOffUntil && order.until <= now);
    if (wants_on && may_start(order.power_switch, now)) {
      order.stage = Stage::kSwitchingOn;
      starting_.push_back({order.power_switch, now + settings_.starting_time});
      steps.push_back({order.node, true});
    } else if (order.stage == Stage::kWaiting && order.action != PowerAction::kOn &&
               (order.forced || stays_off_.contains(order.node) || count_off() < settings_.most_off)) {
      order.stage = Stage::kSwitchingOff;
      steps.push_back({order.node, false});
    }
  }
  return steps;
}

bool PowerPolicy::finished(const PowerStep& step, bool worked, SteadyTime now) {
  const auto order =
      std::find_if(orders_.begin(), orders_.end(), [&](const Order& each) { return each.node == step.node; });
  if (order == orders_.end()) return true;
  bool done = true;
  if (!step.on && order->action == PowerAction::kCycle) {
    order->stage = Stage::kOffUntil;
    order->until = worked ? now + settings_.off_time : now;
    done = false;
  } else if (!step.on) {
    if (worked) stays_off_[step.node] = true;
  } else if (worked && order->may_be_off) {
    order->may_be_off = false;
    order->stage = Stage::kWaiting;
    done = false;
  } else if (worked) {
    stays_off_.erase(step.node);
  } else if (++order->on_failures < kMostOnTries) {
    order->stage = Stage::kOffUntil;
    order->until = now + settings_.off_time;
    done = false;
  }
  if (!done) return false;
  switched_[step.node] = now;
  orders_.erase(order);
  return true;
}

void PowerPolicy::withdraw(const std::string& node) {
  std::erase_if(orders_, [&](const Order& order) { return order.node == node; });
}

std::optional<SteadyTime> PowerPolicy::next(SteadyTime now) const {
  std::optional<SteadyTime> next;
  const auto consider = [&](SteadyTime time) {
    if (time > now && (!next || time < *next)) next = time;
  };
  bool waits = false;
  for (const Order& order : orders_) {
    if (order.stage == Stage::kOffUntil) consider(order.until);
    waits = waits || order.stage == Stage::kWaiting || (order.stage == Stage::kOffUntil && order.until <= now);
  }
  if (waits) {
    for (const Starting& node : starting_) consider(node.until);
  }
  return next;
}

std::vector<std::string> PowerPolicy::held_off() const {
  std::vector<std::string> nodes;
  for (const Order& order : orders_) {
    const bool began = order.stage != Stage::kWaiting || order.may_be_off;
    if (began && order.action == PowerAction::kCycle) nodes.push_back(order.node);
  }
  return nodes;
}

}  // namespace piman::power
