// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/net_types.h"
#include "common/result.h"
#include "netboot/hosts.h"
#include "netboot/install/protocol.h"

/// What the installer asks (may this node's card be formatted, with what?) and tells. Who keeps the intents (the
/// manager's store) implements Intents, InstallObserver and ImageAccess. Words are fixed texts of static lifetime.
namespace piman::netboot::install {

struct Image {
  std::string name, version;
  std::string format;  ///< "tar.gz", "tar.xz" or "tar.zst"
  std::string sha256;  ///< of the file, 64 lower-case digits
  std::uint64_t size_bytes = 0;
  std::string path;  ///< where the file lies; opened once for each install
  bool operator==(const Image&) const = default;
};

/// Why a card is formatted.
enum class Cause {
  kReinstall,   ///< somebody asked for it, or an earlier install within the same intent did not end well
  kFirst,       ///< an accepted node that was never installed, under install.first: auto
  kAutoFormat,  ///< install.auto_format: always, and the node says that it is not installed
};
/// "reinstall", "first", "auto_format".
std::string_view word(Cause cause);

/// A recorded wish to install one node. Open until an installed node is well, it expires or is withdrawn.
struct InstallOrder {
  std::uint64_t id = 0;
  WallTime expires_at;
  Image image;
  /// An install of it succeeded, and the node was not seen to be well since: it counts only for a node that says that
  /// it has no system.
  bool was_installed = false;
};

/// What is on record of a node.
struct NodeRecord {
  enum class State {
    kNever,      ///< no install was ever begun
    kInstalled,  ///< the last one succeeded
    kBroken,     ///< the last one was begun, and nobody knows of its end: what is on the card is not to be trusted
  };
  State state = State::kNever;
  bool was_ever_installed = false;     ///< an install succeeded once, whatever came later
  bool accepted = false;               ///< an operator, or the configuration, knows this node
  std::optional<InstallOrder> order;   ///< the open one; an expired one may be given, and does not count
  std::optional<Image> default_image;  ///< what a first install takes; empty: there is none
};

struct Claim {
  Host node;
  Cause cause = Cause::kReinstall;
  std::uint64_t order_id = 0;  ///< of kReinstall; 0: the claim itself makes the record
  Image image;
};

struct Outcome {
  std::uint64_t install_id = 0;
  std::string_view result;  ///< "installed", "failed", "cut", "timed_out", "not_verified", ...; see session.cc
  std::string stage, reason;
  bool was_told = true;  ///< the client was told to format; else its card is as it was
};

/// Thread-safety: called on the netboot thread; must not block. `done` comes exactly once, from any thread, also before
/// the call returns, and not after the io_context of the service is gone.
class Intents {
 public:
  using Claimed = std::function<void(Result<std::uint64_t> install_id)>;
  using Finished = std::function<void(Result<void>)>;

  virtual ~Intents() = default;
  virtual NodeRecord record_of(const Host& node) = 0;
  /// Takes the order for one install, atomically: it is open, unexpired, this node's, not claimed by an install that
  /// runs, and has attempts left. Ok: it is on the disk that this install has begun, so that the node counts as
  /// kBroken from here on, whatever happens to this process. Only then is a card formatted.
  virtual void claim(const Claim& claim, Claimed done) = 0;
  /// How a claimed install ended. "installed" closes the order and makes the node kInstalled; all else leaves the order
  /// open until it expires; of an install that the client was not told of, the node is again what it was. Installs that
  /// a dead process left behind are to be ended as "cut" when the next one starts.
  virtual void finish(const Outcome& outcome, Finished done) = 0;
};

/// Something happened in a session.
struct InstallEvent {
  std::string_view what;  ///< "hello", "disk", "held", "queued", "started", "progress", "ended", "boot", "closed"
  Host node;
  std::uint64_t install_id = 0;  ///< 0: none is under way
  std::string_view cause;        ///< of "queued" and "started"
  std::string_view result;       ///< of "ended" as in Outcome; of "held", "closed" why
  std::string stage;
  std::string reason;  ///< in the client's words
  unsigned percent = 0;
  std::uint64_t bytes = 0;
  std::optional<Disk> disk;
  std::string_view dialect;  ///< "seed" or "piman"
};

/// Methods are called on the netboot thread and must return at once.
class InstallObserver {
 public:
  virtual ~InstallObserver() = default;
  virtual void on_install(const InstallEvent& event) = 0;
  /// Connections that never became a session: "unknown_client", "too_many_sessions", "no_install", ...
  virtual void on_refused(Ipv4Address client, std::string_view reason) = 0;
};

/// Lets one node fetch one image by HTTP while its install runs.
struct ImageGrant {
  std::string token;  ///< 32 hexadecimal digits, never used again
  Ipv4Address client;
  Image image;
  Host node = {};
};
/// Thread-safety: called on the netboot thread; must return at once.
class ImageAccess {
 public:
  virtual ~ImageAccess() = default;
  /// Whether a node that has a grant may ask for its agent's certificate, too.
  virtual bool gives_certificates() const { return false; }
  virtual void grant(const ImageGrant& grant) = 0;
  /// From here on the token is worth nothing; transfers under way end.
  virtual void revoke(std::string_view token) = 0;
};

}  // namespace piman::netboot::install
