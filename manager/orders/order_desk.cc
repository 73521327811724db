// SPDX-License-Identifier: Apache-2.0
#include "manager/orders/order_desk.h"

#include <algorithm>
#include <future>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include "common/text.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

/// How often orders that wait for something are looked at.
constexpr milliseconds kTick{500};
/// Rollouts that go on and have series of their own.
constexpr std::size_t kMostShownRollouts = 16;

power::PowerAction power_action(OrderAction action) {
  if (action == OrderAction::kPowerOn) return power::PowerAction::kOn;
  return action == OrderAction::kPowerOff ? power::PowerAction::kOff : power::PowerAction::kCycle;
}

}  // namespace

netboot::install::Image OrderDesk::image_of(const OrderImage& image) {
  return {image.name, image.version, image.format, image.sha256, image.size_bytes, image.path};
}

OrderDesk::OrderDesk(BookLimits limits, DeskParts parts) : parts_(std::move(parts)), book_(limits) {}

Result<std::unique_ptr<OrderDesk>> OrderDesk::start(BookLimits limits, DeskParts parts) {
  std::unique_ptr<OrderDesk> desk(new OrderDesk(limits, std::move(parts)));
  auto stored = desk->parts_.store.load_orders();
  if (!stored) return fail_with("reading the orders", stored.error());
  BookEffects effects;
  {
    const MutexLock lock(desk->mutex_);
    effects = desk->book_.restore(std::move(*stored), desk->now());
  }
  desk->keep(std::move(effects));
  desk->thread_ = std::jthread([self = desk.get()](const std::stop_token& stop) { self->run(stop); });
  return desk;
}

OrderDesk::~OrderDesk() {
  thread_.request_stop();
  wake();
  if (thread_.joinable()) thread_.join();
  // The store still tells of what it was given.
  MutexLock lock(mutex_);
  changed_.wait(mutex_, [this]() PIMAN_REQUIRES(mutex_) { return writes_ == 0; });
}

BookTime OrderDesk::now() const {
  return {std::chrono::duration_cast<milliseconds>(parts_.clock.wall().time_since_epoch()).count(),
          parts_.clock.steady()};
}

NodeFacts OrderDesk::facts_of(const std::string& node, const MacAddress& mac) const {
  NodeFacts facts;
  if (const auto state = parts_.fleet.find(node); state != nullptr) {
    facts.is_up = state->last.error == ScrapeError::kNone && state->scrapes > 0;
    facts.successes = state->scrapes - state->failures;
  }
  if (const auto session = sessions_.find(mac); session != sessions_.end())
    facts.waits = session->second.stage == "held";
  facts.has_port = parts_.power.switch_of(node) != nullptr;
  return facts;
}

void OrderDesk::keep(BookEffects effects, std::function<void(Result<void>)> done) {
  for (JournalEntry& entry : effects.journal) {
    parts_.log.info("order", {{"kind", entry.kind}, {"node", entry.subject}, {"what", entry.text}});
    parts_.store.append(std::move(entry));
  }
  if (effects.rows.empty()) {
    if (done) done({});
    return;
  }
  {
    const MutexLock lock(mutex_);
    ++writes_;
    ++changes_;
    metrics_.count_ended(effects.rows);
  }
  parts_.store.put_orders(std::move(effects.rows), [this, done = std::move(done)](Result<void> outcome) {
    if (done) done(outcome);
    const MutexLock lock(mutex_);
    if (--writes_ == 0) changed_.notify_all();
  });
}

Result<void> OrderDesk::keep_and_wait(BookEffects effects) {
  std::promise<Result<void>> stored;
  auto outcome = stored.get_future();
  keep(std::move(effects), [&stored](Result<void> result) { stored.set_value(std::move(result)); });
  return outcome.get();
}

void OrderDesk::wake() {
  const MutexLock lock(mutex_);
  is_woken_ = true;
  changed_.notify_all();
}

void OrderDesk::use_power(power::PowerControl* control) {
  {
    const MutexLock lock(power_mutex_);
    power_ = control;
  }
  wake();
}

