// SPDX-License-Identifier: Apache-2.0
#include "manager/orders/order_book.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "manager/orders/order_journal.h"

namespace piman::manager {
namespace {

constexpr std::size_t kMostRollouts = 256;  // in memory, for who asks

std::string minutes_of(std::chrono::milliseconds limit) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(limit).count();
  return minutes > 0 ? concat(minutes, " min") : concat(limit.count(), " ms");
}

}  // namespace

OrderBook::Entry* OrderBook::find(std::uint64_t order) {
  const auto found = orders_.find(order);
  return found == orders_.end() ? nullptr : &found->second;
}

CardRecord& OrderBook::card_of(const MacAddress& mac) {
  CardRecord& card = cards_[mac];
  card.mac = mac;
  return card;
}

/// The one place where an order changes its state.
void OrderBook::enter(Entry& entry, OrderState state, std::string detail, BookTime now, BookEffects& effects) {
  OrderRecord& row = entry.row;
  const bool was_over = is_over(row.state);
  const bool changes = row.state != state;
  row.detail = std::move(detail);
  if (changes) {
    row.state = state;
    row.since_ms = now.wall_ms;
    entry.since = now.steady;
    entry.counts_from_now = state == OrderState::kChecking;
  }
  if (!was_over && is_over(state)) {
    --open_;
    if (row.rollout == 0) over_alone_.push_back(row.id);
    order_of_.erase(row.mac);
    effects.journal.push_back(order_ended(row, now.wall_ms));
  }
  effects.rows.orders.push_back(row);
}

BookEffects OrderBook::restore(OrderChanges stored, BookTime now) {
  BookEffects effects;
  for (CardRecord& card : stored.cards) cards_.insert_or_assign(card.mac, card);
  for (RolloutRecord& rollout : stored.rollouts) {
    last_rollout_ = std::max(last_rollout_, rollout.id);
    rollouts_.insert_or_assign(rollout.id, std::move(rollout));
  }
  for (OrderRecord& row : stored.orders) {
    last_order_ = std::max(last_order_, row.id);
    if (row.rollout != 0) members_[row.rollout].push_back(row.id);
    Entry entry{std::move(row), now.steady, now.steady, 0, 0, false, true, false};
    if (!is_over(entry.row.state)) {
      ++open_;
      order_of_.insert_or_assign(entry.row.mac, entry.row.id);
      // Nobody knows whether it is off: it is switched on, and then off and on again when its turn comes.
      if (entry.row.power == OrderPower::kOrdered || entry.row.power == OrderPower::kWanted) {
        entry.row.power = OrderPower::kNone;
        entry.may_be_off = true;
        entry.row.detail = "the manager started anew while its power was switched";
        effects.rows.orders.push_back(entry.row);
      }
    }
    orders_.insert_or_assign(entry.row.id, std::move(entry));
  }
  for (InstallRecord& install : stored.installs) {
    last_install_ = std::max(last_install_, install.id);
    if (install.ended_ms == 0) {
      install.ended_ms = now.wall_ms;
      install.result = "cut";
      install.reason = "the manager ended";
      effects.rows.installs.push_back(install);
      Entry* entry = find(install.order);
      effects.journal.push_back(install_ended(install, entry == nullptr ? nullptr : &entry->row, now.wall_ms));
      if (entry != nullptr && entry->row.state == OrderState::kInstalling) {
        enter(*entry, OrderState::kOpen, "the manager ended during its install", now, effects);
      }
    }
    remember(install);
  }
  // An order can't be in an install that does not run.
  for (auto& [id, entry] : orders_) {
    if (entry.row.state == OrderState::kInstalling) enter(entry, OrderState::kOpen, "", now, effects);
  }
  return effects;
}

Result<OrderBook::Added> OrderBook::add(const RolloutRequest& request, BookTime now) {
  std::string problems;
  for (const Host& node : request.nodes) {
    const auto found = order_of_.find(node.mac);
    if (found == order_of_.end()) continue;
    const OrderRecord& other = orders_.at(found->second).row;
    problems += concat(problems.empty() ? "" : "; ", node.name, ": its ", to_string(other.action), " of order ",
                       other.id, " is ", to_string(other.state));
  }
  if (!problems.empty()) return fail(problems);
  if (open_ + request.nodes.size() > limits_.most_open) {
    return fail(concat("there are ", open_, " orders that are not over, and may be ", limits_.most_open));
  }
  Added added;
  RolloutRecord rollout;
  rollout.id = added.rollout = ++last_rollout_;
  rollout.action = request.action;
  rollout.canary = request.canary;
  rollout.max_parallel = request.max_parallel;
  rollout.stop_after_failures = request.stop_after_failures;
  rollout.created_ms = now.wall_ms;
  rollout.who = request.who;
  rollout.why = request.why;
  added.effects.rows.rollouts.push_back(rollout);
  for (const Host& node : request.nodes) {
    Entry entry;
    OrderRecord& row = entry.row;
    row.id = ++last_order_;
    row.rollout = rollout.id;
    row.mac = node.mac;
    row.node = node.name;
    row.action = request.action;
    row.forced = request.forced;
    row.created_ms = row.since_ms = now.wall_ms;
    row.expires_ms = now.wall_ms + limits_.order_lifetime.count();
    row.image = request.image;
    row.who = request.who;
    row.why = request.why;
    entry.since = entry.retry_at = now.steady;
    members_[rollout.id].push_back(row.id);
    order_of_.insert_or_assign(row.mac, row.id);
    ++open_;
    added.effects.rows.orders.push_back(row);
    added.effects.journal.push_back(order_given(row, now.wall_ms));
    orders_.insert_or_assign(row.id, std::move(entry));
  }
  unstored_.insert(rollout.id);
  rollouts_.insert_or_assign(rollout.id, std::move(rollout));
  forget_old();
  return added;
}

