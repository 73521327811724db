// SPDX-License-Identifier: Apache-2.0
// The part of OrderBook that is about cards: who may be formatted, and how installs end.
#include <utility>

#include "common/text.h"
#include "manager/orders/order_book.h"
#include "manager/orders/order_journal.h"

namespace piman::manager {

const OrderRecord* OrderBook::open_install(const MacAddress& mac, BookTime now) const {
  const auto found = order_of_.find(mac);
  if (found == order_of_.end()) return nullptr;
  const OrderRecord& row = orders_.at(found->second).row;
  const bool is_open = is_install(row.action) && row.state == OrderState::kOpen && row.expires_ms > now.wall_ms &&
                       row.attempts < limits_.most_attempts;
  // What is about to be cut off does not begin to write.
  return is_open && row.power != OrderPower::kOrdered && row.power != OrderPower::kWanted ? &row : nullptr;
}

const OrderRecord* OrderBook::unproved_install(const MacAddress& mac, BookTime now) const {
  const auto found = order_of_.find(mac);
  if (found == order_of_.end()) return nullptr;
  const Entry& entry = orders_.at(found->second);
  const OrderRecord& row = entry.row;
  const bool is_unproved = is_install(row.action) && row.state == OrderState::kChecking &&
                           row.expires_ms > now.wall_ms && row.attempts < limits_.most_attempts &&
                           entry.failures + 1 < limits_.most_failures;
  return is_unproved ? &row : nullptr;
}

const CardRecord* OrderBook::card(const MacAddress& mac) const {
  const auto found = cards_.find(mac);
  return found == cards_.end() ? nullptr : &found->second;
}

const InstallRecord* OrderBook::running_install(const MacAddress& mac) const {
  for (const auto& [id, running] : running_) {
    if (running.row.mac == mac) return &running.row;
  }
  return nullptr;
}

const InstallRecord* OrderBook::find_running(std::uint64_t install) const {
  const auto found = running_.find(install);
  return found == running_.end() ? nullptr : &found->second.row;
}

bool OrderBook::is_installing(const MacAddress& mac) const { return running_install(mac) != nullptr; }

Result<OrderBook::Claimed> OrderBook::claim(const Host& node, std::string_view cause, std::uint64_t order,
                                            const OrderImage& image, BookTime now) {
  if (const InstallRecord* other = running_install(node.mac)) {
    return fail(concat(node.name, ": install ", other->id, " runs"));
  }
  Claimed claimed;
  Running running;
  if (order != 0) {
    const OrderRecord* open = open_install(node.mac, now);
    if (open == nullptr) open = unproved_install(node.mac, now);
    if (open == nullptr || open->id != order) return fail(concat(node.name, ": order ", order, " is not open for it"));
  } else {
    if (const auto other = order_of_.find(node.mac); other != order_of_.end()) {
      Entry& earlier = orders_.at(other->second);
      if (earlier.row.state != OrderState::kChecking) {
        return fail(concat(node.name, ": order ", other->second, " is not over"));
      }
      running.ended_order = earlier.row.id;  // it has, whatever becomes of this claim
      enter(earlier, OrderState::kFailed, "it came back without a system", now, claimed.effects);
    }
    if (open_ >= limits_.most_open) return fail("there are too many orders that are not over");
    running.made_order = true;
    Entry made;
    made.row.id = order = ++last_order_;
    made.row.mac = node.mac;
    made.row.node = node.name;
    made.row.action = cause == "auto_format" ? OrderAction::kAutoFormat : OrderAction::kFirst;
    made.row.state = OrderState::kOpen;
    made.row.power = OrderPower::kDone;
    made.row.created_ms = made.row.since_ms = now.wall_ms;
    made.row.expires_ms = now.wall_ms + limits_.order_lifetime.count();
    made.row.image = image;
    made.row.who = "configuration";
    made.row.why = made.row.action == OrderAction::kFirst ? "install.first: auto" : "install.auto_format: always";
    made.since = now.steady;
    claimed.effects.journal.push_back(order_given(made.row, now.wall_ms));
    orders_.insert_or_assign(order, std::move(made));
    order_of_.insert_or_assign(node.mac, order);
    ++open_;
  }
  Entry& entry = orders_.at(order);
  running.order_before = entry;
  if (const CardRecord* before = card(node.mac)) running.card_before = *before;
  if (entry.row.state == OrderState::kChecking) ++entry.failures;
  ++entry.row.attempts;
  enter(entry, OrderState::kInstalling, "", now, claimed.effects);
  CardRecord& card = card_of(node.mac);
  card.state = CardRecord::State::kBroken;
  claimed.effects.rows.cards.push_back(card);
  claimed.install = ++last_install_;
  running.row = {claimed.install,
                 order,
                 node.mac,
                 node.name,
                 std::string(cause),
                 image.name,
                 image.version,
                 image.sha256,
                 now.wall_ms,
                 0,
                 "",
                 "",
                 ""};
  claimed.effects.rows.installs.push_back(running.row);
  claimed.effects.journal.push_back(install_begun(running.row, entry.row, now.wall_ms));
  running_.insert_or_assign(claimed.install, std::move(running));
  return claimed;
}

BookEffects OrderBook::take_back_claim(std::uint64_t install) {
  BookEffects effects;
  const auto found = running_.find(install);
  if (found == running_.end()) return effects;
  Running& running = found->second;
  if (const Entry* ended = find(running.ended_order)) effects.rows.orders.push_back(ended->row);
  const MacAddress mac = running.row.mac;
  if (running.made_order) {
    orders_.erase(running.row.order);
    order_of_.erase(mac);
    --open_;
  } else {
    orders_.insert_or_assign(running.row.order, std::move(running.order_before));
  }
  if (running.card_before) {
    cards_.insert_or_assign(mac, *running.card_before);
  } else {
    cards_.erase(mac);
  }
  running_.erase(found);
  return effects;
}

Result<BookEffects> OrderBook::finish(std::uint64_t install, std::string_view result, const std::string& stage,
                                      const std::string& reason, bool was_told, const NodeFacts& facts, BookTime now) {
  const auto found = running_.find(install);
  if (found == running_.end()) return fail(concat("no install ", install, " runs"));
  InstallRecord row = std::move(found->second.row);
  const std::optional<CardRecord> card_before = std::move(found->second.card_before);
  running_.erase(found);
  row.ended_ms = now.wall_ms;
  row.result = std::string(result);
  row.stage = stage;
  row.reason = reason;
  BookEffects effects;
  effects.rows.installs.push_back(row);
  const bool installed = result == "installed";
  Entry* entry = find(row.order);
  effects.journal.push_back(install_ended(row, entry == nullptr ? nullptr : &entry->row, now.wall_ms));
  if (installed) {
    CardRecord& card = card_of(row.mac);
    card.state = CardRecord::State::kInstalled;
    card.was_ever_installed = true;
    card.installed_ms = now.wall_ms;
    card.image = row.image;
    card.version = row.version;
    card.sha256 = row.sha256;
    effects.rows.cards.push_back(card);
  } else if (!was_told) {
    CardRecord& card = card_of(row.mac);
    card.state = card_before ? card_before->state : CardRecord::State::kNever;
    effects.rows.cards.push_back(card);
  }
  if (entry != nullptr && entry->row.state == OrderState::kInstalling) {
    if (installed) {
      enter(*entry, OrderState::kChecking, "installed; its agent has not answered yet", now, effects);
      entry->successes = facts.successes;
      entry->counts_from_now = false;
    } else {
      const std::string words = concat(result, stage.empty() ? "" : " at ", stage, reason.empty() ? "" : ": ", reason);
      // A cord that was pulled is no failure of the node's: its next boot tries again. One that gives up is switched
      // off and on once, where that can be done.
      const bool gave_up = result == "failed" || result == "not_verified" || result == "timed_out";
      if (gave_up) ++entry->failures;
      const bool is_reinstall = entry->row.action == OrderAction::kReinstall;
      const bool over = entry->failures >= limits_.most_failures || entry->row.attempts >= limits_.most_attempts;
      if (gave_up && is_reinstall && facts.has_port) {
        entry->row.power = OrderPower::kNone;
        entry->retry_at = now.steady;
      }
      enter(*entry, over ? OrderState::kFailed : OrderState::kOpen, words, now, effects);
      entry->was_switched = false;
    }
  }
  remember(row);
  return effects;
}

BookEffects OrderBook::accept(const MacAddress& mac, BookTime now) {
  CardRecord& card = card_of(mac);
  card.accepted_ms = now.wall_ms;
  BookEffects effects;
  effects.rows.cards.push_back(card);
  return effects;
}

BookEffects OrderBook::seen_installed(const MacAddress& mac, BookTime /*now*/) {
  BookEffects effects;
  if (const CardRecord* known = card(mac); known != nullptr && known->state != CardRecord::State::kNever)
    return effects;
  CardRecord& card = card_of(mac);
  card.state = CardRecord::State::kInstalled;
  card.was_ever_installed = true;
  effects.rows.cards.push_back(card);
  return effects;
}

}  // namespace piman::manager