void OrderDesk::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<OrderRecord> ready;
    OrderBook::Tick tick;
    std::vector<BookEffects> ordered;
    {
      const MutexLock lock(mutex_);
      const auto is_woken = [this]() PIMAN_REQUIRES(mutex_) { return is_woken_; };
      if (book_.is_idle() && held_images_.empty()) {
        changed_.wait(mutex_, stop, is_woken);
      } else {
        changed_.wait_until(mutex_, stop, std::chrono::steady_clock::now() + kTick, is_woken);
      }
      is_woken_ = false;
      if (stop.stop_requested()) return;
      ready = std::exchange(ready_to_switch_, {});
      tick = book_.tick(
          [this](const OrderRecord& order) PIMAN_REQUIRES(mutex_) { return facts_of(order.node, order.mac); }, now());
      for (const OrderRecord& order : tick.to_switch) ordered.push_back(book_.power_ordered(order.id));
    }
    hold_images();
    keep(std::move(tick.effects));
    for (std::size_t i = 0; i < ordered.size(); ++i) {
      // Only when it is on the disk that the power is being switched: whoever dies in between finds it there.
      keep(std::move(ordered[i]), [this, order = tick.to_switch[i]](const Result<void>& stored) {
        BookEffects effects;
        {
          const MutexLock lock(mutex_);
          if (stored) {
            ready_to_switch_.push_back(order);
          } else {
            effects = book_.power_refused(order.id, concat("not recorded: ", stored.error().message), true, now());
          }
          is_woken_ = true;
          changed_.notify_all();
        }
      });
    }
    for (const OrderRecord& order : ready) switch_power(order);
  }
}

/// What orders need must not be removed before they are over.
void OrderDesk::hold_images() {
  std::map<std::string, netboot::install::Image> needed;
  {
    const MutexLock lock(mutex_);
    for (const OrderRecord& order : book_.open_orders()) {
      if (is_install(order.action)) needed.emplace(order.image.sha256, image_of(order.image));
    }
  }
  for (auto held = held_images_.begin(); held != held_images_.end();) {
    held = needed.contains(held->first) ? std::next(held) : held_images_.erase(held);
  }
  for (const auto& [sha256, image] : needed) {
    if (!held_images_.contains(sha256)) held_images_.emplace(sha256, parts_.images.hold(image));
  }
}

void OrderDesk::switch_power(const OrderRecord& order) {
  const auto told = [this](const power::PowerOutcome& outcome) {
    BookEffects effects;
    {
      const MutexLock lock(mutex_);
      const std::string& node = outcome.order.node;
      const auto state = parts_.fleet.find(node);
      const MacAddress mac = state == nullptr ? MacAddress() : state->host.mac;
      effects = book_.power_told(outcome.order.intent, outcome.worked, outcome.dry_run, outcome.text,
                                 facts_of(node, mac), now());
      if (!effects.rows.orders.empty()) {
        metrics_.count_power(effects.rows.orders.front().action, outcome.worked, outcome.dry_run);
      }
    }
    keep(std::move(effects));
    wake();
  };
  tl::expected<void, power::PowerRefused> taken;
  {
    const MutexLock lock(power_mutex_);
    if (power_ == nullptr) {
      taken = tl::unexpected<power::PowerRefused>({"the manager can't switch power now", power::Refusal::kBusy});
    } else {
      taken = power_->order({order.id, order.node, power_action(order.action), order.who, order.why, order.forced,
                             order.power == OrderPower::kOrdered},
                            told);
    }
  }
  if (taken) return;
  BookEffects effects;
  {
    const MutexLock lock(mutex_);
    const bool again = taken.error().refusal != power::Refusal::kNone;
    effects = book_.power_refused(order.id, taken.error().message, again, now());
  }
  keep(std::move(effects));
}

tl::expected<OrderDesk::View, OrderDesk::Refused> OrderDesk::add(const RolloutRequest& request) {
  tl::expected<OrderBook::Added, Error> added;
  {
    const MutexLock lock(mutex_);
    added = book_.add(request, now());
  }
  if (!added) return tl::unexpected<Refused>({added.error().message, false});
  const std::uint64_t id = added->rollout;
  const Result<void> kept = keep_and_wait(std::move(added->effects));
  const MutexLock lock(mutex_);
  if (!kept) {
    book_.take_back(id);
    return tl::unexpected<Refused>(
        {concat("it could not be recorded, and nothing was done: ", kept.error().message), true});
  }
  book_.confirm(id);
  is_woken_ = true;
  changed_.notify_all();
  return view_of(*book_.rollout(id));
}

