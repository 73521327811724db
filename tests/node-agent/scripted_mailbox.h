// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node-agent/board_watch.h"
#include "node-agent/firmware_mailbox.h"

namespace piman::agent {

/// What a ScriptedMailbox answers; shared with the test, which changes it between two scrapes.
struct MailboxScript {
  bool present = true;
  std::string error;                                       ///< when not empty: the device is there and can't be used
  std::map<MailboxTag, std::vector<std::uint32_t>> words;  ///< by tag
  std::map<std::pair<MailboxTag, std::uint32_t>, std::uint32_t> words_by_first;  ///< by tag and the number asked for
  std::map<std::string, std::string, std::less<>> commands;
  std::vector<std::uint32_t> throttled_requests;  ///< the masks of sticky bits to clear that were sent
  int messages = 0;
};

/// Firmware of a test's making.
class ScriptedMailbox final : public FirmwareMailbox {
 public:
  explicit ScriptedMailbox(std::shared_ptr<MailboxScript> script) : script_(std::move(script)) {}

  Result<bool> ask(std::span<MailboxProperty> properties) override {
    ++script_->messages;
    if (!script_->error.empty()) return fail(script_->error);
    if (!script_->present) return false;
    for (MailboxProperty& property : properties) answer(property);
    return std::any_of(properties.begin(), properties.end(), [](const auto& p) { return p.answered > 0; });
  }

 private:
  void answer(MailboxProperty& property) const {
    property.answered = 0;
    if (property.tag == MailboxTag::kThrottled) script_->throttled_requests.push_back(property.words[0]);
    if (property.tag == MailboxTag::kCommand) return answer_command(property);
    if (const auto found = script_->words.find(property.tag); found != script_->words.end()) {
      property.answered = std::min(found->second.size(), property.words.size());
      std::copy_n(found->second.begin(), property.answered, property.words.begin());
      return;
    }
    const bool is_known = std::any_of(script_->words_by_first.begin(), script_->words_by_first.end(),
                                      [&](const auto& entry) { return entry.first.first == property.tag; });
    if (!is_known) return;
    const auto found = script_->words_by_first.find({property.tag, property.words[0]});
    property.words[1] = found == script_->words_by_first.end() ? 0 : found->second;
    property.answered = 2;
  }

  void answer_command(MailboxProperty& property) const {
    const std::string command(reinterpret_cast<const char*>(property.words.data() + 1));
    const auto found = script_->commands.find(command);
    if (found == script_->commands.end()) return;
    const std::span<std::uint32_t> text = property.words.subspan(1);
    std::memset(property.words.data(), 0, property.words.size_bytes());
    std::memcpy(text.data(), found->second.data(), std::min(found->second.size(), text.size_bytes() - 1));
    property.answered = property.words.size();
  }

  std::shared_ptr<MailboxScript> script_;
};

/// A board whose firmware is `script`.
inline std::shared_ptr<BoardWatch> scripted_board(const HostPaths& paths, std::shared_ptr<MailboxScript> script) {
  return std::make_shared<BoardWatch>(paths, std::make_unique<ScriptedMailbox>(std::move(script)), WallTime{},
                                      SteadyTime{});
}

}  // namespace piman::agent
