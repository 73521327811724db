// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/simulation.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

namespace piman::pisim {
namespace {

constexpr Time kTick = std::chrono::milliseconds(200);
/// Batches read before timers are looked at again.
constexpr int kBatches = 8;
constexpr std::size_t kNobody = ~std::size_t{0};

std::uint64_t key_of(const MacAddress& mac) {
  std::uint64_t key = 0;
  for (const std::uint8_t byte : mac.bytes()) key = key << 8U | byte;
  return key;
}

}  // namespace

Simulation::Simulation(const SimulationSettings& settings, Wire& wire, std::vector<std::unique_ptr<VirtualPi>> pis)
    : settings_(settings),
      wire_(wire),
      pis_(std::move(pis)),
      inbound_(settings.conditions, settings.seed * 2 + 1),
      outbound_(settings.conditions, settings.seed * 2 + 2),
      scheduled_(pis_.size(), kNever),
      timed_out_(pis_.size(), false),
      known_address_(pis_.size()) {
  if (settings_.relay) relay_.emplace(*settings_.relay);
  Random random(settings_.seed);
  for (std::size_t i = 0; i < pis_.size(); ++i) {
    by_mac_[key_of(pis_[i]->identity().mac)] = i;
    power_on_at_.push_back(random.below(settings_.start_spread));
    wakes_.push({power_on_at_[i], i});
    scheduled_[i] = power_on_at_[i];
  }
}

void Simulation::run(const std::function<bool()>& stopped, const std::function<void(Time)>& tick) {
  const auto began = std::chrono::steady_clock::now();
  const auto clock = [began] { return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now() - began); };
  Time next_tick{};
  while (!stopped()) {
    Time now = elapsed_ = clock();
    if (now >= next_tick) {
      next_tick = now + kTick;
      tick(now);
      if (all_done(now)) return;
    }
    deliver_due(now);
    wake_due(now);
    receive_some(now);
    wire_.flush();
    now = clock();
    const Time wait = std::max(Time(0), std::min(next_event(), next_tick) - now);
    const timespec limit{static_cast<time_t>(wait.count() / 1'000'000'000), wait.count() % 1'000'000'000};
    pollfd readable{wire_.fd(), POLLIN, 0};
    ::ppoll(&readable, 1, &limit, nullptr);
  }
}

bool Simulation::all_done(Time now) {
  bool all = true;
  for (std::size_t i = 0; i < pis_.size(); ++i) {
    const bool is_on = power_on_at_[i] == kNever;
    if (is_on && !pis_[i]->finished() && now - pis_[i]->powered_at() >= settings_.node_timeout) timed_out_[i] = true;
    all = all && is_on && done(i);
  }
  return all;
}

Time Simulation::next_event() const {
  Time next = wakes_.empty() ? kNever : wakes_.top().at;
  if (!delayed_.empty()) next = std::min(next, delayed_.top().at);
  return next;
}

void Simulation::wake_due(Time now) {
  while (!wakes_.empty() && wakes_.top().at <= now) {
    const auto [at, index] = wakes_.top();
    wakes_.pop();
    if (at != scheduled_[index]) continue;  // an earlier entry replaced it
    scheduled_[index] = kNever;
    if (power_on_at_[index] != kNever) {
      power_on_at_[index] = kNever;
      pis_[index]->power_on(now);
    } else if (pis_[index]->wake_at() <= now) {
      pis_[index]->wake(now);
    }
    after_event(index, now);
  }
}

/// What the Pi said goes onto the wire, its next wake-up into the heap, its address into the table.
void Simulation::after_event(std::size_t index, Time now) {
  VirtualPi& pi = *pis_[index];
  for (Bytes& frame : pi.take_frames()) from_pi(index, std::move(frame), now);
  const Time wake_at = pi.wake_at();
  // Wake-ups that move later, as they do with every packet, are found out when the old one comes due.
  if (wake_at < scheduled_[index]) {
    scheduled_[index] = wake_at;
    wakes_.push({wake_at, index});
  }
  note_address(index);
}

void Simulation::note_address(std::size_t index) {
  const auto address = pis_[index]->address();
  auto& known = known_address_[index];
  if (address == known) return;
  if (known) {
    const auto held = holders_.find(known->value());
    if (held != holders_.end() && held->second == index) holders_.erase(held);
  }
  known = address;
  if (!address) return;
  const auto [holder, inserted] = holders_.try_emplace(address->value(), index);
  if (inserted) return;
  pis_[holder->second]->findings().add(Finding::kAddressShared);
  pis_[index]->findings().add(Finding::kAddressShared);
}

void Simulation::from_pi(std::size_t index, Bytes frame, Time now) {
  if (settings_.shared_segment && is_broadcast(destination_of(frame))) to_pis(frame, true, index, now);
  if (settings_.conditions.clean()) return to_wire(std::move(frame));
  const Link::Fate fate = outbound_.next();
  for (std::size_t copy = 0; copy < fate.copies; ++copy) {
    delayed_.push({now + fate.delays[copy], order_++, kToWire, frame});
  }
}

void Simulation::to_wire(Bytes frame) {
  if (!relay_) return wire_.send(std::move(frame));
  Relay::Output output;
  relay_->from_pi(frame, output);
  relay_output(output, elapsed_);
}

void Simulation::relay_output(Relay::Output& output, Time now) {
  for (Bytes& frame : output.to_wire) wire_.send(std::move(frame));
  for (const Bytes& frame : output.to_pis) to_pis(frame, true, kNobody, now);
}

void Simulation::to_pis(ByteView frame, bool checksums_filled, std::size_t except, Time now) {
  const MacAddress destination = destination_of(frame);
  if (!is_broadcast(destination)) {
    const auto found = by_mac_.find(key_of(destination));
    if (found != by_mac_.end()) to_pi(found->second, frame, parse_frame(frame, checksums_filled), now);
    return;
  }
  const ParsedFrame parsed = parse_frame(frame, checksums_filled);
  for (std::size_t i = 0; i < pis_.size(); ++i) {
    if (i != except) to_pi(i, frame, parsed, now);
  }
}

void Simulation::to_pi(std::size_t index, ByteView frame, const ParsedFrame& parsed, Time now) {
  if (settings_.conditions.clean()) {
    pis_[index]->receive(frame, parsed, now);
    return after_event(index, now);
  }
  // A frame that waits has lost its link to the kernel's word on its checksum: only those that are whole may.
  const auto* bad = std::get_if<BadFrame>(&parsed);
  if (bad != nullptr) return pis_[index]->findings().add(bad->why);
  const Link::Fate fate = inbound_.next();
  for (std::size_t copy = 0; copy < fate.copies; ++copy) {
    delayed_.push({now + fate.delays[copy], order_++, index, Bytes(frame.begin(), frame.end())});
  }
}

void Simulation::deliver_due(Time now) {
  while (!delayed_.empty() && delayed_.top().at <= now) {
    Delayed delayed = delayed_.top();
    delayed_.pop();
    if (delayed.receiver == kToWire) {
      to_wire(std::move(delayed.frame));
      continue;
    }
    pis_[delayed.receiver]->receive(delayed.frame, parse_frame(delayed.frame, false), now);
    after_event(delayed.receiver, now);
  }
}

void Simulation::receive_some(Time now) {
  for (int i = 0; i < kBatches; ++i) {
    const auto& batch = wire_.receive();
    if (batch.empty()) return;
    for (const Wire::Received& received : batch) {
      if (!relay_) {
        to_pis(received.frame, received.checksums_filled, kNobody, now);
        continue;
      }
      Relay::Output output;
      relay_->from_wire(received.frame, received.checksums_filled, output);
      relay_output(output, now);
    }
    wire_.flush();
  }
}

}  // namespace piman::pisim
