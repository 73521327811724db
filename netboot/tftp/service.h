// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "netboot/asio.h"
#include "netboot/hosts.h"
#include "netboot/observer.h"
#include "netboot/tftp/active_transfers.h"
#include "netboot/tftp/boot_catalog.h"
#include "netboot/tftp/datagrams.h"
#include "netboot/tftp/request_rate.h"
#include "netboot/tftp/transfer.h"

/// The TFTP server (RFC 1350): hundreds of transfers on the io_context's one thread.
///
/// All transfers share one socket beside the one for requests. A client sees what it expects, a server port other than
/// 69 that stays the same for a whole transfer; and the answers of many clients are taken and given in batches, which
/// measured a tenth cheaper than a connected socket each, and simpler. One client alone in lock-step has nothing to
/// batch: its next ACK is waited for in the receive itself, for a turn of two milliseconds, in which the thread does
/// nothing else.
namespace piman::netboot::tftp {

enum class UnknownClients {
  kRefuse,        ///< ERROR 2
  kDefaultImage,  ///< they get the default image, and nothing of a node or a group
};

struct Settings {
  Ipv4Address address;         ///< to listen on; 0.0.0.0: all, answers leave from the address that was asked
  std::uint16_t port = 69;     ///< 0: any, see Service::port
  std::string interface = {};  ///< to take requests from only; empty: all
  OptionLimits options;
  TransferPolicy policy;  ///< its duplicates is chosen for each transfer
  UnknownClients unknown_clients = UnknownClients::kRefuse;
  std::size_t max_transfers = 2048;            ///< beyond, requests are dropped: the client asks again
  std::size_t max_transfers_of_a_client = 16;  ///< beyond, the one without progress for longest ends
  double requests_per_second = 100;            ///< of one client; a boot asks for some dozens in a second
  double requests_at_once = 200;
  std::size_t cache_bytes = FileCache::kDefaultBytes;
  /// Take turns for a lone client. Several services on one thread had better not: each would wait for the others'.
  bool waits_for_lone_client = true;
};

/// Who has this address? Called for each request on the service's thread.
using ClientLookup = std::function<std::optional<BootClient>(Ipv4Address)>;
/// From reservations alone. `directory` must outlive the function.
ClientLookup clients_of(const HostDirectory& directory);

/// Thread-safety: only on the io_context's thread.
class Service {
 public:
  /// Everything that is passed by reference must outlive the service. Errors: a socket can't be had.
  static Result<std::unique_ptr<Service>> start(asio::io_context& io, const Settings& settings, const BootFiles& files,
                                                ClientLookup find_client, Observer& observer);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  /// Running transfers end as "stopped"; nothing is sent any more. The io_context must not be running, or this be
  /// called on its thread; handlers that are still in it do nothing.
  ~Service();

  /// The port that requests are taken on.
  std::uint16_t port() const { return port_; }
  std::size_t transfers() const { return transfers_.size(); }
  /// How often the thread was a lone client's.
  std::uint64_t lone_turns() const { return lone_turns_; }
  /// The client at this address has begun a new boot: its templates are rendered anew.
  void begin_boot(Ipv4Address client) { catalog_.begin_boot(client); }

 private:
  using Socket = asio::posix::stream_descriptor;

  Service(asio::io_context& io, const Settings& settings, const BootFiles& files, ClientLookup find_client,
          Observer& observer, UniqueFd requests, UniqueFd engine);
  void wait_for_requests();
  void wait_for_answers();
  void on_requests();
  void on_answers();
  void give_lone_turn();
  void take_request(const ReceiveBatch::Packet& packet, SteadyTime now);
  void take_read_request(const Request& request, const ReceiveBatch::Packet& packet, SteadyTime now);
  Ipv4Address sender_for(const ReceiveBatch::Packet& packet) const;
  void take_answer(const ReceiveBatch::Packet& packet, SteadyTime now);
  void refuse(const Request& request, const ReceiveBatch::Packet& packet, ErrorCode code, std::string_view outcome,
              std::string_view text, const std::string& path = {});
  void send(SteadyTime now);
  void set_timer();

  Settings settings_;
  ClientLookup find_client_;
  Observer& observer_;
  BootCatalog catalog_;
  RequestRate rate_;
  ActiveTransfers transfers_;
  Socket requests_, engine_;
  asio::steady_timer timer_;
  SteadyTime timer_set_to_ = SteadyTime::max();
  ReceiveBatch received_;
  SendBatch batch_;
  bool waits_for_room_ = false;
  SteadyTime lone_turn_ended_{}, no_lone_turn_before_{};
  std::uint64_t lone_turns_ = 0;
  std::uint16_t port_;
  std::uint64_t last_id_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace piman::netboot::tftp