void OrderBook::take_back(std::uint64_t rollout) {
  for (const std::uint64_t id : members_[rollout]) {
    const auto found = orders_.find(id);
    if (found == orders_.end()) continue;
    order_of_.erase(found->second.row.mac);
    if (!is_over(found->second.row.state)) --open_;
    orders_.erase(found);
  }
  members_.erase(rollout);
  rollouts_.erase(rollout);
  unstored_.erase(rollout);
}

Result<BookEffects> OrderBook::withdraw(std::uint64_t rollout, std::string_view who, BookTime now) {
  const auto found = rollouts_.find(rollout);
  if (found == rollouts_.end()) return fail(concat("there is no action ", rollout));
  if (found->second.state != RolloutState::kRunning) {
    return fail(concat("action ", rollout, " is ", to_string(found->second.state), " already"));
  }
  BookEffects effects;
  for (const std::uint64_t id : members_[rollout]) {
    Entry* entry = find(id);
    if (entry == nullptr || is_over(entry->row.state)) continue;
    // What has begun is not stopped half-way: a card half written, a node switched off.
    const bool begun = entry->row.state == OrderState::kInstalling || entry->row.power == OrderPower::kOrdered;
    if (!begun) enter(*entry, OrderState::kWithdrawn, concat("by ", who), now, effects);
  }
  found->second.state = RolloutState::kWithdrawn;
  found->second.ended_ms = now.wall_ms;
  found->second.detail = concat("withdrawn by ", who);
  effects.rows.rollouts.push_back(found->second);
  return effects;
}

void OrderBook::look_at(Entry& entry, const FactsOf& facts_of, BookTime now, Tick& tick) {
  OrderRecord& row = entry.row;
  const bool may_expire = row.state == OrderState::kWaiting || row.state == OrderState::kOpen;
  if (may_expire && row.expires_ms <= now.wall_ms && row.power != OrderPower::kOrdered) {
    enter(entry, OrderState::kExpired, "its time is over", now, tick.effects);
    return;
  }
  if (row.state == OrderState::kOpen) {
    const NodeFacts facts = facts_of(row);
    if (row.power == OrderPower::kNone && now.steady >= entry.retry_at) {
      if (row.action == OrderAction::kReinstall && facts.waits) {
        row.power = OrderPower::kDone;
        enter(entry, OrderState::kOpen, "it waits for its install already", now, tick.effects);
      } else if (is_install(row.action) && (!facts.has_port || row.action != OrderAction::kReinstall)) {
        row.power = OrderPower::kDone;
        enter(entry, OrderState::kOpen, "no switch has a port for it: it is installed when it boots next", now,
              tick.effects);
      } else {
        row.power = OrderPower::kWanted;
        tick.to_switch.push_back(row);
        if (entry.may_be_off) tick.to_switch.back().power = OrderPower::kOrdered;
      }
    } else if (row.power == OrderPower::kDone && entry.was_switched && is_install(row.action) && !facts.waits &&
               now.steady - entry.since >= limits_.start) {
      enter(entry, OrderState::kFailed,
            concat("it was switched off and on, and did not ask for its install within ", minutes_of(limits_.start)),
            now, tick.effects);
    }
  } else if (row.state == OrderState::kChecking) {
    const NodeFacts facts = facts_of(row);
    if (entry.counts_from_now) {
      entry.counts_from_now = false;
      entry.successes = facts.successes;
    }
    if (facts.is_up && facts.successes > entry.successes) {
      enter(entry, OrderState::kDone, "", now, tick.effects);
    } else if (now.steady - entry.since >= limits_.health) {
      enter(entry, OrderState::kFailed, concat("its agent did not answer within ", minutes_of(limits_.health)), now,
            tick.effects);
    }
  }
}

