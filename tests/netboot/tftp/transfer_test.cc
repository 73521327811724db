// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/transfer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "common/text.h"
#include "tests/netboot/tftp/transfer_world.h"

namespace piman::netboot::tftp {
namespace {

using test::Client;
using test::Fate;
using test::Fates;
using test::World;
using namespace std::chrono_literals;

std::string content(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 131 + i / 251) & 0xFF);
  return text;
}

Fates all_arrive() {
  return [](std::size_t) { return Fate::kArrive; };
}

struct Scene {
  std::string text = content(4 * 512 + 100);  // five blocks
  std::uint32_t window = 1;
  bool options = false;
  std::uint32_t block_bytes = 512;
  TransferPolicy policy{.duplicates = Duplicates::kHarmless};
  std::chrono::milliseconds patience{200};

  World world(TextSource& source, Fates fates) const {
    Agreement agreed{.block_bytes = block_bytes, .window_blocks = static_cast<std::uint16_t>(window), .reply = {}};
    if (options || window > 1) agreed.reply.add(OptionKind::kWindowSize, window);
    Client client;
    client.patience = patience;
    client.block_bytes = block_bytes;
    client.window = window;
    return World(Transfer(agreed, text.size(), policy, SteadyTime{}), source, client, std::move(fates));
  }
};

TextSource source_of(const std::string& text) { return TextSource(std::make_shared<const std::string>(text)); }

void expect_delivered(const Scene& scene, Fates fates, std::size_t most_data, const std::string& what) {
  TextSource source = source_of(scene.text);
  World world = scene.world(source, std::move(fates));
  ASSERT_TRUE(world.run()) << what << ": does not end";
  EXPECT_EQ(word(world.transfer.status()), "complete") << what;
  EXPECT_EQ(world.client.received, scene.text) << what;
  EXPECT_LE(world.data_packets, most_data) << what;
  EXPECT_EQ(world.transfer.acked_bytes(), scene.text.size()) << what;
}

TEST(Transfer, SizesAroundABlock) {
  for (const std::size_t size : {0U, 1U, 511U, 512U, 513U, 1024U, 1025U}) {
    Scene scene;
    scene.text = content(size);
    // A multiple of the block size ends with an empty block.
    expect_delivered(scene, all_arrive(), size / 512 + 1, concat("size ", size));
  }
}

TEST(Transfer, NothingIsSentTwiceOnACleanWire) {
  for (std::uint32_t window = 1; window <= 7; ++window) {
    Scene scene;
    scene.window = window;
    TextSource source = source_of(scene.text);
    World world = scene.world(source, all_arrive());
    ASSERT_TRUE(world.run());
    EXPECT_EQ(world.data_packets, 5U);
    EXPECT_EQ(world.transfer.resent_blocks(), 0U);
    EXPECT_EQ(world.client.duplicates, 0U);
  }
}

constexpr Fate kMishaps[] = {Fate::kDrop, Fate::kDuplicate, Fate::kLate};
constexpr const char* kMishapNames[] = {"arrives", "is lost", "comes twice", "comes late"};

/// Every single mishap to every packet of a five-block file, with windows of one to four, with and without an OACK,
/// for clients that repeat ACKs and for those that must not get anything twice before the timer.
TEST(Transfer, EverySingleMishap) {
  for (const Duplicates repeated : {Duplicates::kHarmless, Duplicates::kHang}) {
    for (std::uint32_t window = 1; window <= 4; ++window) {
      for (const bool options : {false, true}) {
        for (const Fate mishap : kMishaps) {
          for (std::size_t victim = 0; victim < 16; ++victim) {
            Scene scene;
            scene.window = window;
            scene.options = options;
            scene.policy.duplicates = repeated;
            const std::string what = concat("window ", window, options ? " with" : " without", " OACK, packet ", victim,
                                            " ", kMishapNames[static_cast<int>(mishap)]);
            // One window more than needed at most, and one for the ACKs that a late or doubled block brings about.
            expect_delivered(
                scene, [=](std::size_t n) { return n == victim ? mishap : Fate::kArrive; }, 5 + 3 * window, what);
          }
        }
      }
    }
  }
}

TEST(Transfer, EveryPairOfMishaps) {
  for (std::uint32_t window = 1; window <= 4; ++window) {
    for (std::size_t a = 0; a < 16; ++a) {
      for (std::size_t b = a + 1; b < 20; ++b) {
        for (const Fate first : kMishaps) {
          for (const Fate second : kMishaps) {
            Scene scene;
            scene.window = window;
            const auto fates = [=](std::size_t n) { return n == a ? first : n == b ? second : Fate::kArrive; };
            expect_delivered(scene, fates, 5 + 6 * window, concat("window ", window, ", packets ", a, " and ", b));
          }
        }
      }
    }
  }
}

