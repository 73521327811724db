// SPDX-License-Identifier: Apache-2.0
#include "manager/boots/boot_log.h"

#include <algorithm>
#include <string_view>

#include "manager/boots/boot_codec.h"

namespace piman::manager {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// Beside the bytes themselves, about what a kept boot takes.
constexpr std::size_t kRecordOverhead = 64;
/// Addresses that were learnt: each host may have had some.
constexpr std::size_t kMostAddressesPerHost = 4;

std::int64_t milliseconds_of(SteadyTime::duration duration) { return duration_cast<milliseconds>(duration).count(); }
std::int64_t milliseconds_of(WallTime time) { return duration_cast<milliseconds>(time.time_since_epoch()).count(); }

/// What a ROM loads before the program asks that brings its own DHCP.
bool is_roms_file(std::string_view requested) {
  const std::string_view name = base_name(requested);
  return name == "bootcode.bin" || name == "bootsig.bin";
}

DhcpStep step_of(const netboot::DhcpEvent& event) {
  DhcpStep step;
  step.received = event.received;
  step.sent = event.sent;
  step.drop_reason = event.drop_reason;
  step.model = event.client.model;
  step.address = event.address;
  step.other_server = event.other_server;
  step.relayed = event.relayed;
  return step;
}

bool repeats(const DhcpStep& before, const DhcpStep& step) {
  return before.received == step.received && before.sent == step.sent && before.drop_reason == step.drop_reason &&
         before.model == step.model && before.address == step.address && before.other_server == step.other_server;
}

void fill(FileStep& step, const netboot::TransferEvent& event) {
  step.id = event.outcome == "started" ? event.id : 0;
  step.protocol = event.protocol;
  step.requested = event.requested;
  step.served = event.served;
  step.outcome = event.outcome;
  step.size_bytes = event.size_bytes;
  step.sent_bytes = event.sent_bytes;
  step.blocks = event.blocks;
  step.retransmits = event.retransmits;
  step.duration_ms = milliseconds_of(event.duration);
}

BootRecord record_of(const Boot& boot) { return {boot.mac, milliseconds_of(boot.started), encode_boot(boot)}; }

}  // namespace

std::optional<BootFact> fact_of(const EndedBoot& boot) {
  // One that began anew shows by the boot that follows; of one that was loaded, scrapes tell the end.
  if (boot.state != BootState::kStuck) return std::nullopt;
  return BootFact{boot.started, BootFact::Reached::kStuck, boot.stuck_at};
}

BootLog::BootLog(const BootLogLimits& limits) : limits_(limits) {}

void BootLog::take(const netboot::DhcpEvent& event, const netboot::HostTable& hosts, const Moment& now) {
  const BootStage stage = stage_of(event.client.model);
  const auto found = hosts_.find(event.mac);
  const bool has_open = found != hosts_.end() && found->second.open.has_value();
  // A running system that renews its lease is not booting, and somebody's laptop never does.
  const bool may_begin =
      stage != BootStage::kSystem || (event.received == "DISCOVER" && hosts.find(event.mac) != nullptr);
  last_machine_.reset();
  if (!has_open && !may_begin) return;
  last_machine_ = event.mac;
  Host& host = host_of(event.mac, now);
  if (host.open && !joins(*host.open, event, stage)) {
    const bool was_through = host.open->boot.booted_ms.has_value();
    end(event.mac, host, was_through ? state_after_silence(*host.open) : BootState::kRestarted);
  }
  OpenBoot& open = host.open ? *host.open : begin(event.mac, host, now);
  open.furthest = std::max(open.furthest, stage);
  Boot& boot = open.boot;
  if (boot.model.empty() || (stage == BootStage::kFirmware && stage_of(boot.model) != BootStage::kFirmware)) {
    boot.model = event.client.model;
  }
  if (event.client.serial) boot.serial = event.client.serial;
  if (event.client.revision) boot.revision = event.client.revision;
  if (event.address != Ipv4Address()) {
    boot.address = event.address;
    learn(event.address, event.mac);
  }
  touch(open, now);
  // Another server's ACK goes unheard; its client's choice is as good.
  const bool has_address = event.sent == "ACK" || event.other_server != Ipv4Address();
  if (stage == BootStage::kSystem && event.received == "REQUEST" && has_address && !boot.booted_ms) {
    boot.booted_ms = boot.last_ms;
    boot.state = state_after_silence(open);
  }
  DhcpStep step = step_of(event);
  auto* last = boot.events.empty() ? nullptr : std::get_if<DhcpStep>(&boot.events.back().step);
  if (last != nullptr && repeats(*last, step)) {
    ++last->count;
    last->last_ms = boot.last_ms;
  } else {
    step.last_ms = boot.last_ms;
    add(open, {0, std::move(step)}, now);
  }
}

