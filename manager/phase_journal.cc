// SPDX-License-Identifier: Apache-2.0
#include "manager/phase_journal.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "common/text.h"

namespace piman::manager {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// More nodes than an inventory has: those that left it. They begin anew.
constexpr std::size_t kMostBuckets = 100'000;

std::string words(double seconds) { return concat(std::round(seconds * 10) / 10, " s"); }

std::optional<InstallFact::Step> step_of_stage(std::string_view stage) {
  using Step = InstallFact::Step;
  if (stage == "format") return Step::kFormatting;
  if (stage == "download") return Step::kDownloading;
  // "write" comes when the checksum was right, and what was unpacked is brought to the disk.
  if (stage == "verify" || stage == "write") return Step::kVerifying;
  return std::nullopt;
}

/// The end of a session whose node is there again with a new one: that is late news of its boot before the present one.
bool is_replaced(std::string_view why) { return why == "replaced"; }

}  // namespace

std::optional<JournalEntry> PhaseJournal::entry_of(const PhaseChange& change) {
  const bool is_start = change.from == Phase::kPending && change.to == Phase::kUp;
  if (is_start) return std::nullopt;
  std::uint32_t left_out = 0;
  {
    const MutexLock lock(mutex_);
    if (buckets_.size() >= kMostBuckets && !buckets_.contains(change.node)) buckets_.clear();
    const auto [found, is_new] = buckets_.try_emplace(change.node);
    Bucket& bucket = found->second;
    if (is_new || change.at < bucket.refilled) bucket.refilled = change.at;
    const auto more = static_cast<std::uint64_t>((change.at - bucket.refilled) / kOneEach);
    bucket.refilled += kOneEach * static_cast<std::int64_t>(more);
    bucket.left = static_cast<std::uint32_t>(std::min<std::uint64_t>(kAtOnce, bucket.left + more));
    if (bucket.left == 0) {
      ++bucket.left_out;
      return std::nullopt;
    }
    --bucket.left;
    left_out = std::exchange(bucket.left_out, 0);
  }
  const double seconds = static_cast<double>(std::max<std::int64_t>(0, change.spent.count())) / 1000;
  const std::string from(to_string(change.from)), to(to_string(change.to));
  JournalEntry entry;
  entry.at_ms = duration_cast<milliseconds>(change.at.time_since_epoch()).count();
  entry.subject = change.node;
  if (change.from == change.to) {
    entry.kind = "stuck";
    entry.text = concat("stuck in ", to, " for ", words(seconds));
  } else {
    entry.kind = "phase";
    entry.text = concat(to, ", after ", words(seconds), " in ", from);
  }
  if (!change.detail.empty()) entry.text += concat(": ", change.detail);
  if (left_out > 0)
    entry.text += concat(" (", left_out, left_out == 1 ? " change" : " changes", " before it left out)");
  entry.data = {{"from", from}, {"to", to}, {"seconds", concat(seconds)}};
  if (!change.detail.empty()) entry.data.emplace_back("detail", change.detail);
  if (left_out > 0) entry.data.emplace_back("left_out", concat(left_out));
  return entry;
}

std::optional<InstallFact> install_fact(const netboot::install::InstallEvent& event) {
  using Step = InstallFact::Step;
  InstallFact fact;
  if (event.what == "hello") {
    fact.step = Step::kHello;
  } else if (event.what == "held") {
    fact.step = Step::kHeld;
    fact.detail = concat("waits for orders: ", event.result);
  } else if (event.what == "queued") {
    fact.step = Step::kQueued;
    fact.detail = "waits until others are installed";
  } else if (event.what == "started") {
    fact.step = Step::kFormatting;
    fact.detail = event.cause;
  } else if (event.what == "progress") {
    const auto step = step_of_stage(event.stage);
    if (!step) return std::nullopt;
    fact.step = *step;
    fact.percent = std::min(event.percent, 100U);
  } else if (event.what == "ended") {
    if (is_replaced(event.reason)) return std::nullopt;
    // What is cut off, by a cord that was pulled for example, has not failed: its next boot installs it.
    fact.step = event.result == "installed" ? Step::kInstalled : event.result == "cut" ? Step::kGone : Step::kFailed;
    fact.detail = event.result;
    if (!event.stage.empty()) fact.detail += concat(" in ", event.stage);
    if (!event.reason.empty()) fact.detail += concat(": ", event.reason);
  } else if (event.what == "boot") {
    fact.step = Step::kBooting;
  } else if (event.what == "closed") {
    if (is_replaced(event.result)) return std::nullopt;
    fact.step = Step::kGone;
    fact.detail = concat("the installer is gone: ", event.result);
  } else {
    return std::nullopt;
  }
  return fact;
}

}  // namespace piman::manager
