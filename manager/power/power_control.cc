// SPDX-License-Identifier: Apache-2.0
#include "manager/power/power_control.h"

#include <thread>
#include <utility>

#include "common/check.h"
#include "common/text.h"
#include "manager/power/make_switch.h"

namespace piman::power {
namespace {

using std::chrono::milliseconds;

/// How long a switch has to do what it acknowledged; relays and some agents are slow.
constexpr milliseconds kReadBack{2000};
constexpr milliseconds kReadAgain{200};
/// For switching on, at the end of the program, what is off.
constexpr milliseconds kLastWords{2000};

SteadyTime now() { return std::chrono::steady_clock::now(); }

PolicySettings settings_of(const PowerConfig& config) {
  PolicySettings settings{config.off_time,      config.cooldown,       config.most_off,
                          config.starting_time, config.starting_watts, {}};
  for (const SwitchConfig& each : config.switches) settings.start_watts[each.name] = each.start_watts;
  return settings;
}

std::string asked_by(const PowerOrder& order) {
  return concat("by ", quote(order.who), ", intent ", order.intent, order.forced ? ", forced" : "", ", because ",
                quote(order.why));
}

/// Whether the port is as wanted; what is not known is no objection.
bool agrees(const PortState& state, bool on) {
  if (state.admin_on && *state.admin_on != on) return false;
  return on || state.detection != Detection::kDelivering;
}

bool says_nothing(const PortState& state) { return !state.admin_on && state.detection == Detection::kUnknown; }

}  // namespace

PowerControl::PowerControl(PowerConfig config, Switches switches, PowerHost& host, manager::Actions& actions)
    : config_(std::move(config)),
      switches_(std::move(switches)),
      host_(host),
      actions_(actions),
      policy_(settings_of(config_)) {
  for (const SwitchConfig& each : config_.switches) PIMAN_CHECK(switches_.contains(each.name));
}

PowerControl::~PowerControl() {
  // The task that runs ends soon by its stop token; nothing begins after it.
  actions_.stop();
  std::vector<PowerOrder> held;
  {
    const MutexLock lock(mutex_);
    for (const std::string& node : policy_.held_off()) {
      if (const auto found = running_.find(node); found != running_.end()) held.push_back(found->second.order);
    }
  }
  const SteadyTime deadline = now() + kLastWords;
  for (const PowerOrder& order : held) {
    const auto place = place_of(order.node);
    if (!place) continue;
    if (now() >= deadline) {
      write_journal(order, "stopped", "left_off",
                    concat("the manager stops and leaves ", place->words, " off: no time left"));
      continue;
    }
    const auto set = place->power_switch->set(place->port, true);
    write_journal(order, "stopped", set ? "asked_on" : "left_off",
                  set ? concat("the manager stops: ", place->words, " was asked to go on again")
                      : concat("the manager stops and leaves ", place->words, " off: ", set.error().message));
  }
}

Result<PowerControl::Switches> PowerControl::make_switches(const PowerConfig& config) {
  Switches switches;
  std::string problems;
  for (const SwitchConfig& each : config.switches) {
    auto made = make_switch(each);
    if (made) {
      switches.emplace(each.name, std::move(*made));
    } else {
      problems += concat(problems.empty() ? "" : "; ", made.error().message);
    }
  }
  if (!problems.empty()) return fail(problems);
  return switches;
}

std::optional<PowerControl::Place> PowerControl::place_of(const std::string& node) const {
  const SwitchConfig* config = config_.switch_of(node);
  if (config == nullptr) return std::nullopt;
  const std::uint32_t port = config->ports.at(node);
  return Place{switches_.at(config->name).get(), config, {node, port}, concat("port ", port, " of ", config->name)};
}

Result<PortState> PowerControl::state(const std::string& node) {
  const auto place = place_of(node);
  if (!place) return fail(concat(node, ": no switch of the section power has a port for it"));
  return place->power_switch->read(place->port);
}

tl::expected<void, PowerRefused> PowerControl::order(const PowerOrder& order, Done done) {
  const std::string what = concat("power ", to_word(order.action), ' ', asked_by(order));
  const auto refuse = [&](const std::string& reason, Refusal refusal = Refusal::kNone) {
    // Who is told to wait comes again and again: that is no news.
    if (refusal == Refusal::kNone) write_journal(order, "ended", "refused", concat(what, ": refused: ", reason));
    return tl::unexpected<PowerRefused>({concat(order.node, ": ", reason), refusal});
  };
  if (order.intent == 0) return refuse("power is switched only by a recorded intent");
  if (const auto valid = host_.check_intent(order.intent, order.node); !valid) return refuse(valid.error().message);
  const auto place = place_of(order.node);
  if (!place) return refuse("no switch of the section power has a port for it");
  const bool installing = host_.is_installing(order.node);
  Refusal refusal = Refusal::kNone;
  bool posted = false;
  {
    // The task finds the order, for it waits for this lock; and no order is taken that no task will find.
    const MutexLock lock(mutex_);
    refusal = policy_.check(order.node, order.action, installing, order.forced || order.may_be_off, now());
    if (refusal == Refusal::kNone) {
      posted = config_.armed
                   ? actions_.post([this](const std::stop_token& stop) { pump(stop); })
                   : actions_.post([this, order, done, words = place->words](const std::stop_token& /*stop*/) {
                       tell({order, true, true,
                             concat("dry run: ", words, " would be switched (", to_word(order.action),
                                    "); power.armed is off")},
                            done);
                     });
    }
    if (posted && config_.armed) {
      const std::string& name = place->config->name;
      static_cast<void>(order.may_be_off
                            ? policy_.resume(order.node, name, order.action, order.forced, now())
                            : policy_.add(order.node, name, order.action, installing, order.forced, now()));
      running_.insert_or_assign(order.node, Running{order, std::move(done), {}});
    }
  }
  if (refusal != Refusal::kNone) return refuse(std::string(to_word(refusal)), refusal);
  if (!posted) return refuse("the queue of actions is full, or the manager stops", Refusal::kQueueFull);
  write_journal(order, "taken", "", concat(what, ": taken, ", place->words));
  return {};
}

void PowerControl::pump(const std::stop_token& stop) {
  for (;;) {
    std::vector<PowerStep> steps;
    std::optional<SteadyTime> next;
    {
      const MutexLock lock(mutex_);
      steps = policy_.due(now());
      if (steps.empty()) next = policy_.next(now());
    }
    if (steps.empty()) {
      // Full is no harm here: some task that fills the queue is a pump, too, or the next order brings one.
      if (next) static_cast<void>(actions_.post_at(*next, [this](const std::stop_token& token) { pump(token); }));
      return;
    }
    for (const PowerStep& step : steps) {
      if (stop.stop_requested()) return;
      run_step(step, stop);
    }
  }
}

void PowerControl::run_step(const PowerStep& step, const std::stop_token& stop) {
  Running running;
  {
    const MutexLock lock(mutex_);
    const auto found = running_.find(step.node);
    PIMAN_CHECK(found != running_.end());
    running = found->second;
  }
  const auto place = place_of(step.node);
  PIMAN_CHECK(place.has_value());
  Result<std::string> done = fail("not done");
  // Orders wait for each other: the intent may have expired meanwhile. What is off already goes on without one.
  const auto valid = step.on ? Result<void>() : host_.check_intent(running.order.intent, step.node);
  const bool withdrawn = !valid;
  done =
      valid ? switch_and_read_back(*place, step.on, stop) : Result<std::string>(tl::unexpected<Error>(valid.error()));
  const std::string text =
      done ? *done : concat(place->words, " was not switched ", step.on ? "on: " : "off: ", done.error().message);
  if (done) host_.switched(step.node, step.on);
  bool ended = false;
  {
    const MutexLock lock(mutex_);
    if (!done && running.problem.empty()) running.problem = text;
    if (withdrawn) {
      policy_.withdraw(step.node);
      ended = true;
    } else {
      ended = policy_.finished(step, done.has_value(), now());
    }
    if (ended) {
      running_.erase(step.node);
    } else {
      running_[step.node].problem = running.problem;
    }
  }
  if (!ended) {
    write_journal(running.order, step.on ? "switched_on" : "switched_off", done ? "done" : "failed", text);
    return;
  }
  const bool worked = done && running.problem.empty();
  const bool told = running.problem.empty() || running.problem == text;
  tell({running.order, worked, false, told ? text : concat(running.problem, "; then ", text)}, running.done);
}

Result<std::string> PowerControl::switch_and_read_back(const Place& place, bool on, const std::stop_token& stop) {
  if (const auto set = place.power_switch->set(place.port, on); !set) return tl::unexpected<Error>(set.error());
  const std::string done = concat(place.words, " is ", on ? "on" : "off");
  const SteadyTime deadline = now() + kReadBack;
  for (;;) {
    const auto state = place.power_switch->read(place.port);
    if (!state) return fail(concat("acknowledged, and then not read back: ", state.error().message));
    if (says_nothing(*state)) return concat(done, ", as far as this switch says");
    const bool fault = state->detection == Detection::kFault || state->detection == Detection::kOtherFault;
    if (on && fault) return fail(concat("the port has a ", to_word(state->detection)));
    const bool settled = !on || state->detection == Detection::kDelivering || state->detection == Detection::kUnknown;
    if (agrees(*state, on) && settled) {
      if (!on || !state->delivered_watts) return done;
      return concat(done, " and delivers ", *state->delivered_watts, " W");
    }
    if (stop.stop_requested()) return fail("the manager stops");
    if (now() >= deadline) {
      if (agrees(*state, on)) return concat(done, ", but nothing draws power there yet");
      return fail(concat("the switch acknowledged it and did not do it: the port is ",
                         state->admin_on.value_or(!on) ? "on" : "off", ", ", to_word(state->detection)));
    }
    std::this_thread::sleep_for(kReadAgain);
  }
}

void PowerControl::write_journal(const PowerOrder& order, std::string_view step, std::string_view result,
                                 const std::string& text) {
  JournalData data{{"step", std::string(step)},
                   {"action", std::string(to_word(order.action))},
                   {"order", concat(order.intent)},
                   {"who", order.who},
                   {"why", order.why}};
  if (order.forced) data.emplace_back("forced", "true");
  if (const auto place = place_of(order.node)) {
    data.emplace_back("switch", place->config->name);
    data.emplace_back("port", concat(place->port.port));
  }
  if (!result.empty()) data.emplace_back("result", std::string(result));
  host_.journal(order.node, text, data);
}

void PowerControl::tell(const PowerOutcome& outcome, const Done& done) {
  write_journal(outcome.order, "ended",
                outcome.dry_run  ? "dry_run"
                : outcome.worked ? "done"
                                 : "failed",
                concat("power ", to_word(outcome.order.action), ' ', asked_by(outcome.order),
                       outcome.worked ? ": done: " : ": failed: ", outcome.text));
  if (done) done(outcome);
}

}  // namespace piman::power