bool BootLog::take(const netboot::TransferEvent& event, const netboot::HostTable& hosts, const Moment& now) {
  const auto mac = whose(event.client, hosts);
  last_machine_ = mac;
  if (!mac) return false;
  Host& host = host_of(*mac, now);
  OpenBoot& open = host.open ? *host.open : begin(*mac, host, now);
  touch(open, now);
  const bool starts = event.outcome == "started";
  open.transfers += starts ? 1 : 0;
  open.has_file = open.has_file || !is_roms_file(event.requested);
  FileStep* step = nullptr;
  for (auto it = open.boot.events.rbegin(); !starts && it != open.boot.events.rend() && step == nullptr; ++it) {
    auto* file = std::get_if<FileStep>(&it->step);
    if (file != nullptr && file->is_running() && file->id == event.id) step = file;
  }
  if (step != nullptr) {
    fill(*step, event);
  } else {
    FileStep added;
    fill(added, event);
    add(open, {0, std::move(added)}, now);
  }
  if (!starts && open.transfers > 0 && (step != nullptr || open.boot.dropped > 0)) --open.transfers;
  if (event.outcome == "complete" && is_kernel_name(event.requested)) open.has_kernel = true;
  return true;
}

bool BootLog::take(const netboot::ConsoleLine& line, const netboot::HostTable& hosts, const Moment& now) {
  const auto mac = whose(line.client, hosts);
  last_machine_ = mac;
  if (!mac) return false;
  Host& host = host_of(*mac, now);
  OpenBoot& open = host.open ? *host.open : begin(*mac, host, now);
  touch(open, now);
  add(open, {0, ConsoleStep{line.text}}, now);
  return true;
}

BootLog::Output BootLog::tick(const Moment& now) {
  for (auto& [mac, host] : hosts_) {
    if (!host.open) continue;
    OpenBoot& open = *host.open;
    const auto silence = now.steady - open.last;
    if (silence > (open.transfers > 0 ? limits_.longest_transfer : limits_.idle)) {
      end(mac, host, state_after_silence(open));
    } else if (open.is_dirty && now.steady - open.stored > limits_.store_running) {
      output_.records.push_back(record_of(open.boot));
      open.is_dirty = false;
      open.stored = now.steady;
    }
  }
  return std::exchange(output_, {});
}

BootLog::Output BootLog::flush() {
  for (auto& [mac, host] : hosts_) {
    if (host.open && host.open->is_dirty) output_.records.push_back(record_of(host.open->boot));
  }
  return std::exchange(output_, {});
}

void BootLog::restore(std::vector<BootRecord> records) {
  for (BootRecord& record : records) {
    const WallTime started{milliseconds(record.started_ms)};
    auto boot = decode_boot(record.mac, started, record.data);
    if (!boot) continue;  // of another version: its place in the store is taken by newer ones
    if (boot->state == BootState::kRunning) {
      const auto loaded = [](const BootEvent& event) {
        const auto* file = std::get_if<FileStep>(&event.step);
        return file != nullptr && file->is_complete() && is_kernel_name(file->requested);
      };
      const bool has_kernel = std::any_of(boot->events.begin(), boot->events.end(), loaded);
      boot->state = boot->booted_ms ? BootState::kBooted : has_kernel ? BootState::kLoaded : BootState::kStuck;
      record.data = encode_boot(*boot);
    }
    if (boot->address != Ipv4Address()) learn(boot->address, record.mac);
    Host& host = host_of(record.mac, Moment{});
    keep(host, std::move(record));
  }
}

std::optional<BootFact> BootLog::progress_of(const MacAddress& mac) const {
  const auto found = hosts_.find(mac);
  if (found == hosts_.end() || !found->second.open) return std::nullopt;
  const OpenBoot& open = *found->second.open;
  const auto is_file = [](const BootEvent& event) { return std::holds_alternative<FileStep>(event.step); };
  const bool loads = std::any_of(open.boot.events.begin(), open.boot.events.end(), is_file);
  const bool is_system_only = open.boot.events.empty() || stage_of(open.boot.model) == BootStage::kSystem;
  if (is_system_only && !loads) return std::nullopt;
  BootFact fact;
  fact.started = open.boot.started;
  fact.reached = open.boot.booted_ms ? BootFact::Reached::kSystem
                 : open.has_kernel   ? BootFact::Reached::kKernel
                 : loads             ? BootFact::Reached::kLoading
                                     : BootFact::Reached::kAsked;
  fact.detail = stuck_at(open.boot);
  return fact;
}

std::vector<Boot> BootLog::boots_of(const MacAddress& mac) const {
  std::vector<Boot> boots;
  const auto found = hosts_.find(mac);
  if (found == hosts_.end()) return boots;
  if (found->second.open) boots.push_back(found->second.open->boot);
  for (auto it = found->second.ended.rbegin(); it != found->second.ended.rend(); ++it) {
    if (auto boot = decode_boot(mac, WallTime(milliseconds(it->started_ms)), it->data))
      boots.push_back(std::move(*boot));
  }
  return boots;
}

std::optional<MacAddress> BootLog::find(Ipv4Address address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? std::nullopt : std::optional(found->second);
}

std::size_t BootLog::running() const {
  return static_cast<std::size_t>(std::count_if(hosts_.begin(), hosts_.end(), [](const auto& entry) {
    return entry.second.open && !entry.second.open->boot.booted_ms;
  }));
}

