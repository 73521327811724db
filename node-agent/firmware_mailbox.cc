// SPDX-License-Identifier: Apache-2.0
#include "node-agent/firmware_mailbox.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "common/text.h"

namespace piman::agent {
namespace {

constexpr std::uint32_t kRequest = 0, kSuccess = 0x80000000, kAnswered = 0x80000000, kEndTag = 0;
constexpr std::size_t kHeadWords = 2, kTagWords = 3, kMostWords = 1024;
constexpr std::size_t kCommandBytes = 1024;

// The kernel spells its size with a pointer that it never uses; 32-bit programs on a 64-bit kernel have a number of
// their own for it, which is what this gives them.
constexpr unsigned long kIoctlProperty = _IOWR(100, 0, char*);

Error device_error(std::string_view what, const std::string& path, int number) {
  return Error{concat(what, " ", path, ": ", words_of_errno(number))};
}

}  // namespace

std::optional<std::vector<std::uint32_t>> encode_mailbox_message(std::span<const MailboxProperty> properties) {
  std::size_t words = kHeadWords + 1;
  for (const MailboxProperty& property : properties) words += kTagWords + property.words.size();
  if (properties.empty() || words > kMostWords) return std::nullopt;
  std::vector<std::uint32_t> message;
  message.reserve(words);
  message.push_back(static_cast<std::uint32_t>(words * sizeof(std::uint32_t)));
  message.push_back(kRequest);
  for (const MailboxProperty& property : properties) {
    message.push_back(static_cast<std::uint32_t>(property.tag));
    message.push_back(static_cast<std::uint32_t>(property.words.size_bytes()));
    message.push_back(kRequest);
    message.insert(message.end(), property.words.begin(), property.words.end());
  }
  message.push_back(kEndTag);
  return message;
}

bool decode_mailbox_message(std::span<const std::uint32_t> message, std::span<MailboxProperty> properties) {
  if (message.size() < kHeadWords || message[1] != kSuccess) return false;
  message = message.subspan(kHeadWords);
  for (MailboxProperty& property : properties) {
    property.answered = 0;
    const std::size_t room = property.words.size();
    if (message.size() < kTagWords + room) return false;
    if (message[0] != static_cast<std::uint32_t>(property.tag) || message[1] != property.words.size_bytes())
      return false;
    if ((message[2] & kAnswered) != 0) {
      // The length is that of the whole answer, also of the part that there was no room for.
      const std::size_t bytes = message[2] & ~kAnswered;
      property.answered = std::min(room, (bytes + sizeof(std::uint32_t) - 1) / sizeof(std::uint32_t));
      std::copy_n(message.begin() + kTagWords, property.answered, property.words.begin());
    }
    message = message.subspan(kTagWords + room);
  }
  return true;
}

Result<std::optional<std::string>> FirmwareMailbox::ask_command(std::string_view command) {
  std::array<std::uint32_t, 1 + kCommandBytes / sizeof(std::uint32_t)> words{};
  if (command.size() >= kCommandBytes) return fail(concat("firmware command too long: ", quote(command)));
  std::memcpy(words.data() + 1, command.data(), command.size());
  MailboxProperty property{MailboxTag::kCommand, words};
  const auto answered = ask({&property, 1});
  if (!answered) return fail(answered.error().message);
  std::optional<std::string> text;
  if (!*answered || property.answered == 0 || words[0] != 0) return text;
  std::array<char, kCommandBytes> bytes;
  std::memcpy(bytes.data(), words.data() + 1, bytes.size());
  const auto end = std::find(bytes.begin(), bytes.end(), '\0');
  text.emplace(bytes.begin(), end);
  return text;
}

Result<bool> VcioMailbox::open_device() {
  if (fd_.valid()) return true;
  fd_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd_.valid()) return true;
  if (errno == ENOENT || errno == ENOTDIR || errno == ENXIO || errno == ENODEV) return false;
  return tl::unexpected<Error>(device_error("opening", path_, errno));
}

Result<bool> VcioMailbox::ask(std::span<MailboxProperty> properties) {
  auto message = encode_mailbox_message(properties);
  if (!message) return fail("a mailbox message with nothing or too much to ask");
  // The kernel takes one message at a time as well.
  const MutexLock lock(mutex_);
  for (const MailboxProperty& property : properties) {
    if (std::find(refused_.begin(), refused_.end(), property.tag) != refused_.end()) return false;
  }
  const auto opened = open_device();
  if (!opened || !*opened) return opened;
  if (::ioctl(fd_.get(), kIoctlProperty, message->data()) != 0) {
    const int number = errno;
    if (number == EAGAIN || number == EINTR || number == ETIMEDOUT || number == EBUSY) return false;
    if (number != EINVAL) return tl::unexpected<Error>(device_error("asking", path_, number));
    refused_.push_back(properties.front().tag);
    return false;
  }
  if (!decode_mailbox_message(*message, properties)) return fail(concat("asking ", path_, ": not an answer"));
  const bool any = std::any_of(properties.begin(), properties.end(), [](const auto& p) { return p.answered > 0; });
  if (!any) refused_.push_back(properties.front().tag);
  return any;
}

}  // namespace piman::agent