/// Who of a rollout is next, and whether it goes on at all.
void OrderBook::advance(RolloutRecord& rollout, BookTime now, BookEffects& effects) {
  const std::vector<std::uint64_t>& members = members_[rollout.id];
  std::size_t failed = 0, done = 0, active = 0, over = 0, canaries_done = 0;
  std::string first_failed;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Entry* entry = find(members[i]);
    if (entry == nullptr) {
      ++over;
      continue;
    }
    const OrderState state = entry->row.state;
    over += is_over(state) ? 1U : 0U;
    done += state == OrderState::kDone ? 1U : 0U;
    canaries_done += state == OrderState::kDone && i < rollout.canary ? 1U : 0U;
    active += !is_over(state) && state != OrderState::kWaiting ? 1U : 0U;
    if (state == OrderState::kFailed || state == OrderState::kExpired) {
      ++failed;
      if (first_failed.empty()) first_failed = entry->row.node;
      if (i < rollout.canary) failed = std::max<std::size_t>(failed, std::max(1U, rollout.stop_after_failures));
    }
  }
  const bool canary_failed = failed > 0 && rollout.canary > 0 && canaries_done < rollout.canary;
  const bool too_many = rollout.stop_after_failures > 0 && failed >= rollout.stop_after_failures;
  if (canary_failed || too_many) {
    for (const std::uint64_t id : members) {
      Entry* entry = find(id);
      if (entry == nullptr || entry->row.state != OrderState::kWaiting) continue;
      enter(*entry, OrderState::kWithdrawn, concat("the rollout stopped after ", first_failed, " failed"), now,
            effects);
      ++over;
    }
    rollout.detail = concat("stopped after ", first_failed, " failed");
  }
  if (over == members.size()) {
    const bool stopped = canary_failed || too_many;
    rollout.state = stopped ? RolloutState::kStopped : RolloutState::kDone;
    rollout.ended_ms = now.wall_ms;
    if (rollout.detail.empty()) rollout.detail = concat(done, " of ", members.size(), " are done");
    effects.rows.rollouts.push_back(rollout);
    return;
  }
  const std::size_t most = rollout.max_parallel == 0 ? members.size() : rollout.max_parallel;
  for (std::size_t i = 0; i < members.size() && active < most; ++i) {
    if (rollout.canary > 0 && i >= rollout.canary && canaries_done < rollout.canary) break;
    Entry* entry = find(members[i]);
    if (entry == nullptr || entry->row.state != OrderState::kWaiting) continue;
    entry->row.expires_ms = now.wall_ms + limits_.order_lifetime.count();  // its own time begins with its turn
    enter(*entry, OrderState::kOpen, "", now, effects);
    ++active;
  }
}

bool OrderBook::is_idle() const {
  // The last order of a rollout may be over before the rollout has seen it.
  return open_ == 0 && std::none_of(rollouts_.begin(), rollouts_.end(),
                                    [](const auto& each) { return each.second.state == RolloutState::kRunning; });
}

OrderBook::Tick OrderBook::tick(const FactsOf& facts_of, BookTime now) {
  Tick tick;
  for (auto& [id, rollout] : rollouts_) {
    if (rollout.state == RolloutState::kRunning && !unstored_.contains(id)) advance(rollout, now, tick.effects);
  }
  // By order_of_, not orders_: most orders are over. In the order of their ids, so that who came first is first.
  std::vector<std::uint64_t> open;
  open.reserve(order_of_.size());
  for (const auto& [mac, id] : order_of_) open.push_back(id);
  std::sort(open.begin(), open.end());
  for (const std::uint64_t id : open) look_at(orders_.at(id), facts_of, now, tick);
  for (; over_alone_.size() > kMostRollouts; over_alone_.pop_front()) orders_.erase(over_alone_.front());
  return tick;
}

Result<void> OrderBook::check(std::uint64_t order, const std::string& node, BookTime now) const {
  const auto found = orders_.find(order);
  if (found == orders_.end()) return fail(concat("there is no order ", order));
  const OrderRecord& row = found->second.row;
  if (row.node != node) return fail(concat("order ", order, " is for ", row.node, ", not for ", node));
  if (row.state != OrderState::kOpen) return fail(concat("order ", order, " is ", to_string(row.state)));
  if (row.expires_ms <= now.wall_ms) return fail(concat("order ", order, " has expired"));
  return {};
}

BookEffects OrderBook::power_ordered(std::uint64_t order) {
  BookEffects effects;
  Entry* entry = find(order);
  if (entry == nullptr || is_over(entry->row.state)) return effects;
  entry->row.power = OrderPower::kOrdered;
  entry->row.detail = "its power is switched";
  effects.rows.orders.push_back(entry->row);
  return effects;
}

