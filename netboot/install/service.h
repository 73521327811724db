// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "netboot/asio.h"
#include "netboot/install/image_streams.h"
#include "netboot/install/orders.h"
#include "netboot/install/session.h"
#include "netboot/install/slots.h"

/// The installer on the wire: hellos on port 3333, images on port 4444; hundreds of sessions on the io_context's one
/// thread. It decides nothing: sessions do.
namespace piman::netboot::install {

struct Settings {
  Ipv4Address address;                  ///< to listen on; 0.0.0.0: all
  std::vector<std::string> interfaces;  ///< to listen on only; empty: all
  std::uint16_t hello_port = 3333;      ///< 0: a free one, see hello_port()
  std::uint16_t image_port = 4444;      ///< 0: a free one
  InstallPolicy policy;                 ///< its offers_http is made from http_port
  std::uint16_t http_port = 0;  ///< where ImageAccess is served, at the address that the client talks to; 0: nowhere
  SessionLimits limits;
  LineLimits lines;
  SlotLimits slots;
  std::size_t max_sessions = 2048;
  std::size_t piece_bytes = 128 * 1024;  ///< of an image, sent to one client before the next one has its turn
  std::chrono::seconds stalled{300};     ///< a client that takes nothing of its image; old cards pause for long
  unsigned max_streams = 8;              ///< attempts at one image within one session
};

/// Who has this address? As for TFTP.
using NodeLookup = std::function<std::optional<Host>(Ipv4Address)>;
/// What nodes have in common that installs must not overload, such as their switch.
using GroupOf = std::function<std::string(const Host&)>;

struct Parts {
  NodeLookup find_node;
  GroupOf group_of;
  Intents& intents;
  InstallObserver& observer;
  ImageAccess* images = nullptr;  ///< null: nothing by HTTP
};

/// Thread-safety: only on the io_context's thread.
class Service {
 public:
  /// What `parts` refers to must outlive the service; the io_context must outlive every call of Intents' callbacks.
  /// Errors: a port or an interface can't be had.
  static Result<std::unique_ptr<Service>> start(asio::io_context& io, const Settings& settings, Parts parts);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  /// Sessions end without a word. What they had claimed stays begun, as after a crash: nothing is called installed.
  ~Service();

  std::uint16_t hello_port() const { return hello_port_; }
  std::uint16_t image_port() const { return image_port_; }
  std::size_t sessions() const { return clients_.size(); }

 private:
  using Socket = asio::posix::stream_descriptor;
  struct Client;
  struct Peer {
    UniqueFd socket;
    Ipv4Address address, local;
  };
  using OnPeer = void (Service::*)(Peer peer);

  Service(asio::io_context& io, const Settings& settings, Parts parts);
  Result<void> listen(const std::string& interface, std::uint16_t& port, OnPeer on_peer);
  void wait_for_peers(std::size_t listener);
  void on_hello(Peer peer);
  void on_image(Peer peer);
  Client* find(std::uint64_t id);
  /// For handlers: the client may have gone since, and may go now.
  void visit(std::uint64_t id, const std::function<void(Client&)>& act);
  void wait_for_lines(Client& client);
  void on_readable(Client& client);
  void look_at_stream(Client& client);
  void run(Client& client, Steps steps);
  bool run_one(Client& client, Step& step, Steps& more);
  void write(Client& client, std::string_view text);
  void flush(Client& client);
  void close(Client& client);
  void claim(Client& client, const step::Claim& wanted);
  void finish(Client& client, const Outcome& outcome);
  Result<void> send_offer(Client& client, const step::SendOffer& offer);
  void release(Client& client);
  void schedule_grants();
  void reap(std::uint64_t id);
  void set_timer();
  void on_timer();

  asio::io_context& io_;
  Settings settings_;
  Parts parts_;
  Slots slots_;
  ImageStreams streams_;
  struct Listener {
    std::unique_ptr<Socket> socket;
    OnPeer on_peer;
  };
  std::vector<Listener> listeners_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::unordered_map<Ipv4Address, std::uint64_t, HashAddress> by_address_;  ///< who is connected now
  asio::steady_timer timer_;
  std::uint64_t last_id_ = 0;
  std::uint16_t hello_port_ = 0, image_port_ = 0;
  bool grants_are_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace piman::netboot::install
