// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"
#include "netboot/hosts.h"
#include "netboot/observer.h"

/// Lines out of what bootloaders send with NETCONSOLE: datagrams that begin and end anywhere in a line, from whoever
/// likes to send some. Pure: the time comes in.
namespace piman::netboot {

enum class ConsoleDrop {
  kTooFast,         ///< this client sends more than a bootloader does
  kTooManyClients,  ///< of all clients, as many as are remembered spoke just now
};
/// "too_fast", "too_many_clients".
std::string_view word(ConsoleDrop drop);

struct ConsoleLimits {
  std::size_t line_bytes = 240;  ///< a longer line is cut into several
  std::size_t clients = 2048;    ///< beyond, the one that was quiet for longest is forgotten
  /// A bootloader says some hundred lines in its first second and little later.
  double lines_per_second = 50;
  double lines_at_once = 500;
  std::chrono::milliseconds unfinished_line{2000};  ///< then what there is of it is a line
  std::chrono::seconds forget{60};                  ///< a client that was quiet for so long
};

struct ConsoleOutput {
  std::vector<ConsoleLine> lines;
  std::optional<ConsoleDrop> drop;  ///< what came was not, or not wholly, made into lines
};

/// Memory: at most `clients` times (`line_bytes` and about 200 bytes). Thread-safety: none.
class ConsoleLines {
 public:
  explicit ConsoleLines(ConsoleLimits limits = {}) : limits_(limits) {}

  /// A datagram from `client`. CR, LF and NUL end lines; empty ones are left away; escape sequences of terminals are
  /// left away; tabs become blanks, all else that is not printable ASCII becomes '?'.
  ConsoleOutput feed(Ipv4Address client, std::string_view bytes, SteadyTime now);

  /// Lines that nobody ended in time. Call again at next_flush().
  std::vector<ConsoleLine> flush(SteadyTime now);
  /// When flush has something to do; nothing while there are no unfinished lines.
  std::optional<SteadyTime> next_flush() const;

  std::size_t clients() const { return clients_.size(); }

 private:
  enum class Escape { kNone, kBegun, kSequence };
  struct Client {
    Ipv4Address address;
    std::string text;  ///< of the unfinished line
    Escape escape = Escape::kNone;
    double lines_left = 0;
    SteadyTime counted_at;
    SteadyTime heard_at;
  };
  using Clients = std::list<Client>;  ///< who spoke last stands at the end

  Client* client_of(Ipv4Address address, SteadyTime now);
  bool take_line(Client& client, SteadyTime now);
  void end_line(Client& client, ConsoleOutput& out, SteadyTime now);

  ConsoleLimits limits_;
  Clients clients_;
  std::unordered_map<Ipv4Address, Clients::iterator, HashAddress> by_address_;
};

}  // namespace piman::netboot
