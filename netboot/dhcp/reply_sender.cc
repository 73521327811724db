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
    ready_.push_back({std::move(reply), false});
  }
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
  outgoing_.clear();
  for (const Frame& frame : ready_) {
    const Reply& reply = frame.reply;
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
  ready_.clear();
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
    ready_.push_back(std::move(delayed_.begin()->second));
    delayed_.erase(delayed_.begin());
  }
  flush();
  arm_timer();
}

}  // namespace piman::netboot::dhcp
