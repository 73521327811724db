// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/transfer.h"

#include <algorithm>

#include "common/check.h"

namespace piman::netboot::tftp {
namespace {

using namespace std::chrono_literals;

/// A repeated ACK can't be about a block that was sent less than this ago, even where no round trip was measured.
constexpr auto kShortestRepeat = 5ms;
/// A client that writes to a slow card may take this long over a block without having lost it.
constexpr auto kShortestTimeout = 100ms;

}  // namespace

std::string_view word(Status status) {
  switch (status) {
    case Status::kRunning:
      return "started";
    case Status::kComplete:
      return "complete";
    case Status::kProbe:
      return "probe";
    case Status::kAborted:
      return "aborted";
    case Status::kTimedOut:
      return "timed_out";
    case Status::kTooLong:
      return "too_long";
  }
  return "";
}

Transfer::Transfer(const Agreement& agreed, std::uint64_t size_bytes, const TransferPolicy& policy, SteadyTime now)
    : agreed_(agreed),
      policy_(policy),
      size_bytes_(size_bytes),
      // The last block is the first one that is not full: an empty one where the size is a multiple (RFC 1350 6).
      last_block_(size_bytes / agreed.block_bytes + 1),
      opened_(agreed.reply.empty()),
      began_at_(now),
      sent_at_(now),
      progressed_at_(now),
      wake_at_(now) {
  if (agreed_.timeout > 0s) {
    policy_.first_timeout = agreed_.timeout;
    policy_.longest_timeout = std::max(policy_.longest_timeout, policy_.first_timeout);
    policy_.give_up_after = std::max(policy_.give_up_after, 4 * agreed_.timeout);
  }
  timeout_ = policy_.first_timeout;
}

Step Transfer::begin(SteadyTime now) {
  wake_at_ = now + timeout_;
  return window(now);
}

/// The blocks after the last acknowledged one, as many as the window holds; or the OACK.
Step Transfer::window(SteadyTime now) {
  sent_at_ = now;
  Step step{.first_block = 0, .blocks = 1, .wake_at = wake_at_, .status = status_};
  if (!opened_) return step;
  step.first_block = acked_ + 1;
  step.blocks = static_cast<std::uint32_t>(std::min<std::uint64_t>(agreed_.window_blocks, last_block_ - acked_));
  const std::uint64_t end = acked_ + step.blocks;
  sent_once_ = sent_ == acked_;
  resent_ += std::min(sent_, end) - acked_;
  sent_ = std::max(sent_, end);
  return step;
}

Step Transfer::wait() const { return {.first_block = 0, .blocks = 0, .wake_at = wake_at_, .status = status_}; }

Step Transfer::end(Status status) {
  status_ = status;
  return wait();
}

void Transfer::measure_round_trip(SteadyTime now) {
  if (!sent_once_) return;  // which of the copies was answered is unknown
  const auto sample = now - sent_at_;
  round_trip_ = round_trip_ == 0ns ? sample : round_trip_ + (sample - round_trip_) / 8;
}

/// The option means what it says, and firmware that hangs gets the full first time-out.
std::chrono::milliseconds Transfer::timeout_after_progress() const {
  if (policy_.duplicates == Duplicates::kHang || agreed_.timeout > 0s || round_trip_ == 0ns)
    return policy_.first_timeout;
  const auto round_trips = std::chrono::duration_cast<std::chrono::milliseconds>(4 * round_trip_);
  return std::min(policy_.first_timeout, std::max<std::chrono::milliseconds>(kShortestTimeout, round_trips));
}

Step Transfer::on_ack(std::uint16_t block, SteadyTime now) {
  if (status_ != Status::kRunning) return wait();
  if (!opened_) {
    if (block != 0) return wait();  // not ours: no block was sent yet
    opened_ = true;
  } else {
    // How far this ACK is ahead of the last one, in the 16 bits that the wire has.
    const auto ahead = static_cast<std::uint16_t>(block - static_cast<std::uint16_t>(acked_));
    if (ahead == 0) return repeat_if_asked(now);
    if (ahead > sent_ - acked_) return wait();  // of the past, or of nothing that was sent
    acked_ += ahead;
  }
  measure_round_trip(now);
  progressed_at_ = now;
  fresh_ = false;
  repeats_in_a_row_ = 0;
  timeout_ = timeout_after_progress();
  wake_at_ = now + timeout_;
  if (acked_ == last_block_) return end(Status::kComplete);
  // Also from the middle of a window: the client lost the block after this one (RFC 7440 section 4).
  return window(now);
}

/// A repeated ACK asks for the next block, unless it comes sooner after that block's sending than an answer to it
/// could: then it answers an earlier duplicate, and obeying it would double every block from here on (RFC
/// 1123, 4.2.3.1). The timer goes on by itself: it alone decides when a client is gone.
Step Transfer::repeat_if_asked(SteadyTime now) {
  if (policy_.duplicates == Duplicates::kHang) return wait();
  const auto shortest = std::max<std::chrono::steady_clock::duration>(2 * round_trip_, kShortestRepeat);
  // The more often without progress, the rarer: what repeats its ACK for ever shall not get the window for ever.
  if (now < sent_at_ + shortest * (1U << std::min(repeats_in_a_row_, 8U))) return wait();
  ++repeats_in_a_row_;
  return resend(now);
}

Step Transfer::resend(SteadyTime now) {
  if (!opened_) ++resent_;
  Step step = window(now);
  sent_once_ = false;
  return step;
}

Step Transfer::on_repeated_request(SteadyTime now) {
  if (status_ != Status::kRunning) return wait();
  return repeat_if_asked(now);
}

Step Transfer::on_error(std::uint16_t code, SteadyTime) {
  if (status_ != Status::kRunning) return wait();
  const bool only_looked = code == static_cast<std::uint16_t>(ErrorCode::kUndefined) && acked_ <= 1;
  return end(only_looked ? Status::kProbe : Status::kAborted);
}

Step Transfer::on_timer(SteadyTime now) {
  if (status_ != Status::kRunning || now < wake_at_) return wait();
  if (now - began_at_ >= policy_.longest_life) return end(Status::kTooLong);
  if (now - progressed_at_ >= policy_.give_up_after) return end(Status::kTimedOut);
  timeout_ = std::min(timeout_ * 2, policy_.longest_timeout);
  wake_at_ = now + timeout_;
  return resend(now);
}

Result<std::size_t> Transfer::encode(std::uint64_t block, BlockSource& source, std::span<std::uint8_t> out) const {
  PIMAN_CHECK(out.size() >= max_packet_bytes() && block <= last_block_);
  if (block == 0) return encode_option_ack(agreed_.reply, out);
  const std::uint64_t offset = (block - 1) * agreed_.block_bytes;
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(agreed_.block_bytes, size_bytes_ - offset));
  encode_data_header(static_cast<std::uint16_t>(block), out.first<kDataHeaderBytes>());
  if (auto done = source.read(offset, out.subspan(kDataHeaderBytes, length)); !done) {
    return tl::unexpected(done.error());
  }
  return kDataHeaderBytes + length;
}

std::size_t Transfer::max_packet_bytes() const { return std::max(full_packet_bytes(), kMaxOptionAckBytes); }

std::uint64_t Transfer::acked_bytes() const { return std::min(acked_ * agreed_.block_bytes, size_bytes_); }

}  // namespace piman::netboot::tftp
