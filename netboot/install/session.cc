// SPDX-License-Identifier: Apache-2.0
#include "netboot/install/session.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/text.h"

namespace piman::netboot::install {
namespace {

void append(Steps& to, Steps more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

unsigned percent_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0
             ? 100
             : static_cast<unsigned>(static_cast<double>(std::min(part, whole)) * 100.0 / static_cast<double>(whole));
}

}  // namespace

std::string_view word(Cause cause) {
  switch (cause) {
    case Cause::kReinstall:
      return "reinstall";
    case Cause::kFirst:
      return "first";
    case Cause::kAutoFormat:
      return "auto_format";
  }
  return "";
}

Session::Session(Host node, InstallPolicy policy, SessionLimits limits, Record record)
    : node_(std::move(node)), policy_(policy), limits_(limits), record_(std::move(record)) {}

InstallEvent Session::event(std::string_view what) const {
  InstallEvent event;
  event.what = what;
  event.node = node_;
  event.install_id = install_id_;
  if (plan_) event.cause = word(plan_->cause);
  event.dialect = capabilities_.version == 0 ? "seed" : "piman";
  return event;
}

void Session::enter(State state, Moment now) {
  state_ = state;
  entered_at_ = heard_at_ = looked_at_ = now.steady;
}

Steps Session::on_connected(const std::tm& local, Moment now) {
  enter(State::kHello, now);
  return {step::Send{encode_date(local)}};
}

Steps Session::on_line(std::string_view line, Moment now) {
  if (state_ == State::kEnded || state_ == State::kAbandoned) return {};
  heard_at_ = now.steady;
  Message message = parse_line(line);
  switch (message.said) {
    case Said::kNoise:
    case Said::kStep:
      return {};
    case Said::kCapabilities:
      // Only before the first decision: a client does not change its nature in the middle.
      if (state_ == State::kHello) capabilities_ = message.capabilities;
      return {};
    case Said::kDisk: {
      if (disk_) return {};
      disk_ = std::move(message.disk);
      InstallEvent out = event("disk");
      out.disk = disk_;
      return {step::Report{std::move(out)}};
    }
    case Said::kInstalled:
    case Said::kUninstalled: {
      // The first word counts. The seed's script can say IS_INSTALLED and then IS_UNINSTALLED when a card is slow to
      // unmount: that is no reason to format it.
      if (state_ != State::kHello) return {};
      says_installed_ = message.said == Said::kInstalled;
      InstallEvent out = event("hello");
      out.stage = says_installed_ ? "installed" : "uninstalled";
      Steps steps{step::Report{std::move(out)}};
      append(steps, decide(now));
      return steps;
    }
    case Said::kFormatted:
      return state_ == State::kInstalling ? on_formatted(now) : Steps{};
    case Said::kVerified:
      if (state_ == State::kInstalling) verified_ = message.text;
      return {};
    case Said::kProgress:
      return state_ == State::kInstalling ? on_progress(message, now) : Steps{};
    case Said::kFailed:
      if (state_ != State::kInstalling) return {};
      return finish("failed", std::move(message.word), std::move(message.text), now);
  }
  return {};
}

std::optional<Session::Plan> Session::plan(const NodeRecord& record, WallTime now) const {
  const bool is_open = record.order && record.order->expires_at > now && record.order->id != failed_order_ &&
                       !(record.order->was_installed && says_installed_);
  if (is_open) return Plan{Cause::kReinstall, record.order->id, record.order->image, record.order->expires_at};
  if (says_installed_ || failed_order_ || !record.default_image) return std::nullopt;
  if (policy_.auto_format) return Plan{Cause::kAutoFormat, 0, *record.default_image, {}};
  if (policy_.first_auto && record.accepted && !record.was_ever_installed &&
      record.state != NodeRecord::State::kInstalled) {
    return Plan{Cause::kFirst, 0, *record.default_image, {}};
  }
  return std::nullopt;
}

bool Session::takes_offer() const { return policy_.offers_http && capabilities_.http && capabilities_.sha256; }

bool Session::can_unpack(const Image& image) const {
  if (image.format == "tar.gz") return true;
  // Whoever takes the raw stream is the seed's `gunzip`.
  if (!takes_offer()) return false;
  return (image.format == "tar.xz" && capabilities_.xz) || (image.format == "tar.zst" && capabilities_.zstd);
}

Steps Session::decide(Moment now) {
  looked_at_ = now.steady;
  const NodeRecord record = record_();
  plan_ = plan(record, now.wall);
  if (!plan_) {
    if (says_installed_ && record.state != NodeRecord::State::kBroken) return boot(now);
    if (failed_order_) return hold("install_failed", now);
    return hold(says_installed_ ? "half_installed" : "no_intent", now);
  }
  if (!can_unpack(plan_->image)) return hold("image_format", now);
  enter(State::kQueued, now);
  Steps steps{step::Report{event("queued")}};
  if (capabilities_.version != 0) steps.emplace_back(step::Send{encode_wait("queued")});
  steps.emplace_back(step::WantSlot{});
  return steps;
}

/// The client waits for orders; said once for each reason.
Steps Session::hold(std::string_view why, Moment now) {
  plan_.reset();
  install_id_ = 0;
  const bool was_held = state_ == State::kHeld && held_for_ == why;
  if (was_held) return {};
  // Going from one reason to another is no new lease of patience.
  if (state_ == State::kHeld) {
    looked_at_ = now.steady;
  } else {
    enter(State::kHeld, now);
  }
  held_for_ = why;
  InstallEvent out = event("held");
  out.result = why;
  Steps steps{step::Report{std::move(out)}};
  if (capabilities_.version != 0) steps.emplace_back(step::Send{encode_wait(why)});
  return steps;
}

Steps Session::boot(Moment now) {
  enter(State::kBooting, now);
  return {step::Report{event("boot")}, step::Send{encode_boot()}};
}

Steps Session::on_granted(Moment now) {
  if (state_ != State::kQueued) return {step::Release{}};
  // What was true when it queued may have been withdrawn since.
  const std::optional<Plan> still = plan(record_(), now.wall);
  if (!still || still->order_id != plan_->order_id || still->cause != plan_->cause || still->image != plan_->image) {
    Steps steps{step::Release{}};
    append(steps, decide(now));
    return steps;
  }
  enter(State::kClaiming, now);
  return {step::Claim{plan_->cause, plan_->order_id, plan_->image}};
}

Steps Session::on_claimed(const Result<std::uint64_t>& install_id, Moment now) {
  if (state_ != State::kClaiming && state_ != State::kAbandoned) return {};
  if (!install_id) {
    if (state_ == State::kAbandoned) {
      state_ = State::kEnded;
      return {step::Release{}};
    }
    failed_order_ = plan_->order_id;  // a new session may try again, this one does not insist
    Steps steps{step::Release{}};
    append(steps, hold("claim_refused", now));
    return steps;
  }
  install_id_ = *install_id;
  was_told_ = false;
  if (state_ == State::kAbandoned) {
    state_ = State::kInstalling;  // so that the end is recorded
    Steps steps = finish("cut", "claim", "the client went away", now);
    state_ = State::kAbandoned;
    return steps;
  }
  if (plan_->expires_at && *plan_->expires_at <= now.wall) {
    return finish("expired", "claim", "the order expired while it was claimed", now);
  }
  return begin(now);
}

Steps Session::begin(Moment now) {
  enter(State::kInstalling, now);
  was_told_ = true;
  by_http_ = takes_offer();
  verified_.clear();
  stream_ = StreamState::kNone;
  stream_bytes_ = 0;
  formatted_at_.reset();
  reported_at_.reset();
  unreported_.reset();
  Steps steps{step::Report{event("started")}};
  if (by_http_) {
    steps.emplace_back(step::SendOffer{plan_->image, install_id_});
  } else {
    // The image first: a card is not formatted for a file that can't be read.
    steps.emplace_back(step::AllowStream{plan_->image});
    steps.emplace_back(step::Send{encode_format()});
  }
  return steps;
}

Steps Session::on_image_failed(std::string_view why, Moment now) {
  if (state_ != State::kInstalling) return {};
  was_told_ = false;
  return finish("failed", "image", std::string(why), now);
}

Steps Session::on_progress(const Message& message, Moment now) {
  if (reported_at_) {
    // A client that changes its stage with each line is no reason to flood whoever listens.
    const bool is_same_stage = reported_stage_ == message.word;
    if (now.steady - *reported_at_ < (is_same_stage ? limits_.progress : limits_.progress / 10)) {
      unreported_ = message;
      return {};
    }
  }
  unreported_.reset();
  reported_at_ = now.steady;
  reported_stage_ = message.word;
  InstallEvent out = event("progress");
  out.stage = message.word;
  out.percent = message.percent;
  out.bytes = message.bytes;
  return {step::Report{std::move(out)}};
}

Steps Session::on_stream(StreamState state, std::uint64_t sent_bytes, Moment now) {
  if (state_ != State::kInstalling || by_http_) return {};
  if (sent_bytes != stream_bytes_ || state != stream_) heard_at_ = now.steady;
  stream_ = state;
  stream_bytes_ = sent_bytes;
  if (formatted_at_ && state != StreamState::kRunning) return on_formatted(now);
  if (state == StreamState::kNone) return {};
  Message progress;
  progress.word = "download";
  progress.percent = percent_of(sent_bytes, plan_->image.size_bytes);
  progress.bytes = sent_bytes;
  return on_progress(progress, now);
}

/// IS_FORMATTED: believed only with the proof that belongs to the way that the image took.
Steps Session::on_formatted(Moment now) {
  if (!verified_.empty() && verified_ != plan_->image.sha256) {
    return finish("not_verified", "verify", "another SHA-256 than the image's", now);
  }
  if (by_http_) {
    if (verified_.empty()) return finish("not_verified", "verify", "IS_FORMATTED without VERIFIED", now);
    return finish("installed", "", "", now);
  }
  switch (stream_) {
    case StreamState::kComplete:
      return finish("installed", "", "", now);
    case StreamState::kRunning:
      if (!formatted_at_) formatted_at_ = now.steady;
      return {};
    case StreamState::kNone:
    case StreamState::kCut:
      break;
  }
  return finish("not_verified", "download", "the image was not taken as a whole", now);
}

Steps Session::finish(std::string_view result, std::string stage, std::string reason, Moment now) {
  result_ = result;
  enter(State::kFinishing, now);
  InstallEvent out = event("ended");
  out.result = result;
  out.stage = stage;
  out.reason = reason;
  return {step::Finish{{install_id_, result, std::move(stage), std::move(reason), was_told_}},
          step::Report{std::move(out)}};
}

Steps Session::on_finished(const Result<void>& recorded, Moment now) {
  if (state_ == State::kAbandoned) {
    state_ = State::kEnded;
    return {};
  }
  if (state_ != State::kFinishing) return {};
  if (result_ == "installed") {
    // The seed's script ends when the server closes; ours takes it as the word that all is on record.
    InstallEvent out = event("closed");
    out.result = recorded ? "installed" : "not_recorded";
    state_ = State::kEnded;
    return {step::Report{std::move(out)}, step::Close{}};
  }
  if (peer_is_gone_) {
    state_ = State::kEnded;
    return {step::Close{}};
  }
  // Of a first install the claim itself has made the order.
  failed_order_ = plan_->order_id;
  if (plan_->order_id == 0) {
    if (const NodeRecord record = record_(); record.order) failed_order_ = record.order->id;
  }
  return hold("install_failed", now);
}

Steps Session::on_closed(std::string_view why, Moment now) {
  Steps steps;
  switch (state_) {
    case State::kEnded:
    case State::kAbandoned:
      return {};
    case State::kInstalling:
      if (formatted_at_ && why == "closed") {  // it has nothing more to say; the image's way still has
        peer_is_gone_ = true;
        return {};
      }
      steps = finish(why == "timed_out" ? "timed_out" : "cut", reported_stage_, std::string(why), now);
      state_ = State::kAbandoned;  // until the end is on record
      break;
    case State::kClaiming:
    case State::kFinishing:
      state_ = State::kAbandoned;
      break;
    case State::kHello:
    case State::kHeld:
    case State::kQueued:
    case State::kBooting:
      steps.emplace_back(step::Release{});
      state_ = State::kEnded;
      break;
  }
  InstallEvent out = event("closed");
  out.result = why;
  steps.emplace_back(step::Report{std::move(out)});
  steps.emplace_back(step::Close{});
  return steps;
}

Steps Session::on_tick(Moment now) {
  const auto in_state = now.steady - entered_at_;
  switch (state_) {
    case State::kHello:
      if (in_state >= limits_.hello) return on_closed("no_hello", now);
      break;
    case State::kHeld: {
      if (in_state >= limits_.held) {
        // Perhaps the card answers now; nothing is lost by trying. Half a system is not to be started, though.
        if (record_().state == NodeRecord::State::kBroken) return on_closed("held_too_long", now);
        return boot(now);
      }
      if (now.steady - looked_at_ < limits_.look_again) break;
      const SteadyTime since = entered_at_;
      Steps steps = decide(now);
      if (state_ == State::kHeld) entered_at_ = since;
      return steps;
    }
    case State::kQueued:
      if (in_state >= limits_.queued) return on_closed("queued_too_long", now);
      break;
    case State::kClaiming:
    case State::kFinishing:
      if (in_state >= limits_.claim) return on_closed("record_too_slow", now);
      break;
    case State::kInstalling:
      if (formatted_at_ && now.steady - *formatted_at_ >= limits_.stream_end) {
        return finish("not_verified", "download", "the end of the image was never acknowledged", now);
      }
      if (now.steady - heard_at_ >= limits_.silence || in_state >= limits_.install) return on_closed("timed_out", now);
      if (unreported_) return on_progress(Message(*unreported_), now);
      break;
    case State::kBooting:
      if (in_state >= limits_.boot) return on_closed("still_open", now);
      break;
    case State::kAbandoned:
    case State::kEnded:
      break;
  }
  return {};
}

}  // namespace piman::netboot::install
