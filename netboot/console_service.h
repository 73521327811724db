// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/net_types.h"
#include "common/result.h"
#include "netboot/asio.h"
#include "netboot/console.h"
#include "netboot/observer.h"

/// Receives what Raspberry Pi bootloaders say with NETCONSOLE in their EEPROM's configuration (UDP port 6666), and
/// nothing is ever sent back. Lines go to Observer::on_console, drops to Observer::on_malformed("console", reason).
namespace piman::netboot {

struct ConsoleSettings {
  Ipv4Address address;        ///< 0.0.0.0: every one, and broadcasts, which bootloaders send before they know better
  std::uint16_t port = 6666;  ///< 0: a free one, see port()
  ConsoleLimits limits;
};

/// Thread-safety: none; all of it on the io_context's one thread.
class ConsoleService {
 public:
  /// `io` and `observer` must outlive it. Errors: the port is taken or forbidden.
  static Result<std::unique_ptr<ConsoleService>> start(asio::io_context& io, const ConsoleSettings& settings,
                                                       Observer& observer);
  ~ConsoleService();
  ConsoleService(const ConsoleService&) = delete;
  ConsoleService& operator=(const ConsoleService&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  ConsoleService(asio::io_context& io, const ConsoleSettings& settings, Observer& observer);
  void wait_for_datagrams();
  void on_datagrams();
  void wait_for_flush();
  void on_flush();

  Observer& observer_;
  ConsoleLines lines_;
  asio::ip::udp::socket socket_;
  asio::steady_timer timer_;
  SteadyTime timer_set_to_ = SteadyTime::max();
  std::uint16_t port_ = 0;
  std::vector<char> buffer_;
  /// Handlers that asio still holds when the service goes find this gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace piman::netboot
