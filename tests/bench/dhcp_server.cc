// SPDX-License-Identifier: Apache-2.0
// The DHCP service alone, for tests and benches: what the manager does with it, without the rest of the manager.
//
//   piman_dhcp_server --interface IF [--subnet 10.0.0.0/16] [--router IP] [--pool FIRST-LAST]
//                     [--unknown ignore|pool|pending]
//                     [--hosts FILE] [--proxy] [--no-probe] [--lease SECONDS] [--hold SECONDS] [--store FOLDER]
//                     [--quiet] [--pool-use]
//
// FILE has a line "MAC IP NAME" for each node, and is read again at SIGHUP. Without --store, leases live as long as the
// process. Prints "ready", then a line for each message unless quiet, with --pool-use one each time that the pool has
// another number of free addresses, and ends with SIGTERM or SIGINT.
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "common/log.h"
#include "common/mutex.h"
#include "common/shutdown.h"
#include "common/text.h"
#include "manager/store/store.h"
#include "netboot/dhcp/service.h"

namespace {

using namespace piman;
using namespace piman::netboot;

class Table final : public HostDirectory {
 public:
  explicit Table(std::vector<Host> hosts) { set(std::move(hosts)); }
  std::shared_ptr<const HostTable> hosts() const override {
    const MutexLock lock(mutex_);
    return table_;
  }
  void set(std::vector<Host> hosts) {
    auto table = std::make_shared<const HostTable>(std::move(hosts));
    const MutexLock lock(mutex_);
    table_.swap(table);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const HostTable> table_ PIMAN_GUARDED_BY(mutex_);
};

class MemoryStore final : public dhcp::LeaseStore {
 public:
  Result<std::vector<dhcp::Lease>> load() override { return std::vector<dhcp::Lease>(); }
  void commit(std::vector<dhcp::LeaseChange>, Done done) override { done({}); }
};

class Printer final : public Observer {
 public:
  explicit Printer(bool quiet) : quiet_(quiet) {}
  void on_dhcp(const DhcpEvent& event) override {
    if (quiet_) return;
    std::printf("%s mac=%s model=%s sent=%s drop=%s address=%s\n", std::string(event.received).c_str(),
                event.mac.to_string().c_str(), std::string(event.client.model).c_str(), std::string(event.sent).c_str(),
                std::string(event.drop_reason).c_str(), event.address.to_string().c_str());
    std::fflush(stdout);
  }
  void on_transfer(const TransferEvent&) override {}
  void on_console(const ConsoleLine&) override {}
  void on_malformed(std::string_view, std::string_view reason) override {
    if (!quiet_) std::printf("malformed reason=%s\n", std::string(reason).c_str());
  }

 private:
  bool quiet_;
};

/// Prints what is left of the pool each time that it is another number.
void watch_pool(const std::stop_token& stop, const dhcp::Service& service) {
  std::optional<std::uint32_t> last;
  while (!stop.stop_requested()) {
    for (const dhcp::PoolUse& pool : service.pool_use()) {
      if (last == pool.free) continue;
      last = pool.free;
      std::printf("pool=%s size=%u free=%u\n", pool.range.to_string().c_str(), pool.range.size(), pool.free);
      std::fflush(stdout);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

[[noreturn]] void refuse(const std::string& words) {
  std::fprintf(stderr, "piman_dhcp_server: %s\n", words.c_str());
  std::exit(2);
}

Ipv4Address address(std::string_view text) {
  const auto parsed = Ipv4Address::parse(text);
  if (!parsed) refuse("no address: " + std::string(text));
  return *parsed;
}

std::vector<Host> read_hosts(const std::string& path) {
  std::vector<Host> hosts;
  std::ifstream file(path);
  std::string mac, ip, name;
  while (file >> mac >> ip >> name) hosts.push_back({*MacAddress::parse(mac), address(ip), name, "", ""});
  return hosts;
}

}  // namespace

int main(int argc, char** argv) {
  const ShutdownSignals signals;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  dhcp::ServiceConfig config;
  dhcp::Subnet subnet;
  subnet.network = address("10.0.0.0");
  subnet.prefix_length = 16;
  std::string hosts_file, store_folder;
  bool quiet = false, tells_pool_use = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const auto value = [&] {
      if (i + 1 >= argc) refuse(std::string(flag) + " wants a value");
      return std::string_view(argv[++i]);
    };
    if (flag == "--interface") {
      config.interfaces.emplace_back(value());
    } else if (flag == "--subnet") {
      std::string_view rest = value();
      subnet.network = address(next_until(rest, '/'));
      subnet.prefix_length = static_cast<std::uint8_t>(parse_u64(rest).value_or(24));
    } else if (flag == "--router") {
      subnet.router = address(value());
    } else if (flag == "--pool") {
      std::string_view rest = value();
      const Ipv4Address first = address(next_until(rest, '-'));
      subnet.pool = dhcp::AddressRange{first, address(rest)};
    } else if (flag == "--unknown") {
      const std::string_view policy = value();
      config.responder.unknown = policy == "pool"     ? dhcp::UnknownPolicy::kPool
                                 : policy == "ignore" ? dhcp::UnknownPolicy::kIgnore
                                                      : dhcp::UnknownPolicy::kPending;
    } else if (flag == "--hosts") {
      hosts_file = value();
    } else if (flag == "--proxy") {
      config.responder.mode = dhcp::Mode::kProxy;
    } else if (flag == "--no-probe") {
      config.responder.probe_addresses = false;
    } else if (flag == "--lease") {
      config.responder.lease_time = std::chrono::seconds(parse_i64(value()).value_or(0));
    } else if (flag == "--hold") {
      config.responder.offer_hold = std::chrono::seconds(parse_i64(value()).value_or(0));
    } else if (flag == "--store") {
      store_folder = value();
    } else if (flag == "--quiet") {
      quiet = true;
    } else if (flag == "--pool-use") {
      tells_pool_use = true;
    } else {
      refuse("what is " + std::string(flag) + "?");
    }
  }
  config.responder.subnets = {subnet};

  Logger log(LogLevel::kWarn);
  std::unique_ptr<dhcp::LeaseStore> store = std::make_unique<MemoryStore>();
  if (!store_folder.empty()) {
    manager::StoreSettings settings;
    settings.folder = store_folder;
    settings.survives_power_loss = false;  // what the peers in the bench do
    auto opened = manager::Store::open(settings, log);
    if (!opened) refuse(opened.error().message);
    store = std::move(*opened);
  }
  const auto hosts = [&] { return hosts_file.empty() ? std::vector<Host>() : read_hosts(hosts_file); };
  Table table(hosts());
  Printer printer(quiet);
  asio::io_context io(1);  // one thread runs it
  const auto service = dhcp::Service::start(io, config, table, *store, printer);
  if (!service) refuse(service.error().message);
  std::jthread thread([&io] { io.run(); });
  std::puts("ready");
  std::fflush(stdout);
  std::jthread watcher;
  if (tells_pool_use) {
    watcher = std::jthread([&service](const std::stop_token& stop) { watch_pool(stop, **service); });
  }
  while (signals.wait() == SIGHUP) table.set(hosts());
  io.stop();
  thread.join();
  return 0;
}