BookEffects OrderBook::power_refused(std::uint64_t order, const std::string& reason, bool again, BookTime now) {
  BookEffects effects;
  Entry* entry = find(order);
  if (entry == nullptr || is_over(entry->row.state)) return effects;
  entry->row.power = OrderPower::kNone;
  entry->retry_at = now.steady + limits_.retry;
  enter(*entry, again ? OrderState::kOpen : OrderState::kFailed, reason, now, effects);
  return effects;
}

BookEffects OrderBook::power_told(std::uint64_t order, bool worked, bool dry_run, const std::string& text,
                                  const NodeFacts& facts, BookTime now) {
  BookEffects effects;
  Entry* entry = find(order);
  if (entry == nullptr || is_over(entry->row.state)) return effects;
  OrderRecord& row = entry->row;
  row.power = OrderPower::kDone;
  entry->may_be_off = false;
  entry->was_switched = worked && !dry_run;
  if (!worked) {
    enter(*entry, OrderState::kFailed, text, now, effects);
    return effects;
  }
  entry->since = now.steady;
  switch (row.action) {
    case OrderAction::kRestart:
      enter(*entry, dry_run ? OrderState::kDone : OrderState::kChecking, text, now, effects);
      entry->successes = facts.successes;
      entry->counts_from_now = false;
      break;
    case OrderAction::kPowerOn:
    case OrderAction::kPowerOff:
      enter(*entry, OrderState::kDone, text, now, effects);
      break;
    case OrderAction::kReinstall:
    case OrderAction::kFirst:
    case OrderAction::kAutoFormat:
      enter(*entry, OrderState::kOpen,
            dry_run ? concat(text, ": switch it off and on by hand, and it is installed") : text, now, effects);
      break;
  }
  return effects;
}

const RolloutRecord* OrderBook::rollout(std::uint64_t id) const {
  const auto found = rollouts_.find(id);
  return found == rollouts_.end() ? nullptr : &found->second;
}

std::vector<OrderRecord> OrderBook::orders_of(std::uint64_t rollout) const {
  std::vector<OrderRecord> orders;
  const auto members = members_.find(rollout);
  if (members == members_.end()) return orders;
  for (const std::uint64_t id : members->second) {
    if (const auto found = orders_.find(id); found != orders_.end()) orders.push_back(found->second.row);
  }
  return orders;
}

std::vector<RolloutRecord> OrderBook::rollouts(std::size_t most) const {
  std::vector<RolloutRecord> newest;
  for (auto each = rollouts_.rbegin(); each != rollouts_.rend() && newest.size() < most; ++each) {
    newest.push_back(each->second);
  }
  return newest;
}

std::vector<InstallRecord> OrderBook::installs_of(const MacAddress& mac) const {
  std::vector<InstallRecord> newest;
  if (const InstallRecord* running = running_install(mac)) newest.push_back(*running);
  if (const auto found = installs_.find(mac); found != installs_.end()) {
    newest.insert(newest.end(), found->second.rbegin(), found->second.rend());
  }
  return newest;
}

std::vector<OrderRecord> OrderBook::left_off() const {
  std::map<std::string, const OrderRecord*> last;
  for (const auto& [id, entry] : orders_) {
    // A dry run has switched nothing; what else ended without switching has another power.
    if (entry.row.power == OrderPower::kDone && !entry.row.detail.starts_with("dry run"))
      last[entry.row.node] = &entry.row;
  }
  std::vector<OrderRecord> found;
  for (const auto& [node, row] : last) {
    if (row->action == OrderAction::kPowerOff && row->state == OrderState::kDone) found.push_back(*row);
  }
  return found;
}

const OrderRecord* OrderBook::open_order(const MacAddress& mac) const {
  const auto found = order_of_.find(mac);
  return found == order_of_.end() ? nullptr : &orders_.at(found->second).row;
}

std::vector<OrderRecord> OrderBook::open_orders() const {
  std::vector<OrderRecord> open;
  for (const auto& [mac, id] : order_of_) open.push_back(orders_.at(id).row);
  return open;
}

void OrderBook::remember(const InstallRecord& install) {
  std::vector<InstallRecord>& known = installs_[install.mac];
  known.push_back(install);
  if (known.size() > limits_.installs_per_node) known.erase(known.begin());
}

void OrderBook::forget_old() {
  for (auto each = rollouts_.begin(); each != rollouts_.end() && rollouts_.size() > kMostRollouts;) {
    const auto members = members_.find(each->first);
    const bool over = members == members_.end() ||
                      std::all_of(members->second.begin(), members->second.end(), [this](std::uint64_t id) {
                        const Entry* entry = find(id);
                        return entry == nullptr || is_over(entry->row.state);
                      });
    if (!over) {
      ++each;
      continue;
    }
    if (members != members_.end()) {
      for (const std::uint64_t id : members->second) orders_.erase(id);
      members_.erase(members);
    }
    each = rollouts_.erase(each);
  }
}

}  // namespace piman::manager
