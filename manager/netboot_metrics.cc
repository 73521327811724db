// SPDX-License-Identifier: Apache-2.0
#include "manager/netboot_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>

#include "common/mutex.h"
#include "common/own_metrics.h"
#include "common/text.h"
#include "netboot/dhcp/drop.h"

namespace piman::manager {
namespace {

using prom_text::Family;
using prom_text::Type;
using prom_text::Writer;
using Registry = prometheus::Registry;

/// More label values than this in one family are not netboot's words any more.
constexpr std::size_t kMostWords = 64;

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kDhcpResults = {
    {{"DISCOVER", "OFFER"}, {"DISCOVER", "none"}, {"REQUEST", "ACK"}, {"REQUEST", "NAK"}, {"REQUEST", "none"}}};
constexpr std::array<std::string_view, 16> kOutcomes = {
    "complete", "probe",     "not_found",    "aborted",    "timed_out", "too_long", "stopped",     "replaced",
    "bad_name", "forbidden", "bad_template", "unreadable", "too_large", "bad_mode", "crowded_out", "unknown_client"};
/// Transfers of which the end was lost must not be remembered for ever.
constexpr std::size_t kMostRunning = 65'536;
constexpr std::array kBootStates = {BootState::kBooted, BootState::kLoaded, BootState::kStuck, BootState::kRestarted,
                                    BootState::kAddressOnly};

prometheus::Counter& plain_counter(Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

/// A counter for each value of one label, made when it is first needed. Once there, it stays.
class WordCounter {
 public:
  WordCounter(Registry& registry, const std::string& name, const std::string& help, std::string label)
      : family_(prometheus::BuildCounter().Name(name).Help(help).Register(registry)), label_(std::move(label)) {}

  prometheus::Counter& at(std::string_view word) {
    const auto found = counters_.find(word);
    if (found != counters_.end()) return *found->second;
    const std::string_view kept = counters_.size() < kMostWords ? word : std::string_view("other");
    prometheus::Counter& counter = family_.Add({{label_, std::string(kept)}});
    if (kept == word) counters_.emplace(kept, &counter);
    return counter;
  }

 private:
  prometheus::Family<prometheus::Counter>& family_;
  const std::string label_;
  std::map<std::string, prometheus::Counter*, std::less<>> counters_;
};

/// What is counted of the transfers of one protocol.
struct TransferCounters {
  TransferCounters(Registry& registry, const std::string& prefix, const std::string& what)
      : outcomes(registry, prefix + "_transfers_total",
                 concat("File transfers over ", what, " that ended, by outcome."), "outcome"),
        bytes(plain_counter(registry, prefix + "_sent_bytes_total",
                            concat("Bytes of files sent over ", what, " that arrived."))),
        blocks(plain_counter(registry, prefix + "_blocks_total", concat("Blocks sent over ", what, " that arrived."))),
        retransmits(plain_counter(registry, prefix + "_retransmits_total",
                                  concat("Blocks sent over ", what, " once more because they were not acknowledged."))),
        running(prometheus::BuildGauge()
                    .Name(prefix + "_transfers_running")
                    .Help(concat("File transfers over ", what, " that are on their way."))
                    .Register(registry)
                    .Add({})),
        duration(
            prometheus::BuildHistogram()
                .Name(prefix + "_transfer_duration_seconds")
                .Help(concat("How long complete file transfers over ", what, " took, in seconds."))
                .Register(registry)
                .Add({}, prometheus::Histogram::BucketBoundaries{0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300})) {
    for (const std::string_view outcome : kOutcomes) outcomes.at(outcome);
  }

  void count(const netboot::TransferEvent& event) {
    if (event.outcome == "started") {
      if (started.size() < kMostRunning) started.insert(event.id);
    } else {
      started.erase(event.id);  // what could not be served never started
    }
    running.Set(static_cast<double>(started.size()));
    if (event.outcome == "started") return;
    outcomes.at(event.outcome).Increment();
    bytes.Increment(static_cast<double>(event.sent_bytes));
    blocks.Increment(static_cast<double>(event.blocks));
    retransmits.Increment(static_cast<double>(event.retransmits));
    if (event.outcome == "complete") duration.Observe(to_seconds(event.duration));
  }

  WordCounter outcomes;
  prometheus::Counter& bytes;
  prometheus::Counter& blocks;
  prometheus::Counter& retransmits;
  std::unordered_set<std::uint64_t> started;  ///< ids of those on their way
  prometheus::Gauge& running;
  prometheus::Histogram& duration;
};

struct Families {
  Family leases{"piman_dhcp_leases", Type::kGauge,
                "Stored leases in each state; expired ones are kept as a memory of who had the address."};
  Family dhcp_malformed{"piman_dhcp_malformed_total", Type::kCounter,
                        "Packets to the DHCP port that were no DHCP message, by reason."};
  Family tftp_malformed{"piman_tftp_malformed_total", Type::kCounter,
                        "Packets to the TFTP port that were no TFTP packet, by reason."};
  Family running{"piman_boots_running", Type::kGauge, "Boots that are under way."};
  Family pending{"piman_pending_hosts", Type::kGauge, "Machines that asked to boot and are not in the inventory."};
  Family lost{"piman_netboot_lost_events_total", Type::kCounter,
              "Events of netboot that came faster than they could be recorded; timelines and counters lack them."};
  Family nobodys{"piman_netboot_unknown_transfers_total", Type::kCounter,
                 "Events of transfers to addresses that no machine is known to have."};
  Family commits{"piman_store_commits_total", Type::kCounter, "Transactions that stored leases."};
  Family commit_seconds{"piman_store_commit_seconds_total", Type::kCounter,
                        "Time spent in transactions that store leases, in seconds."};
  Family changes{"piman_store_lease_changes_total", Type::kCounter, "Changes of leases that were stored."};
  Family failures{"piman_store_failures_total", Type::kCounter, "Transactions that failed, by reason."};
  Family failing{"piman_store_failing", Type::kGauge,
                 "Whether the last transaction failed (1) or not (0): while it does, no lease is given."};
  Family dropped{"piman_store_dropped_total", Type::kCounter,
                 "Boots, pending hosts and journal lines that were not stored because too many waited."};
  Family set_aside{"piman_store_set_aside_files", Type::kGauge,
                   "Databases that were damaged, were set aside, and still lie there."};
};

void write_malformed(Writer& out, const Family& family, std::string_view protocol, const Recorder::Counts& counts) {
  out.family(family);
  for (const auto& [key, count] : counts.malformed) {
    if (key.first == protocol) out.sample({{"reason", key.second}}, count);
  }
}

}  // namespace

struct NetbootMetrics::Counters {
  Registry registry;
  prometheus::Family<prometheus::Counter>& messages = prometheus::BuildCounter()
                                                          .Name("piman_dhcp_messages_total")
                                                          .Help("DHCP messages received, by type and by what was sent.")
                                                          .Register(registry);
  Mutex mutex;  ///< netboot's events come from one thread; this is for whoever else counts
  std::map<std::pair<std::string, std::string>, prometheus::Counter*> message_counters PIMAN_GUARDED_BY(mutex);
  WordCounter drops PIMAN_GUARDED_BY(mutex){registry, "piman_dhcp_dropped_total",
                                            "DHCP messages received that got no answer, by reason.", "reason"};
  WordCounter models PIMAN_GUARDED_BY(mutex){registry, "piman_dhcp_discovers_total",
                                             "DISCOVERs received, by what sent them.", "model"};
  TransferCounters tftp PIMAN_GUARDED_BY(mutex){registry, "piman_tftp", "TFTP"};
  TransferCounters http PIMAN_GUARDED_BY(mutex){registry, "piman_http_boot", "HTTP to nodes that boot"};
  prometheus::Counter& console_lines =
      plain_counter(registry, "piman_console_lines_total", "Lines received from bootloaders (NETCONSOLE).");
  WordCounter boots PIMAN_GUARDED_BY(mutex){registry, "piman_boots_total", "Boots that ended, by how.", "state"};
  prometheus::Histogram& duration =
      prometheus::BuildHistogram()
          .Name("piman_boot_duration_seconds")
          .Help("From the first DISCOVER until the system asked for its address, in seconds.")
          .Register(registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600});
  Families families;

