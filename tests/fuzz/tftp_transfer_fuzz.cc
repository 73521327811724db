// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/check.h"
#include "netboot/tftp/netascii.h"
#include "netboot/tftp/transfer.h"

namespace {

using namespace piman;
using namespace piman::netboot::tftp;

/// Bytes as a script; zeros after its end.
struct Script {
  const std::uint8_t* at;
  const std::uint8_t* end;
  std::uint8_t next() { return at == end ? std::uint8_t{0} : *at++; }
  bool empty() const { return at == end; }
};

/// A file of any size that takes no memory.
class EndlessSource final : public BlockSource {
 public:
  explicit EndlessSource(std::uint64_t size) : size_(size) {}
  std::uint64_t size_bytes() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    PIMAN_CHECK(offset <= size_ && out.size() <= size_ - offset);
    std::fill(out.begin(), out.end(), static_cast<std::uint8_t>(offset));
    return {};
  }

 private:
  std::uint64_t size_;
};

}  // namespace

/// Any script of ACKs, errors and time: a transfer sends only blocks of its window, never more of them than the file
/// has, always says when it wakes, stays ended, and ends by itself once the script falls silent.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script script{data, data + size};
  Agreement agreed;
  agreed.block_bytes = 8 + script.next();
  agreed.window_blocks = static_cast<std::uint16_t>(1 + script.next() % 64);
  const std::uint8_t flags = script.next();
  if ((flags & 1) != 0) agreed.reply.add(OptionKind::kWindowSize, agreed.window_blocks);
  if ((flags & 2) != 0) agreed.timeout = std::chrono::seconds(script.next());
  TransferPolicy policy;
  policy.duplicates = (flags & 4) != 0 ? Duplicates::kHarmless : Duplicates::kHang;
  const std::uint64_t size_bytes = std::uint64_t{script.next()} << (script.next() % 24U);
  std::shared_ptr<BlockSource> source = std::make_shared<EndlessSource>(size_bytes);
  if ((flags & 8) != 0) {
    const std::string text(size_bytes % 2000, (flags & 16) != 0 ? '\n' : 'x');
    source = *NetasciiSource::make(std::make_shared<TextSource>(std::make_shared<const std::string>(text)));
  }

  SteadyTime now{};
  Transfer transfer(agreed, source->size_bytes(), policy, now);
  std::vector<std::uint8_t> out(transfer.max_packet_bytes());
  std::uint64_t acked = 0;
  bool has_ended = false;
  SteadyTime wake_at;
  const auto check = [&](const Step& step) {
    PIMAN_CHECK(step.status == transfer.status());
    if (has_ended) PIMAN_CHECK(step.status != Status::kRunning);
    has_ended = step.status != Status::kRunning;
    PIMAN_CHECK(transfer.acked_blocks() >= acked && transfer.acked_blocks() <= transfer.last_block());
    acked = transfer.acked_blocks();
    PIMAN_CHECK((step.status == Status::kComplete) == (acked == transfer.last_block()));
    PIMAN_CHECK(step.blocks <= agreed.window_blocks);
    if (has_ended) {
      PIMAN_CHECK(step.blocks == 0);
      return;
    }
    wake_at = step.wake_at;
    for (std::uint32_t i = 0; i < step.blocks; ++i) {
      const std::uint64_t block = step.first_block + i;
      PIMAN_CHECK(block == 0 ? acked == 0 && (flags & 1) != 0 : block == acked + 1 + i);
      const auto length = transfer.encode(block, *source, out);
      PIMAN_CHECK(length && *length <= out.size());
      const bool is_full = *length == transfer.full_packet_bytes();
      if (block > 0) PIMAN_CHECK(is_full == (block < transfer.last_block()));
    }
  };
  check(transfer.begin(now));
  while (!script.empty()) {
    switch (script.next() % 8) {
      case 0:
        now += std::chrono::milliseconds(script.next());
        break;
      case 1:
        now += std::chrono::milliseconds(100 * script.next());
        break;
      case 2:
        check(transfer.on_ack(static_cast<std::uint16_t>(script.next() << 8 | script.next()), now));
        break;
      case 3:
        check(transfer.on_error(script.next(), now));
        break;
      case 4:
        check(transfer.on_timer(now));
        break;
      case 5:
        check(transfer.on_repeated_request(now));
        break;
      default:
        check(transfer.on_ack(static_cast<std::uint16_t>(acked + script.next() % (agreed.window_blocks + 1U)), now));
    }
  }
  for (int silence = 0; transfer.status() == Status::kRunning; ++silence) {
    PIMAN_CHECK(silence < 20);
    now = std::max(now, wake_at);
    check(transfer.on_timer(now));
  }
  return 0;
}
