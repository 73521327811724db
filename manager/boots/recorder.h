// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/log.h"
#include "common/mutex.h"
#include "manager/boots/boot_log.h"
#include "manager/boots/pending_hosts.h"
#include "manager/store/store.h"
#include "netboot/hosts.h"
#include "netboot/observer.h"

/// Takes what netboot reports off the netboot thread, and keeps it: boots, pending hosts, counters, journal.
namespace piman::manager {

using NetbootEvent = std::variant<netboot::DhcpEvent, netboot::TransferEvent, netboot::ConsoleLine>;

/// Who counts what happens. Called on the recorder's thread.
class NetbootListener {
 public:
  virtual ~NetbootListener() = default;
  virtual void count(const NetbootEvent& event) = 0;
  virtual void count_end(const EndedBoot& boot) = 0;
  /// How far a node of the inventory has come.
  virtual void note(const std::string& /*node*/, const BootFact& /*fact*/, WallTime /*at*/) {}
};

struct RecorderSettings {
  BootLogLimits limits;
  bool records_pending = true;           ///< off where unknown machines are ignored
  std::size_t most_queued = 16384;       ///< events that wait; further ones are counted and lost
  std::chrono::milliseconds gather{50};  ///< how long events are gathered after the first one
};

/// Thread-safety: all methods may be called from any thread. on_*() take a lock for the time of a push_back; the work
/// is done by a thread of its own.
class Recorder final : public netboot::Observer {
 public:
  /// Begins with what `store` remembers. All references must outlive it. Errors: of reading the store.
  static Result<std::unique_ptr<Recorder>> start(const RecorderSettings& settings, const netboot::HostDirectory& hosts,
                                                 Store& store, NetbootListener& listener, const Clock& clock,
                                                 Logger& log);
  /// Takes in what is queued and gives everything to the store.
  ~Recorder() override;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void on_dhcp(const netboot::DhcpEvent& event) override;
  void on_transfer(const netboot::TransferEvent& event) override;
  void on_console(const netboot::ConsoleLine& line) override;
  void on_malformed(std::string_view protocol, std::string_view reason) override;

  /// Newest first.
  std::vector<Boot> boots_of(const MacAddress& mac) const;
  std::vector<PendingHost> pending() const;
  std::optional<PendingHost> find_pending(const MacAddress& mac) const;
  /// Drops pending hosts that are in the inventory by now; call it after each new inventory.
  void inventory_changed();

  struct Counts {
    std::size_t running_boots = 0, pending_hosts = 0;
    std::uint64_t lost_events = 0;        ///< that found the queue full
    std::uint64_t nobodys_transfers = 0;  ///< of addresses that no machine is known to have
    /// Malformed packets by protocol and reason.
    std::vector<std::pair<std::pair<std::string, std::string>, std::uint64_t>> malformed;
  };
  Counts counts() const;
  /// Waits until all events that were reported before have been taken in. For tests.
  void wait_until_idle();

 private:
  struct Queued {
    Moment at;
    NetbootEvent event;
  };

  Recorder(const RecorderSettings& settings, const netboot::HostDirectory& hosts, Store& store,
           NetbootListener& listener, const Clock& clock, Logger& log);
  void push(NetbootEvent event) PIMAN_EXCLUDES(queue_mutex_);
  void run(const std::stop_token& stop);
  void take_in(const std::vector<Queued>& events) PIMAN_EXCLUDES(state_mutex_);
  void give_out(BootLog::Output output, std::vector<PendingHosts::Change> changes);
  Moment now() const { return {clock_.steady(), clock_.wall()}; }

  const RecorderSettings settings_;
  const netboot::HostDirectory& hosts_;
  Store& store_;
  NetbootListener& listener_;
  const Clock& clock_;
  Logger& log_;

  mutable Mutex queue_mutex_;
  ConditionVariable queued_, taken_;
  std::vector<Queued> queue_ PIMAN_GUARDED_BY(queue_mutex_);
  bool is_busy_ PIMAN_GUARDED_BY(queue_mutex_) = false;
  bool is_hurried_ PIMAN_GUARDED_BY(queue_mutex_) = false;
  std::uint64_t lost_events_ PIMAN_GUARDED_BY(queue_mutex_) = 0;
  std::map<std::pair<std::string, std::string>, std::uint64_t, std::less<>> malformed_ PIMAN_GUARDED_BY(queue_mutex_);

  mutable Mutex state_mutex_;
  BootLog boots_ PIMAN_GUARDED_BY(state_mutex_);
  PendingHosts pending_ PIMAN_GUARDED_BY(state_mutex_);
  std::uint64_t nobodys_transfers_ PIMAN_GUARDED_BY(state_mutex_) = 0;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace piman::manager