std::vector<MacAddress> BootLog::hosts() const {
  std::vector<MacAddress> macs;
  macs.reserve(hosts_.size());
  for (const auto& [mac, host] : hosts_) macs.push_back(mac);
  return macs;
}

BootLog::Host& BootLog::host_of(const MacAddress& mac, const Moment& now) {
  const auto found = hosts_.find(mac);
  if (found != hosts_.end()) {
    found->second.last = std::max(found->second.last, now.steady);
    return found->second;
  }
  if (hosts_.size() >= limits_.hosts) {
    const auto oldest = std::min_element(hosts_.begin(), hosts_.end(),
                                         [](const auto& a, const auto& b) { return a.second.last < b.second.last; });
    if (oldest->second.open) end(oldest->first, oldest->second, state_after_silence(*oldest->second.open));
    for (const BootRecord& record : oldest->second.ended) kept_bytes_ -= record.data.size() + kRecordOverhead;
    hosts_.erase(oldest);
  }
  Host& host = hosts_[mac];
  host.last = now.steady;
  return host;
}

OpenBoot& BootLog::begin(const MacAddress& mac, Host& host, const Moment& now) {
  OpenBoot& open = host.open.emplace();
  open.boot.mac = mac;
  // The key of a boot is its millisecond: two that begin in one would be one.
  std::int64_t started = milliseconds_of(now.wall);
  if (!host.ended.empty()) started = std::max(started, host.ended.back().started_ms + 1);
  open.boot.started = WallTime(milliseconds(started));
  open.began = open.last = open.stored = now.steady;
  return open;
}

bool BootLog::joins(const OpenBoot& open, const netboot::DhcpEvent& event, BootStage stage) {
  if (event.received != "DISCOVER") return true;
  if (stage < open.furthest) return false;  // it is back at an earlier program
  // bootcode.bin, which a ROM loads, asks anew; a bootloader that has begun to load files does not.
  return stage != BootStage::kFirmware || !open.has_file;
}

void BootLog::add(OpenBoot& open, BootEvent event, const Moment& now) const {
  if (open.boot.events.size() >= limits_.events_per_boot) {
    ++open.boot.dropped;
    return;
  }
  event.at_ms = milliseconds_of(now.steady - open.began);
  open.boot.events.push_back(std::move(event));
}

void BootLog::touch(OpenBoot& open, const Moment& now) {
  open.last = now.steady;
  open.is_dirty = true;
  open.boot.last_ms = milliseconds_of(now.steady - open.began);
}

void BootLog::end(const MacAddress& mac, Host& host, BootState state) {
  Boot& boot = host.open->boot;
  boot.state = state;
  for (BootEvent& event : boot.events) {  // of these no end was heard
    if (auto* file = std::get_if<FileStep>(&event.step)) file->id = 0;
  }
  output_.ended.push_back(EndedBoot{mac, boot.started, state, boot.model,
                                    milliseconds(boot.booted_ms ? *boot.booted_ms : boot.last_ms), stuck_at(boot)});
  BootRecord record = record_of(boot);
  output_.records.push_back(record);
  host.open.reset();
  keep(host, std::move(record));
}

BootState BootLog::state_after_silence(const OpenBoot& open) {
  if (open.boot.booted_ms) return open.has_file ? BootState::kBooted : BootState::kAddressOnly;
  return open.has_kernel && open.transfers == 0 ? BootState::kLoaded : BootState::kStuck;
}

void BootLog::keep(Host& host, BootRecord record) {
  kept_bytes_ += record.data.size() + kRecordOverhead;
  kept_.emplace_back(record.mac, record.started_ms);
  host.ended.push_back(std::move(record));
  if (host.ended.size() > limits_.boots_per_host) {
    kept_bytes_ -= host.ended.front().data.size() + kRecordOverhead;
    host.ended.pop_front();
  }
  // What kept_ still names may be gone already, with its host or for a newer one.
  while (!kept_.empty() && (kept_bytes_ > limits_.bytes || kept_.size() > limits_.hosts * limits_.boots_per_host)) {
    const auto [mac, started_ms] = kept_.front();
    kept_.pop_front();
    const auto found = hosts_.find(mac);
    if (found == hosts_.end() || found->second.ended.empty()) continue;
    std::deque<BootRecord>& ended = found->second.ended;
    if (ended.front().started_ms != started_ms) continue;
    kept_bytes_ -= ended.front().data.size() + kRecordOverhead;
    ended.pop_front();
  }
}

std::optional<MacAddress> BootLog::whose(Ipv4Address address, const netboot::HostTable& hosts) const {
  if (const auto mac = find(address)) return mac;
  const netboot::Host* host = hosts.find(address);
  return host == nullptr ? std::nullopt : std::optional(host->mac);
}

void BootLog::learn(Ipv4Address address, const MacAddress& mac) {
  if (by_address_.size() >= limits_.hosts * kMostAddressesPerHost && !by_address_.contains(address))
    by_address_.clear();
  by_address_.insert_or_assign(address, mac);
}

}  // namespace piman::manager