TEST(Transfer, ManyRandomMishaps) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    Scene scene;
    scene.window = 1 + seed % 8;
    scene.text = content(20 * 512 + seed);
    scene.policy.duplicates = seed % 3 == 0 ? Duplicates::kHang : Duplicates::kHarmless;
    scene.policy.give_up_after = 1h;  // whether it arrives is asked here, not when one gives up
    auto random = std::make_shared<std::mt19937>(seed);
    const auto fates = [random](std::size_t) {
      const auto draw = (*random)() % 100;
      return draw < 12 ? Fate::kDrop : draw < 18 ? Fate::kDuplicate : draw < 24 ? Fate::kLate : Fate::kArrive;
    };
    expect_delivered(scene, fates, 2000, concat("seed ", seed));
  }
}

/// The Sorcerer's Apprentice: one block that comes twice must not double all that follow.
TEST(Transfer, ADuplicateDoesNotMultiply) {
  for (const Duplicates repeated : {Duplicates::kHarmless, Duplicates::kHang}) {
    Scene scene;
    scene.text = content(200 * 512);
    scene.policy.duplicates = repeated;
    for (const Fate mishap : {Fate::kDuplicate, Fate::kLate}) {
      expect_delivered(
          scene, [=](std::size_t n) { return n == 10 ? mishap : Fate::kArrive; }, 202, "");
    }
  }
}

/// Firmware that hangs on duplicates gets none from us as long as the wire makes and loses none, however it repeats.
TEST(Transfer, FirmwareThatHangsOnDuplicatesGetsNone) {
  Scene scene;
  scene.text = content(50 * 512);
  scene.policy.duplicates = Duplicates::kHang;
  scene.patience = 30ms;
  TextSource source = source_of(scene.text);
  World world = scene.world(source, all_arrive());
  world.latency = 200ms;
  ASSERT_TRUE(world.run());
  EXPECT_EQ(world.client.received, scene.text);
  EXPECT_EQ(world.client.duplicates, 0U);
}

TEST(Transfer, ADuplicatesIsAnsweredLongBeforeTheTimer) {
  Scene scene;
  TextSource source = source_of(scene.text);
  World early = scene.world(source, [](std::size_t n) { return n == 2 ? Fate::kDrop : Fate::kArrive; });
  ASSERT_TRUE(early.run());
  EXPECT_LT(early.now - SteadyTime{}, 250ms);
  scene.policy.duplicates = Duplicates::kHang;
  World by_timer = scene.world(source, [](std::size_t n) { return n == 2 ? Fate::kDrop : Fate::kArrive; });
  ASSERT_TRUE(by_timer.run());
  EXPECT_GT(by_timer.now - SteadyTime{}, 1s);
}

TEST(Transfer, TheTimerBacksOffAndGivesUp) {
  Scene scene;
  TextSource source = source_of(scene.text);
  World world = scene.world(source, [](std::size_t) { return Fate::kDrop; });
  ASSERT_TRUE(world.run());
  EXPECT_EQ(world.transfer.status(), Status::kTimedOut);
  EXPECT_EQ(world.data_packets, 6U);
  EXPECT_EQ(world.now - SteadyTime{}, 1s + 2s + 4s + 8s + 8s + 8s);
}

TEST(Transfer, TheTimeoutOptionIsTheFirstTimeout) {
  Transfer transfer({.timeout = 3s, .reply = {}}, 100, {}, SteadyTime{});
  EXPECT_EQ(transfer.begin(SteadyTime{}).wake_at, SteadyTime{} + 3s);
  EXPECT_EQ(transfer.on_timer(SteadyTime{} + 2999ms).blocks, 0U);
  EXPECT_EQ(transfer.on_timer(SteadyTime{} + 3s).blocks, 1U);
}

TEST(Transfer, TheTimerOfATolerantClientIsAFewRoundTrips) {
  const auto wait_after = [](Duplicates duplicates, std::chrono::milliseconds round_trip) {
    Transfer transfer({.reply = {}}, 5000, {.duplicates = duplicates}, SteadyTime{});
    transfer.begin(SteadyTime{});
    const SteadyTime now = SteadyTime{} + round_trip;
    return transfer.on_ack(1, now).wake_at - now;
  };
  EXPECT_EQ(wait_after(Duplicates::kHarmless, 1ms), 100ms);
  EXPECT_EQ(wait_after(Duplicates::kHarmless, 50ms), 200ms);
  EXPECT_EQ(wait_after(Duplicates::kHarmless, 900ms), 1s);
  EXPECT_EQ(wait_after(Duplicates::kHang, 1ms), 1s);
}

TEST(Transfer, AWindowIsResumedAfterTheBlockThatTheAckNames) {
  Agreement agreed{.window_blocks = 4, .reply = {}};
  agreed.reply.add(OptionKind::kWindowSize, 4);
  Transfer transfer(agreed, 100 * 512, {}, SteadyTime{});
  SteadyTime now{};
  EXPECT_EQ(transfer.begin(now).first_block, 0U);
  Step step = transfer.on_ack(0, now += 1ms);
  EXPECT_EQ(std::pair(step.first_block, step.blocks), std::pair(std::uint64_t{1}, 4U));
  step = transfer.on_ack(2, now += 1ms);
  EXPECT_EQ(std::pair(step.first_block, step.blocks), std::pair(std::uint64_t{3}, 4U));
  EXPECT_EQ(transfer.resent_blocks(), 2U);
  EXPECT_EQ(transfer.on_ack(7, now += 1ms).blocks, 0U);  // never sent
  EXPECT_EQ(transfer.on_ack(1, now += 1ms).blocks, 0U);  // of the past
  step = transfer.on_ack(6, now += 1ms);
  EXPECT_EQ(std::pair(step.first_block, step.blocks), std::pair(std::uint64_t{7}, 4U));
  EXPECT_EQ(transfer.resent_blocks(), 2U);
}