tl::expected<OrderDesk::View, OrderDesk::Refused> OrderDesk::withdraw(std::uint64_t rollout, const std::string& who) {
  Result<BookEffects> effects = fail("");
  View view;
  {
    const MutexLock lock(mutex_);
    effects = book_.withdraw(rollout, who, now());
    if (effects) view = view_of(*book_.rollout(rollout));
  }
  if (!effects) return tl::unexpected<Refused>({effects.error().message, false});
  // Who is told that nothing will be formatted must not be proved wrong by a manager that dies now.
  if (const Result<void> kept = keep_and_wait(std::move(*effects)); !kept) {
    return tl::unexpected<Refused>(
        {concat("it is withdrawn, but that could not be recorded: a new start of the manager brings it back: ",
                kept.error().message),
         true});
  }
  return view;
}

OrderDesk::View OrderDesk::view_of(const RolloutRecord& rollout) const {
  View view{rollout, book_.orders_of(rollout.id), {}};
  view.progress.reserve(view.orders.size());
  for (const OrderRecord& order : view.orders) {
    const auto session = sessions_.find(order.mac);
    const bool belongs = session != sessions_.end() && !is_over(order.state);
    view.progress.push_back(belongs ? session->second : InstallProgress{});
  }
  return view;
}

std::optional<OrderDesk::View> OrderDesk::view(std::uint64_t rollout) const {
  const MutexLock lock(mutex_);
  const RolloutRecord* known = book_.rollout(rollout);
  return known == nullptr ? std::nullopt : std::optional(view_of(*known));
}

std::vector<OrderDesk::View> OrderDesk::recent(std::size_t most) const {
  const MutexLock lock(mutex_);
  std::vector<View> views;
  for (const RolloutRecord& rollout : book_.rollouts(most)) views.push_back(view_of(rollout));
  return views;
}

OrderDesk::NodeView OrderDesk::node(const MacAddress& mac) const {
  const MutexLock lock(mutex_);
  NodeView view;
  if (const CardRecord* card = book_.card(mac)) view.card = *card;
  if (const OrderRecord* order = book_.open_order(mac)) view.order = *order;
  if (const auto session = sessions_.find(mac); session != sessions_.end()) view.session = session->second;
  view.installs = book_.installs_of(mac);
  return view;
}

void OrderDesk::accept(const MacAddress& mac) {
  BookEffects effects;
  {
    const MutexLock lock(mutex_);
    effects = book_.accept(mac, now());
  }
  keep(std::move(effects));
}

Result<void> OrderDesk::check_intent(std::uint64_t intent, const std::string& node) {
  const MutexLock lock(mutex_);
  return book_.check(intent, node, now());
}

bool OrderDesk::is_installing(const std::string& node) {
  const auto state = parts_.fleet.find(node);
  const MutexLock lock(mutex_);
  return state != nullptr && book_.is_installing(state->host.mac);
}

void OrderDesk::journal(const std::string& node, const std::string& text, const power::JournalData& data) {
  parts_.log.info("power", {{"node", node}, {"what", text}});
  parts_.store.append({now().wall_ms, "power", node, text, data});
}

void OrderDesk::switched(const std::string& node, bool on) {
  parts_.fleet.note_power(node, PowerFact{on}, parts_.clock.wall());
}

void OrderDesk::write_metrics(prom_text::Writer& out, std::string_view site) const {
  const auto fleet = parts_.fleet.snapshot();
  const MutexLock lock(mutex_);
  OrderMetrics::Present present;
  present.site = site;
  present.sessions = sessions_.size();
  for (const auto& [mac, session] : sessions_) {
    if (session.stage == "held") ++present.held;
    if (session.stage == "queued") ++present.queued;
    if (session.install != 0) ++present.running;
  }
  for (const OrderRecord& order : book_.open_orders()) {
    ++present.orders[static_cast<std::size_t>(order.action)][static_cast<std::size_t>(order.state)];
  }
  for (const RolloutRecord& rollout : book_.rollouts(std::numeric_limits<std::size_t>::max())) {
    if (rollout.state != RolloutState::kRunning) continue;
    if (present.rollouts.size() == kMostShownRollouts) break;
    OrderMetrics::Rollout& shown = present.rollouts.emplace_back(rollout.id, rollout.action);
    for (const OrderRecord& order : book_.orders_of(rollout.id)) ++shown.nodes[static_cast<std::size_t>(order.state)];
  }
  for (const auto& node : fleet->nodes) {
    const CardRecord* card = book_.card(node->host.mac);
    if (card != nullptr && card->installed_ms != 0)
      present.installed.push_back({node->host.name, card->image, card->version, card->installed_ms});
  }
  metrics_.write(out, present);
}

}  // namespace piman::manager
