// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/file_loader.h"

#include <algorithm>

#include "common/text.h"

namespace piman::pisim {
namespace {

constexpr std::string_view kConfig = "config.txt";

/// Steps of which the first name found is enough, and one is needed.
bool needs_one(Action action) {
  return action == Action::kNeed || action == Action::kKernel || action == Action::kDtb || action == Action::kInitramfs;
}

}  // namespace

void FileLoader::fail_with_words(Status status, std::string words) {
  status_ = status;
  words_ = std::move(words);
}

void FileLoader::begin_step(const Step& step) {
  action_ = step.action;
  names_ = step.names;
  const BootConfig& config = memory_.config;
  if (action_ == Action::kKernel && !config.kernel.empty()) names_ = {config.kernel};
  if (action_ == Action::kDtb && !config.device_tree.empty()) names_ = {config.device_tree};
  if (action_ == Action::kInitramfs && !config.initramfs.empty()) names_ = {config.initramfs};
  if (action_ == Action::kOverlays) {
    for (const std::string& overlay : config.overlays) names_.push_back(concat("overlays/", overlay, ".dtbo"));
  }
  for (std::string& name : names_) {
    if (!step.root_only) name.insert(0, memory_.prefix);
  }
  std::reverse(names_.begin(), names_.end());
}

void FileLoader::next_step(Time now) {
  names_.clear();
  while (names_.empty() && step_ < context_.plan.size()) {
    const Step& step = context_.plan[step_++];
    if (context_.full || !step.full_only) begin_step(step);
  }
  if (names_.empty()) {
    status_ = Status::kDone;
    return;
  }
  next_name(now);
}

void FileLoader::next_name(Time now) {
  current_ = names_.back();
  names_.pop_back();
  words_ = current_;
  const ExpectedFile* expected =
      context_.expected.is_checked(current_) ? context_.expected.find(current_, context_.identity) : nullptr;
  check_ = std::make_unique<FileCheck>(expected, current_.ends_with(kConfig));
  const bool probe = action_ == Action::kProbe || action_ == Action::kPrefix;
  transfer_ = std::make_unique<TftpClient>(context_.traits, current_, probe, memory_.next_port, *check_, findings_);
  transfer_->start(now);
  collect();
}

void FileLoader::collect() {
  for (TftpClient::Datagram& datagram : transfer_->take_outgoing()) outgoing_.push_back(std::move(datagram));
}

void FileLoader::receive(ByteView payload, std::uint16_t source_port, std::uint16_t destination_port, Time now) {
  if (!transfer_ || status_ != Status::kWorking || destination_port != transfer_->port()) {
    return findings_.add(Finding::kLatePacket);
  }
  transfer_->receive(payload, source_port, now);
  collect();
  after_transfer(now);
}

void FileLoader::wake(Time now) {
  if (!transfer_ || status_ != Status::kWorking) return;
  transfer_->wake(now);
  collect();
  after_transfer(now);
}

/// A file that came whole: is it the right one?
void FileLoader::finish_file() {
  ++counts_.files;
  counts_.bytes += transfer_->size_bytes();
  counts_.blocks += transfer_->blocks();
  if (!check_->matches()) {
    findings_.add(Finding::kContentDiffers);
    return fail_with_words(Status::kFailed, concat(current_, " has not the content that is expected"));
  }
  if (!current_.ends_with(kConfig)) return;
  if (memory_.config_text && *memory_.config_text != check_->kept()) {
    findings_.add(Finding::kContentDiffers);
    return fail_with_words(Status::kFailed, concat(current_, " changed during the boot"));
  }
  memory_.config_text = check_->kept();
  memory_.config = parse_boot_config(check_->kept(), context_.config_sections);
}

void FileLoader::after_transfer(Time now) {
  const TftpClient::Status status = transfer_->status();
  if (status == TftpClient::Status::kWorking) return;
  if (status == TftpClient::Status::kHung) {
    return fail_with_words(Status::kHung, concat("hung in ", current_, " at block ", transfer_->blocks()));
  }
  if (status == TftpClient::Status::kTimeout) {
    return fail_with_words(Status::kFailed, concat(current_, " timed out after ", transfer_->blocks(), " blocks"));
  }
  const bool found = status != TftpClient::Status::kMissing;
  const bool expected = context_.expected.find(current_, context_.identity) != nullptr;
  if (context_.expected.known() && found != expected && (!found || context_.expected.is_checked(current_))) {
    findings_.add(found ? Finding::kUnexpectedFile : Finding::kMissingFile);
  }
  if (!found) {
    ++counts_.absent;
    if (!names_.empty()) return next_name(now);
    if (action_ == Action::kPrefix) memory_.prefix.clear();
    if (needs_one(action_)) return fail_with_words(Status::kFailed, concat(current_, " is not there"));
    return next_step(now);
  }
  if (status == TftpClient::Status::kPresent) ++counts_.probes;
  if (status == TftpClient::Status::kComplete) finish_file();
  if (status_ != Status::kWorking) return;
  const bool one_is_enough = needs_one(action_) || action_ == Action::kPrefix;
  if (!one_is_enough && !names_.empty()) return next_name(now);
  next_step(now);
}

}  // namespace piman::pisim
