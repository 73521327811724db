// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/result.h"
#include "common/unique_fd.h"

/// Questions to the Raspberry Pi's firmware: property tags through /dev/vcio, whose user needs no root but the group
/// `video`. Only tags that read are named here.
/// Source: raspberrypi/firmware wiki, "Mailbox property interface"; drivers/char/broadcom/vcio.c of Raspberry Pi's
/// kernel.
namespace piman::agent {

enum class MailboxTag : std::uint32_t {
  kFirmwareBuildTime = 0x00000001,  ///< one word: seconds since 1970
  kFirmwareVariant = 0x00000002,    ///< one word
  kFirmwareHash = 0x00000003,       ///< five words
  kVoltage = 0x00030003,            ///< rail -> rail, microvolts
  kTemperature = 0x00030006,        ///< 0 -> 0, thousandths of a degree Celsius
  kThrottled = 0x00030046,          ///< sticky bits to clear -> state
  kMeasuredClock = 0x00030047,      ///< clock -> clock, hertz
  kCommand = 0x00030080,            ///< 0, text -> error, text
};

/// One question of a message. `words` holds the request and then the answer.
struct MailboxProperty {
  MailboxTag tag;
  std::span<std::uint32_t> words;
  std::size_t answered = 0;  ///< how many of the words the firmware wrote; 0: it does not know the tag
};

/// What is asked of the firmware, and what a test plays. Thread-safety: ask() may be called from any thread.
class FirmwareMailbox {
 public:
  virtual ~FirmwareMailbox() = default;
  /// Asks all of them in one message. False when this machine has no such firmware, or it is busy, or refuses a tag of
  /// the message. Errors: the device is there and can't be used (no permission).
  virtual Result<bool> ask(std::span<MailboxProperty> properties) = 0;

  /// One question whose answer is taken only when it has all of the words. Nothing: see ask().
  template <std::size_t kWords>
  Result<std::optional<std::array<std::uint32_t, kWords>>> ask_words(MailboxTag tag,
                                                                     std::array<std::uint32_t, kWords> words);
  /// A line for the firmware's own interpreter ("measure_temp pmic"), as vcgencmd sends it.
  Result<std::optional<std::string>> ask_command(std::string_view command);
};

/// A message as the firmware wants it: size, code, then per tag its number, size, code and words, then an end tag.
/// Nothing when there is nothing to ask or too much. Pure.
std::optional<std::vector<std::uint32_t>> encode_mailbox_message(std::span<const MailboxProperty> properties);
/// Copies the answers out of the message that came back. False when it is no answer to that question. Pure.
bool decode_mailbox_message(std::span<const std::uint32_t> message, std::span<MailboxProperty> properties);

/// The real one. Opened at the first question and kept open. A message that the firmware refused is not sent again: the
/// kernel logs every refusal.
class VcioMailbox final : public FirmwareMailbox {
 public:
  explicit VcioMailbox(std::string path) : path_(std::move(path)) {}
  Result<bool> ask(std::span<MailboxProperty> properties) override;

 private:
  Result<bool> open_device() PIMAN_REQUIRES(mutex_);

  const std::string path_;
  Mutex mutex_;
  UniqueFd fd_ PIMAN_GUARDED_BY(mutex_);
  std::vector<MailboxTag> refused_ PIMAN_GUARDED_BY(mutex_);
};

template <std::size_t kWords>
Result<std::optional<std::array<std::uint32_t, kWords>>> FirmwareMailbox::ask_words(
    MailboxTag tag, std::array<std::uint32_t, kWords> words) {
  MailboxProperty property{tag, words};
  const auto answered = ask({&property, 1});
  if (!answered) return fail(answered.error().message);
  std::optional<std::array<std::uint32_t, kWords>> answer;
  if (*answered && property.answered == kWords) answer = words;
  return answer;
}

}  // namespace piman::agent