  // Every series from the start: increase() over one that appears with its first event would miss that one.
  Counters() {
    for (const auto& [type, result] : kDhcpResults) message(type, result);
    using netboot::dhcp::Drop;
    for (auto i = static_cast<int>(Drop::kNone) + 1; i <= static_cast<int>(Drop::kBusy); ++i) {
      drops.at(netboot::dhcp::to_text(static_cast<Drop>(i)));
    }
    for (const BootState state : kBootStates) boots.at(to_string(state));
  }

  prometheus::Counter& message(std::string_view type, std::string_view result) PIMAN_REQUIRES(mutex) {
    auto key = std::pair(std::string(type), std::string(result));
    const auto found = message_counters.find(key);
    if (found != message_counters.end()) return *found->second;
    if (message_counters.size() >= kMostWords) key = {"other", "other"};
    prometheus::Counter& counter = messages.Add({{"type", key.first}, {"result", key.second}});
    message_counters.insert_or_assign(std::move(key), &counter);
    return counter;
  }

  void count(const netboot::DhcpEvent& event) PIMAN_REQUIRES(mutex) {
    if (event.drop_reason == "probing") {  // the same message is told of again when the wire was asked
      drops.at(event.drop_reason).Increment();
      return;
    }
    message(event.received, event.sent.empty() ? std::string_view("none") : event.sent).Increment();
    if (!event.drop_reason.empty()) drops.at(event.drop_reason).Increment();
    if (event.received == "DISCOVER") models.at(event.client.model.empty() ? "other" : event.client.model).Increment();
  }
  void count(const netboot::TransferEvent& event) PIMAN_REQUIRES(mutex) {
    (event.protocol == "http" ? http : tftp).count(event);
  }
  void count(const netboot::ConsoleLine& /*line*/) const { console_lines.Increment(); }
};

NetbootMetrics::NetbootMetrics() : counters_(std::make_unique<Counters>()) {}
NetbootMetrics::~NetbootMetrics() = default;

void NetbootMetrics::count(const NetbootEvent& event) {
  const MutexLock lock(counters_->mutex);
  std::visit([this](const auto& one) PIMAN_REQUIRES(counters_->mutex) { counters_->count(one); }, event);
}

void NetbootMetrics::count_end(const EndedBoot& boot) {
  const MutexLock lock(counters_->mutex);
  counters_->boots.at(to_string(boot.state)).Increment();
  if (boot.state == BootState::kBooted) {
    counters_->duration.Observe(std::chrono::duration<double>(boot.duration).count());
  }
}

void NetbootMetrics::write(Writer& out, const StoreStats& store, const Recorder::Counts& recorder) {
  write_registry(counters_->registry, out);
  const Families& families = counters_->families;
  out.family(families.leases);
  out.sample({{"state", "bound"}}, store.leases.bound);
  out.sample({{"state", "declined"}}, store.leases.declined);
  out.sample({{"state", "expired"}}, store.leases.expired);
  out.sample({{"state", "released"}}, store.leases.released);
  write_malformed(out, families.dhcp_malformed, "dhcp", recorder);
  write_malformed(out, families.tftp_malformed, "tftp", recorder);
  out.single(families.running, std::uint64_t{recorder.running_boots});
  out.single(families.pending, std::uint64_t{recorder.pending_hosts});
  out.single(families.lost, recorder.lost_events);
  out.single(families.nobodys, recorder.nobodys_transfers);
  out.single(families.commits, store.commits);
  out.single(families.commit_seconds, store.commit_seconds);
  out.single(families.changes, store.lease_changes);
  out.family(families.failures);
  for (std::size_t i = 1; i < kStoreFailureCount; ++i) {
    out.sample({{"reason", to_string(static_cast<StoreFailure>(i))}}, store.failures[i]);
  }
  out.single(families.failing, std::uint64_t{store.error.empty() ? 0U : 1U});
  out.single(families.dropped, store.dropped);
  out.single(families.set_aside, store.set_aside);
}

void write_pool_metrics(Writer& out, const std::vector<netboot::dhcp::PoolUse>& pools) {
  if (pools.empty()) return;
  const Family size{"piman_dhcp_pool_addresses", Type::kGauge,
                    "Addresses of each pool that hosts outside of the inventory get theirs from."};
  const Family free{"piman_dhcp_pool_addresses_free", Type::kGauge,
                    "Addresses of each pool that are neither leased, offered, reserved nor in quarantine."};
  out.family(size);
  for (const auto& pool : pools) out.sample({{"pool", pool.range.to_string()}}, std::uint64_t{pool.range.size()});
  out.family(free);
  for (const auto& pool : pools) out.sample({{"pool", pool.range.to_string()}}, std::uint64_t{pool.free});
}

}  // namespace piman::manager
