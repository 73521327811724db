// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"
#include "netboot/tftp/block_source.h"
#include "netboot/tftp/options.h"
#include "netboot/tftp/packet.h"

/// One file on its way to one client: which blocks to send, and when to send them again. Pure: it is told of ACKs,
/// errors and the time, and answers with a Step; it never touches a socket.
namespace piman::netboot::tftp {

/// What a block that comes twice does to a client.
enum class Duplicates {
  /// It hangs: start4.elf of 2021 and before acknowledges the block after it, and waits for ever. So nothing is sent
  /// again but by a timer of a second or more, and an ACK that says again what an earlier one said is not answered.
  kHang,
  /// Nothing. Then such an ACK asks for the next block, which is sent at once; and the timer is a few round trips.
  kHarmless,
};

struct TransferPolicy {
  Duplicates duplicates = Duplicates::kHang;
  std::chrono::milliseconds first_timeout{1000};  ///< doubles with each resend; the timeout option replaces it
  std::chrono::milliseconds longest_timeout{8000};
  std::chrono::seconds give_up_after{30};  ///< without progress; then the client is taken for gone
  std::chrono::minutes longest_life{60};   ///< however slowly it progresses
};

enum class Status {
  kRunning,
  kComplete,
  kProbe,     ///< the client ended it after the OACK or the first block, by ERROR 0: it only wanted to know
  kAborted,   ///< the client ended it later, or with an error that means something
  kTimedOut,  ///< the client fell silent
  kTooLong,   ///< longest_life is over
};
/// "complete", "probe", ...: the outcome of a TransferEvent. kRunning is "started".
std::string_view word(Status status);

/// What to do now, and when to ask again.
struct Step {
  /// Send these: `blocks` of them from `first_block` on, which replaces what an earlier Step wanted and is unsent yet.
  /// Block 0 is the OACK.
  std::uint64_t first_block = 0;
  std::uint32_t blocks = 0;
  SteadyTime wake_at;  ///< call on_timer then; meaningless once the transfer has ended
  Status status = Status::kRunning;
};

/// Blocks are counted in 64 bits here and in 16 on the wire, where the number after 65535 is 0, as firmware expects.
class Transfer {
 public:
  Transfer(const Agreement& agreed, std::uint64_t size_bytes, const TransferPolicy& policy, SteadyTime now);

  Step begin(SteadyTime now);
  Step on_ack(std::uint16_t block, SteadyTime now);
  Step on_error(std::uint16_t code, SteadyTime now);
  /// May be called too early: then nothing is sent and wake_at says when to come again.
  Step on_timer(SteadyTime now);
  /// The client sent its request once more.
  Step on_repeated_request(SteadyTime now);

  /// Writes the packet of a block that a Step named; returns its length. `out` needs max_packet_bytes().
  /// Errors: the source can't be read.
  Result<std::size_t> encode(std::uint64_t block, BlockSource& source, std::span<std::uint8_t> out) const;
  std::size_t max_packet_bytes() const;
  /// All DATA packets but the last have this length.
  std::size_t full_packet_bytes() const { return kDataHeaderBytes + agreed_.block_bytes; }

  std::uint64_t last_block() const { return last_block_; }
  std::uint64_t acked_blocks() const { return acked_; }
  std::uint64_t acked_bytes() const;
  std::uint64_t resent_blocks() const { return resent_; }
  /// Nothing but the first packet was ever answered: a request that comes again may be the same.
  bool is_fresh() const { return fresh_; }
  SteadyTime progressed_at() const { return progressed_at_; }
  /// Smoothed; 0 until one was measured.
  std::chrono::steady_clock::duration round_trip() const { return round_trip_; }
  Status status() const { return status_; }

 private:
  Step window(SteadyTime now);
  Step resend(SteadyTime now);
  Step wait() const;
  Step end(Status status);
  Step repeat_if_asked(SteadyTime now);
  void measure_round_trip(SteadyTime now);
  std::chrono::milliseconds timeout_after_progress() const;

  Agreement agreed_;
  TransferPolicy policy_;
  std::uint64_t size_bytes_;
  std::uint64_t last_block_;
  std::uint64_t acked_ = 0;  ///< the client has all blocks up to this one
  std::uint64_t sent_ = 0;   ///< the highest that was ever handed out
  std::uint64_t resent_ = 0;
  bool opened_;  ///< false while the OACK waits for its ACK
  bool fresh_ = true;
  unsigned repeats_in_a_row_ = 0;  ///< because the client repeated its ACK
  std::chrono::milliseconds timeout_;
  std::chrono::steady_clock::duration round_trip_{};  ///< smoothed; 0: not measured yet
  bool sent_once_ = true;                             ///< all that is on its way: only then an ACK tells the time
  SteadyTime began_at_, sent_at_, progressed_at_, wake_at_;
  Status status_ = Status::kRunning;
};

}  // namespace piman::netboot::tftp