TEST(Transfer, BlockNumbersRollOverToZero) {
  Scene scene;
  scene.block_bytes = 8;
  scene.text = content(8 * (2 * 65536 + 10));
  for (const std::uint32_t window : {1U, 3U, 64U}) {
    scene.window = window;
    TextSource source = source_of(scene.text);
    World world = scene.world(source, [](std::size_t n) { return n % 30'011 == 30'010 ? Fate::kDrop : Fate::kArrive; });
    ASSERT_TRUE(world.run(10'000'000));
    EXPECT_EQ(world.transfer.status(), Status::kComplete);
    EXPECT_EQ(world.transfer.last_block(), 2U * 65536 + 11);
    EXPECT_TRUE(world.client.received == scene.text);
  }
}

TEST(Transfer, ErrorZeroAtTheBeginningIsAProbe) {
  const auto after = [](std::uint16_t acks, std::uint16_t code) {
    Agreement agreed;
    agreed.reply.add(OptionKind::kTransferSize, 5000);
    Transfer transfer(agreed, 5000, {}, SteadyTime{});
    transfer.begin(SteadyTime{});
    for (std::uint16_t block = 0; block < acks; ++block) transfer.on_ack(block, SteadyTime{});
    return word(transfer.on_error(code, SteadyTime{}).status);
  };
  EXPECT_EQ(after(0, 0), "probe");  // after the OACK
  EXPECT_EQ(after(1, 0), "probe");  // it accepted the OACK
  EXPECT_EQ(after(2, 0), "probe");  // it took the first block
  EXPECT_EQ(after(3, 0), "aborted");
  EXPECT_EQ(after(0, 8), "aborted");  // it does not like the options
}

TEST(Transfer, AfterItsEndNothingIsSent) {
  Transfer transfer({.reply = {}}, 10, {}, SteadyTime{});
  transfer.begin(SteadyTime{});
  EXPECT_EQ(transfer.on_ack(1, SteadyTime{}).status, Status::kComplete);
  EXPECT_EQ(transfer.on_ack(1, SteadyTime{} + 1h).blocks, 0U);
  EXPECT_EQ(transfer.on_timer(SteadyTime{} + 2h).blocks, 0U);
  EXPECT_EQ(transfer.on_error(0, SteadyTime{}).status, Status::kComplete);
}

TEST(Transfer, ARequestThatComesAgainIsADuplicates) {
  Transfer patient({.reply = {}}, 10, {.duplicates = Duplicates::kHang}, SteadyTime{});
  patient.begin(SteadyTime{});
  EXPECT_TRUE(patient.is_fresh());
  EXPECT_EQ(patient.on_repeated_request(SteadyTime{} + 500ms).blocks, 0U);
  Transfer quick({.reply = {}}, 600, {.duplicates = Duplicates::kHarmless}, SteadyTime{});
  quick.begin(SteadyTime{});
  EXPECT_EQ(quick.on_repeated_request(SteadyTime{} + 1ms).blocks, 0U);
  EXPECT_EQ(quick.on_repeated_request(SteadyTime{} + 500ms).blocks, 1U);
  quick.on_ack(1, SteadyTime{} + 501ms);
  EXPECT_FALSE(quick.is_fresh());
}

/// A client that does nothing but repeat its ACK is given up all the same, and gets ever fewer answers.
TEST(Transfer, RepeatingForEverDoesNotKeepATransferAlive) {
  Transfer transfer({.reply = {}}, 5000, {.duplicates = Duplicates::kHarmless}, SteadyTime{});
  Step step = transfer.begin(SteadyTime{});
  std::size_t sent = 0;
  SteadyTime now{};
  for (; step.status == Status::kRunning && now < SteadyTime{} + 5min; now += 1ms) {
    sent += transfer.on_ack(0, now).blocks;
    step = transfer.on_timer(now);
  }
  EXPECT_EQ(step.status, Status::kTimedOut);
  EXPECT_LT(now, SteadyTime{} + 40s);
  EXPECT_LT(sent, 70U);
}

TEST(Transfer, ALongLifeEnds) {
  Transfer transfer({.reply = {}}, 1 << 30, {.longest_life = 1min}, SteadyTime{});
  Step step = transfer.begin(SteadyTime{});
  SteadyTime now{};
  for (std::uint16_t block = 1; step.status == Status::kRunning; ++block) {
    now += 1500ms;
    step = transfer.on_timer(now);
    if (step.status == Status::kRunning) step = transfer.on_ack(block, now);
  }
  EXPECT_EQ(step.status, Status::kTooLong);
  EXPECT_EQ(now, SteadyTime{} + 60s);
}

}  // namespace
}  // namespace piman::netboot::tftp
