// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "netboot/install/orders.h"
#include "netboot/install/protocol.h"

/// One client on port 3333, from its hello to its boot: what is said and done, and above all whether its card is
/// formatted. Pure: what happens comes in with the time, what is to be done comes out in order.
///
/// Three things must be true before "format" or "install" leaves: the node's record calls for it, the session has a
/// slot, and Intents::claim has said that the beginning is on the disk. A client's word alone is none of them.
namespace piman::netboot::install {

struct InstallPolicy {
  bool first_auto = false;   ///< accepted nodes that were never installed are, when they say that they are not
  bool auto_format = false;  ///< as the seed: whoever says IS_UNINSTALLED is formatted
  bool offers_http = false;  ///< images can be fetched by HTTP here
};

struct SessionLimits {
  std::chrono::seconds hello{180};           ///< until it says whether it is installed; old cards are slow to mount
  std::chrono::seconds held{300};            ///< then it is told to boot what it has
  std::chrono::seconds look_again{2};        ///< how often the record of a held node is read
  std::chrono::hours queued{6};              ///< in the queue of installs
  std::chrono::seconds claim{30};            ///< for a claim, and for an end, to be on record
  std::chrono::minutes silence{10};          ///< of an install, neither a line nor a byte of the image
  std::chrono::hours install{3};             ///< for the whole of one
  std::chrono::seconds stream_end{30};       ///< from IS_FORMATTED on, until the kernel knows that the image arrived
  std::chrono::minutes boot{10};             ///< until a client that boots has closed
  std::chrono::milliseconds progress{1000};  ///< between two reports of it
};

struct Moment {
  SteadyTime steady;
  WallTime wall;
};

namespace step {
struct Send {
  std::string text;
};
/// A slot of the installs that run; comes as on_granted().
struct WantSlot {};
/// Intents::claim; comes as on_claimed(). The node is the session's.
struct Claim {
  Cause cause;
  std::uint64_t order_id;
  Image image;
};
/// Open the image and expect the client on port 4444, from now until the session ends; comes as on_stream().
struct AllowStream {
  Image image;
};
/// Make a token for the image, which ends with the session, and send the offer with its URL filled in.
struct SendOffer {
  Image image;
  std::uint64_t install_id;
};
/// Intents::finish; comes as on_finished(). The slot, the stream and the token end here.
struct Finish {
  Outcome outcome;
};
/// The slot, the stream and the token end, where there are any.
struct Release {};
struct Report {
  InstallEvent event;
};
/// What was sent before leaves before the end.
struct Close {};
}  // namespace step
using Step = std::variant<step::Send, step::WantSlot, step::Claim, step::AllowStream, step::SendOffer, step::Finish,
                          step::Release, step::Report, step::Close>;
using Steps = std::vector<Step>;

enum class StreamState {
  kNone,
  kRunning,
  kComplete,  ///< the client's kernel has every byte
  kCut,
};

/// Thread-safety: none.
class Session {
 public:
  using Record = std::function<NodeRecord()>;
  enum class State { kHello, kHeld, kQueued, kClaiming, kInstalling, kFinishing, kBooting, kAbandoned, kEnded };

  /// `record` reads what is on record of `node` at the moment of the call.
  Session(Host node, InstallPolicy policy, SessionLimits limits, Record record);

  Steps on_connected(const std::tm& local, Moment now);
  Steps on_line(std::string_view line, Moment now);
  /// The connection is gone: "closed" by the client, else why we end it.
  Steps on_closed(std::string_view why, Moment now);
  Steps on_tick(Moment now);
  Steps on_granted(Moment now);
  Steps on_claimed(const Result<std::uint64_t>& install_id, Moment now);
  /// The image could not be opened, or the offer not be made.
  Steps on_image_failed(std::string_view why, Moment now);
  Steps on_stream(StreamState state, std::uint64_t sent_bytes, Moment now);
  Steps on_finished(const Result<void>& recorded, Moment now);

  State state() const { return state_; }
  const Host& node() const { return node_; }
  /// Nothing is awaited any more: neither from the client nor from Intents.
  bool has_ended() const { return state_ == State::kEnded; }

 private:
  struct Plan {
    Cause cause;
    std::uint64_t order_id = 0;
    Image image;
    std::optional<WallTime> expires_at = {};
  };
  void enter(State state, Moment now);
  std::optional<Plan> plan(const NodeRecord& record, WallTime now) const;
  bool can_unpack(const Image& image) const;
  bool takes_offer() const;
  Steps decide(Moment now);
  Steps hold(std::string_view why, Moment now);
  Steps boot(Moment now);
  Steps begin(Moment now);
  Steps on_formatted(Moment now);
  Steps finish(std::string_view result, std::string stage, std::string reason, Moment now);
  Steps on_progress(const Message& message, Moment now);
  InstallEvent event(std::string_view what) const;

  Host node_;
  InstallPolicy policy_;
  SessionLimits limits_;
  Record record_;
  State state_ = State::kHello;
  SteadyTime entered_at_, heard_at_, looked_at_;
  std::optional<SteadyTime> reported_at_;
  std::string reported_stage_;
  std::optional<Message> unreported_;  ///< the last progress, where it came too soon after the one before
  Capabilities capabilities_;
  std::optional<Disk> disk_;
  bool says_installed_ = false;
  std::optional<Plan> plan_;
  std::optional<std::uint64_t> failed_order_;  ///< not taken a second time in this session
  std::string_view held_for_;
  std::uint64_t install_id_ = 0;
  bool was_told_ = false;  ///< to format, by the present install
  bool by_http_ = false;
  std::string verified_;
  StreamState stream_ = StreamState::kNone;
  std::uint64_t stream_bytes_ = 0;
  std::optional<SteadyTime> formatted_at_;  ///< IS_FORMATTED came while the stream's end was not known
  bool peer_is_gone_ = false;               ///< after IS_FORMATTED, as the seed's script does
  std::string_view result_;
};

}  // namespace piman::netboot::install
