// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/reply_sender.h"

#include <utility>

namespace piman::netboot::dhcp {
namespace {

constexpr std::uint16_t kDiscardPort = 9;

}  // namespace

void ReplySender::add(Reply reply, const Timing& timing, SteadyTime arrived, SteadyTime now) {
  if (timing.nudge) delay(nudge_for(reply), arrived + *timing.nudge);
  if (timing.again) delay({reply, true}, arrived + *timing.again);
  if (timing.first.count() > 0 && arrived + timing.first > now) {
    delay({std::move(reply), false}, arrived + timing.first);
  } else {
    queue({std::move(reply), false});
  }
}

void ReplySender::queue(Frame frame) {
  if (ready_.size() < kMostDelayed) return ready_.push_back(std::move(frame));
  if (frame.is_told) return;
  frame.reply.event.sent = {};
  frame.reply.event.drop_reason = to_text(Drop::kBusy);
  observer_.on_dhcp(frame.reply.event);
}

/// A datagram that means nothing, to the client's hardware address.
ReplySender::Frame ReplySender::nudge_for(const Reply& reply) {
  Frame nudge;
  nudge.is_told = true;
  nudge.reply.as_frame = true;
  nudge.reply.mac = reply.event.mac;
  nudge.reply.addresses = {reply.addresses.source, reply.addresses.destination, kDiscardPort, kDiscardPort};
  nudge.reply.bytes = {0};
  return nudge;
}

void ReplySender::flush() {
  if (ready_.empty()) return;
  const std::size_t count = pace_.take(ready_.size(), std::chrono::steady_clock::now());
  outgoing_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const Reply& reply = ready_[i].reply;
    outgoing_.push_back({reply.addresses, reply.as_frame, reply.mac, reply.bytes, false});
    if (reply.confirm_neighbour) {
      neighbours_.confirm(socket_.interface().index, reply.addresses.destination, reply.mac);
    }
  }
  socket_.send(outgoing_);
  for (std::size_t i = 0; i < outgoing_.size(); ++i) {
    if (ready_[i].is_told) continue;
    DhcpEvent& event = ready_[i].reply.event;
    if (!outgoing_[i].sent) {
      event.sent = {};
      event.drop_reason = to_text(Drop::kSendFailed);
    }
    observer_.on_dhcp(event);
  }
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(count));
  if (ready_.empty() || std::exchange(awaits_burst_, true)) return;
  next_burst_.expires_at(pace_.next());
  next_burst_.async_wait([this](error_code error) {
    if (error) return;
    awaits_burst_ = false;
    flush();
  });
}

void ReplySender::delay(Frame frame, SteadyTime due) {
  if (delayed_.size() >= kMostDelayed) return;
  delayed_.emplace(due, std::move(frame));
  arm_timer();
}

void ReplySender::arm_timer() {
  if (delayed_.empty()) return;
  timer_.expires_at(delayed_.begin()->first);  // which cancels an earlier wait
  timer_.async_wait([this](error_code error) {
    if (!error) on_timer();
  });
}

void ReplySender::on_timer() {
  const SteadyTime now = std::chrono::steady_clock::now();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    queue(std::move(delayed_.begin()->second));
    delayed_.erase(delayed_.begin());
  }
  flush();
  arm_timer();
}

}  // namespace piman::netboot::dhcp
