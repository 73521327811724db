// SPDX-License-Identifier: Apache-2.0
#include "manager/orders/install_progress.h"

#include <algorithm>
#include <array>

#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::array<std::string_view, kInstallStageCount> kWords = {"start",  "format", "download",
                                                                     "verify", "write",  "other"};

EndedStage ended_stage(const InstallProgress& progress, std::int64_t now_ms) {
  // The wall clock may have been set back meanwhile.
  const auto milliseconds = std::max<std::int64_t>(now_ms - progress.since_ms, 0);
  return {install_stage(progress.stage), static_cast<double>(milliseconds) / 1000};
}

std::string disk_words(const netboot::install::Disk& disk) {
  const double gigabytes = static_cast<double>(disk.size_bytes / 100'000'000) / 10;
  return concat(disk.path, ", ", gigabytes, " GB", disk.model.empty() ? "" : ", ", disk.model);
}

}  // namespace

std::string_view to_string(InstallStage stage) { return kWords[static_cast<std::size_t>(stage)]; }

InstallStage install_stage(std::string_view word) {
  if (word.empty() || word == "started") return InstallStage::kStart;
  for (std::size_t i = 0; i < kInstallStageCount; ++i) {
    if (kWords[i] == word) return static_cast<InstallStage>(i);
  }
  return InstallStage::kOther;
}

std::optional<EndedStage> follow(InstallProgress& progress, const netboot::install::InstallEvent& event,
                                 std::int64_t now_ms) {
  const std::string stage = event.what == "progress" || event.what == "ended" ? event.stage : std::string(event.what);
  const bool is_other = event.what != "disk" && stage != progress.stage;
  std::optional<EndedStage> ended;
  // An install that failed is told of with the stage that it was in.
  const bool ends_stage = event.what == "ended" || (event.what == "progress" && is_other);
  if (ends_stage && progress.install != 0) ended = ended_stage(progress, now_ms);
  if (is_other) {
    progress.stage = stage;
    progress.since_ms = now_ms;
    progress.percent = 0;
    progress.bytes = 0;
    progress.bytes_per_second = 0;
  }
  if (event.what == "progress") {
    if (event.bytes > progress.bytes && now_ms > progress.at_ms && !is_other) {
      progress.bytes_per_second =
          static_cast<double>(event.bytes - progress.bytes) * 1000.0 / static_cast<double>(now_ms - progress.at_ms);
    }
    progress.percent = event.percent;
    progress.bytes = event.bytes;
  }
  progress.at_ms = now_ms;
  progress.install = event.install_id;
  progress.why = std::string(event.result);
  if (event.disk) progress.disk = disk_words(*event.disk);
  return ended;
}

}  // namespace piman::manager
