// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/active_transfers.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace piman::netboot::tftp {
namespace {

/// More often than the kernel's patience with an address runs out (five seconds), more seldom than it costs anything.
constexpr std::chrono::seconds kBetweenConfirmations{1};

/// What is sent now answers an ACK that came this moment.
bool hears_us(const Active& active, SteadyTime now) {
  return !active.transfer.is_fresh() && active.transfer.progressed_at() == now;
}

}  // namespace

Active* ActiveTransfers::find(const Endpoint& client) {
  const auto found = transfers_.find(key_of(client));
  return found == transfers_.end() ? nullptr : found->second.get();
}

std::size_t ActiveTransfers::size_of(Ipv4Address client) const {
  const auto found = counts_.find(client);
  return found == counts_.end() ? 0 : found->second;
}

void ActiveTransfers::begin(std::unique_ptr<Active> transfer, SteadyTime now) {
  if (Active* old = find(transfer->client)) end(*old, "replaced", now);
  Active& added = *transfer;
  added.timer_at = SteadyTime::max();
  ++counts_[added.client.address];
  transfers_[key_of(added.client)] = std::move(transfer);
  report(added, word(Status::kRunning), now);
  apply(added, added.transfer.begin(now), now);
}

void ActiveTransfers::apply(Active& transfer, const Step& step, SteadyTime now) {
  if (step.status != Status::kRunning) {
    end(transfer, word(step.status), now);
    return;
  }
  if (step.blocks > 0) {
    transfer.next_block = step.first_block;
    transfer.blocks_left = step.blocks;
    if (!std::exchange(transfer.is_queued, true)) ready_.push_back(key_of(transfer.client));
  }
  // A deadline that moves away, as it does with every ACK, costs nothing: the timer that is there comes too early and
  // is then set again.
  if (step.wake_at < transfer.timer_at) {
    transfer.timer_at = step.wake_at;
    timers_.push({step.wake_at, key_of(transfer.client), transfer.id});
  }
}

void ActiveTransfers::end(Active& transfer, std::string_view outcome, SteadyTime now, const std::string& detail) {
  report(transfer, outcome, now, detail);
  if (const auto count = counts_.find(transfer.client.address); --count->second == 0) counts_.erase(count);
  transfers_.erase(key_of(transfer.client));
}

void ActiveTransfers::end_idlest(Ipv4Address client, SteadyTime now) {
  Active* idlest = nullptr;
  for (const auto& [key, transfer] : transfers_) {
    if (transfer->client.address != client) continue;
    if (idlest == nullptr || transfer->transfer.progressed_at() < idlest->transfer.progressed_at()) {
      idlest = transfer.get();
    }
  }
  if (idlest != nullptr) end(*idlest, "crowded_out", now);
}

void ActiveTransfers::end_all(std::string_view outcome, SteadyTime now) {
  while (!transfers_.empty()) end(*transfers_.begin()->second, outcome, now);
  ready_.clear();
}

void ActiveTransfers::report(const Active& transfer, std::string_view outcome, SteadyTime now,
                             const std::string& detail) {
  observer_.on_transfer({.id = transfer.id,
                         .protocol = "tftp",
                         .outcome = outcome,
                         .client = transfer.client.address,
                         .requested = transfer.requested,
                         .served = transfer.served,
                         .size_bytes = transfer.source->size_bytes(),
                         .sent_bytes = transfer.transfer.acked_bytes(),
                         .blocks = transfer.transfer.acked_blocks(),
                         .retransmits = transfer.transfer.resent_blocks(),
                         .duration = now - transfer.began_at,
                         .detail = detail});
}

void ActiveTransfers::run_timers(SteadyTime now) {
  while (!timers_.empty() && timers_.top().at <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    const auto found = transfers_.find(timer.key);
    if (found == transfers_.end() || found->second->id != timer.id || found->second->timer_at != timer.at) continue;
    Active& transfer = *found->second;
    transfer.timer_at = SteadyTime::max();
    apply(transfer, transfer.transfer.on_timer(now), now);
  }
}

std::optional<SteadyTime> ActiveTransfers::next_timer() const {
  return timers_.empty() ? std::nullopt : std::optional(timers_.top().at);
}

bool ActiveTransfers::fill(SendBatch& batch, SteadyTime now) {
  while (!ready_.empty()) {
    const std::uint64_t key = ready_.front();
    const auto found = transfers_.find(key);
    // Its transfer may be over, or replaced by one that is in the queue a second time.
    if (found != transfers_.end() && found->second->is_queued) {
      if (!fill_one(*found->second, batch, now)) return false;
    }
    ready_.pop_front();
  }
  return true;
}

/// False when the batch was full first.
bool ActiveTransfers::fill_one(Active& active, SendBatch& batch, SteadyTime now) {
  const std::size_t full = active.transfer.full_packet_bytes();
  while (active.blocks_left > 0) {
    const std::span<std::uint8_t> room = batch.room();
    if (room.empty()) return false;
    const std::size_t most =
        active.next_block == 0 ? 1
                               : std::min({batch.max_segments(), room.size() / full, std::size_t{active.blocks_left}});
    std::size_t length = 0;
    for (std::size_t i = 0; i < most; ++i) {
      const auto packet = active.transfer.encode(active.next_block, *active.source, room.subspan(length));
      if (!packet) {
        std::array<std::uint8_t, 128> out{};
        const std::size_t error = encode_error(ErrorCode::kUndefined, "it can't be read any more", out);
        std::copy_n(out.begin(), error, room.begin());
        batch.add(active.client, active.server, error);
        end(active, "unreadable", now, packet.error().message);
        return true;
      }
      length += *packet;
      ++active.next_block;
      --active.blocks_left;
    }
    batch.add(active.client, active.server, length, most > 1 ? full : 0);
    if (hears_us(active, now) && now - active.confirmed_at >= kBetweenConfirmations) {
      batch.mark_reachable();
      active.confirmed_at = now;
    }
  }
  active.is_queued = false;
  return true;
}

}  // namespace piman::netboot::tftp
