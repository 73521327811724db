// SPDX-License-Identifier: Apache-2.0
#include "manager/netboot_server.h"

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/boot_clients.h"
#include "manager/http_boot/http_boot.h"
#include "netboot/asio.h"
#include "netboot/console_service.h"
#include "netboot/dhcp/service.h"
#include "netboot/tftp/boot_files.h"
#include "netboot/tftp/service.h"

namespace piman::manager {
namespace {

using netboot::asio::io_context;

/// A commit that outlives the server finds the io_context, which it reports to, still there.
class LastingLeases final : public netboot::dhcp::LeaseStore {
 public:
  LastingLeases(LeaseStore& store, std::shared_ptr<io_context> io) : store_(store), io_(std::move(io)) {}

  Result<std::vector<netboot::dhcp::Lease>> load() override { return store_.load(); }
  void commit(std::vector<netboot::dhcp::LeaseChange> changes, Done done) override {
    store_.commit(std::move(changes), [io = io_, done = std::move(done)](Result<void> outcome) { done(outcome); });
  }

 private:
  LeaseStore& store_;
  const std::shared_ptr<io_context> io_;
};

/// The same for orders: what is told of a claim outlives the server, too.
class LastingIntents final : public netboot::install::Intents {
 public:
  LastingIntents(Intents& intents, std::shared_ptr<io_context> io) : intents_(intents), io_(std::move(io)) {}

  netboot::install::NodeRecord record_of(const netboot::Host& node) override { return intents_.record_of(node); }
  void claim(const netboot::install::Claim& claim, Claimed done) override {
    intents_.claim(claim,
                   [io = io_, done = std::move(done)](Result<std::uint64_t> outcome) { done(std::move(outcome)); });
  }
  void finish(const netboot::install::Outcome& outcome, Finished done) override {
    intents_.finish(outcome, [io = io_, done = std::move(done)](Result<void> recorded) { done(std::move(recorded)); });
  }

 private:
  Intents& intents_;
  const std::shared_ptr<io_context> io_;
};

netboot::tftp::Settings tftp_settings(const Config& config, const std::string& interface) {
  netboot::tftp::Settings settings;
  settings.port = config.tftp.port;
  settings.interface = interface;
  settings.options.max_block_bytes = static_cast<std::uint32_t>(config.tftp.max_block_bytes);
  settings.options.max_window_blocks = static_cast<std::uint16_t>(config.tftp.max_window_blocks);
  settings.max_transfers = config.tftp.max_transfers;
  settings.waits_for_lone_client = config.netboot.interfaces.size() == 1;
  settings.unknown_clients = config.tftp.unknown_clients == Config::Tftp::Unknown::kServe
                                 ? netboot::tftp::UnknownClients::kDefaultImage
                                 : netboot::tftp::UnknownClients::kRefuse;
  return settings;
}

}  // namespace

netboot::dhcp::ResponderConfig responder_config(const Config& config) {
  using Mode = Config::Dhcp::Mode;
  using Unknown = Config::Dhcp::Unknown;
  using netboot::dhcp::UnknownPolicy;
  const Config::Dhcp& dhcp = config.dhcp;
  netboot::dhcp::ResponderConfig out;
  out.mode = dhcp.mode == Mode::kProxy ? netboot::dhcp::Mode::kProxy : netboot::dhcp::Mode::kServer;
  out.authoritative = dhcp.mode == Mode::kAuthoritative;
  out.unknown = dhcp.unknown_hosts == Unknown::kPool     ? UnknownPolicy::kPool
                : dhcp.unknown_hosts == Unknown::kIgnore ? UnknownPolicy::kIgnore
                                                         : UnknownPolicy::kPending;
  for (const Ipv4Network& network : dhcp.subnets) {
    netboot::dhcp::Subnet subnet;
    subnet.network = network.first();
    subnet.prefix_length = network.prefix_length;
    subnet.name_servers = dhcp.name_servers;
    subnet.time_servers = dhcp.time_servers;
    subnet.domain = dhcp.domain;
    for (const Ipv4Address router : dhcp.routers) {
      if (network.contains(router)) subnet.router = router;
    }
    for (const Ipv4Range& pool : dhcp.pools) {
      if (network.contains(pool.first)) subnet.pool = netboot::dhcp::AddressRange{pool.first, pool.last};
    }
    out.subnets.push_back(std::move(subnet));
  }
  out.next_server = dhcp.server_address;
  out.boot_files.ipxe = "boot.ipxe";
  out.boot_files.u_boot = "boot.scr.uimg";
  out.lease_time = std::chrono::duration_cast<std::chrono::seconds>(dhcp.lease_time);
  return out;
}

class NetbootServer::Impl {
 public:
  Impl(const netboot::HostDirectory& hosts, netboot::dhcp::LeaseStore& leases, netboot::Observer& observer, Logger& log)
      : hosts_(hosts), log_(log), leases_(leases, io_), clients_(hosts, observer) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    io_->stop();
    thread_ = {};  // joins; only then may the services go
  }

  Result<void> open(const Config& config, const InstallSide* install) {
    const bool serves_http = config.http_boot.listen_address.port != 0;
    if (config.tftp.enabled || serves_http) {
      auto files = netboot::tftp::BootFiles::open(config.netboot.root, {config.tftp.default_image, config.tftp.prefix},
                                                  config.tftp.max_file_bytes);
      if (!files) return fail_with("netboot.root", files.error());
      files_ = std::make_unique<netboot::tftp::BootFiles>(std::move(*files));
    }
    if (serves_http) {
      if (auto opened = open_http(config, install); !opened) return opened;
    }
    if (config.tftp.enabled) {
      if (auto opened = open_tftp(config); !opened) return opened;
    }
    if (config.dhcp.mode != Config::Dhcp::Mode::kOff) {
      if (auto opened = open_dhcp(config); !opened) return opened;
    }
    if (install != nullptr && config.install.enabled) {
      if (auto opened = open_install(config, *install); !opened) return opened;
    }
    if (config.netboot.console_port != 0) {
      netboot::ConsoleSettings settings;
      settings.port = config.netboot.console_port;
      auto console = netboot::ConsoleService::start(*io_, settings, clients_);
      if (!console) return fail_with("netboot.console_port", console.error());
      console_ = std::move(*console);
    }
    return {};
  }

  void run() {
    thread_ = std::jthread([this] {
      for (;;) {
        try {
          io_->run();
          return;                                 // stopped
        } catch (const std::exception& thrown) {  // barrier: one packet must not end the service of all nodes
          log_.error("netboot: exception in a handler", {{"err", thrown.what()}});
        }
      }
    });
  }

  std::vector<netboot::dhcp::PoolUse> pool_use() const {
    return dhcp_ ? dhcp_->pool_use() : std::vector<netboot::dhcp::PoolUse>();
  }

 private:
  Result<void> open_tftp(const Config& config) {
    // One for each interface: what comes in elsewhere is not served.
    for (const std::string& interface : config.netboot.interfaces) {
      auto service = netboot::tftp::Service::start(
          *io_, tftp_settings(config, interface), *files_,
          [this](Ipv4Address address) { return clients_.find(address); }, clients_);
      if (!service) return fail_with(concat("TFTP on ", interface), service.error());
      tftp_.push_back(std::move(*service));
    }
    clients_.on_boot([this](Ipv4Address address) {
      for (const auto& service : tftp_) service->begin_boot(address);
    });
    return {};
  }

  Result<void> open_http(const Config& config, const InstallSide* install) {
    HttpBootSettings settings;
    settings.listen_address = config.http_boot.listen_address;
    settings.threads = config.http_boot.threads;
    settings.routes.install_path = config.http_boot.path;
    settings.routes.server_address = config.dhcp.server_address;
    // Its threads ask and report beside the netboot thread, as both ends allow.
    auto server = HttpBoot::start(settings,
                                  {*files_, [this](Ipv4Address address) { return clients_.find(address); },
                                   [this](const netboot::TransferEvent& event) { clients_.on_transfer(event); }},
                                  install == nullptr ? nullptr : &install->images, log_);
    if (!server) return fail_with("http_boot.listen_address", server.error());
    http_ = std::move(*server);
    return {};
  }

  Result<void> open_install(const Config& config, const InstallSide& install) {
    using Install = Config::Install;
    netboot::install::Settings settings;
    settings.interfaces = config.netboot.interfaces;
    settings.hello_port = config.install.hello_port;
    settings.image_port = config.install.image_port;
    settings.policy.first_auto = config.install.first == Install::First::kAuto;
    settings.policy.auto_format = config.install.auto_format == Install::AutoFormat::kAlways;
    settings.http_port = http_ ? http_->port() : std::uint16_t{0};
    settings.slots = {config.install.max_parallel, config.install.max_parallel_per_switch};
    intents_ = std::make_unique<LastingIntents>(install.intents, io_);
    const auto find_node = [this](Ipv4Address address) -> std::optional<netboot::Host> {
      auto client = clients_.find(address);
      if (!client || client->host.name.empty()) return std::nullopt;
      return std::move(client->host);
    };
    auto service = netboot::install::Service::start(
        *io_, settings, {find_node, install.group_of, *intents_, install.observer, http_ ? &install.images : nullptr});
    if (!service) return fail_with("install.hello_port", service.error());
    install_ = std::move(*service);
    return {};
  }

  Result<void> open_dhcp(const Config& config) {
    netboot::dhcp::ServiceConfig settings;
    settings.responder = responder_config(config);
    settings.interfaces = config.netboot.interfaces;
    settings.server_port = config.dhcp.port;
    settings.proxy_port = config.dhcp.proxy_port;
    auto service = netboot::dhcp::Service::start(*io_, std::move(settings), hosts_, leases_, clients_);
    if (!service) return fail_with("DHCP", service.error());
    dhcp_ = std::move(*service);
    return {};
  }

  const netboot::HostDirectory& hosts_;
  Logger& log_;
  const std::shared_ptr<io_context> io_ = std::make_shared<io_context>(1);
  LastingLeases leases_;
  BootClients clients_;
  std::unique_ptr<netboot::tftp::BootFiles> files_;
  std::vector<std::unique_ptr<netboot::tftp::Service>> tftp_;
  std::unique_ptr<netboot::dhcp::Service> dhcp_;
  std::unique_ptr<netboot::ConsoleService> console_;
  std::unique_ptr<HttpBoot> http_;
  std::unique_ptr<LastingIntents> intents_;
  std::unique_ptr<netboot::install::Service> install_;
  std::jthread thread_;
};

NetbootServer::NetbootServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NetbootServer::~NetbootServer() = default;
std::vector<netboot::dhcp::PoolUse> NetbootServer::pool_use() const { return impl_->pool_use(); }

Result<std::unique_ptr<NetbootServer>> NetbootServer::start(const Config& config, const netboot::HostDirectory& hosts,
                                                            netboot::dhcp::LeaseStore& leases,
                                                            netboot::Observer& observer, const InstallSide* install,
                                                            Logger& log) {
  auto impl = std::make_unique<Impl>(hosts, leases, observer, log);
  if (auto opened = impl->open(config, install); !opened) return fail(opened.error().message);
  impl->run();
  return std::unique_ptr<NetbootServer>(new NetbootServer(std::move(impl)));
}

}  // namespace piman::manager
