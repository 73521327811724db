// SPDX-License-Identifier: Apache-2.0
// The installer alone, for tests and benches: every client at 127.0.0.0/8 is a node, those below 127.0.9.0/24 are
// installed and have no order, those below 127.0.8.0/24 are unknown, all others have one open order. Prints its ports
// and then each event as a line.
//   piman_install_server IMAGE SHA256 [MOST_AT_ONCE [MOST_IN_A_GROUP]]
#include <signal.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include "common/http/server.h"
#include "common/log.h"
#include "common/text.h"
#include "manager/http_boot/install_routes.h"
#include "netboot/install/service.h"

namespace {

using namespace piman;
using namespace piman::netboot::install;

class MemoryIntents final : public Intents {
 public:
  explicit MemoryIntents(Image image) : image_(std::move(image)) {}
  NodeRecord record_of(const netboot::Host& node) override { return record(node.address); }
  void claim(const Claim& claim, Claimed done) override {
    NodeRecord& of = record(claim.node.address);
    if (!of.order || of.order->id != claim.order_id) return done(fail("no such order"));
    of.state = NodeRecord::State::kBroken;
    installs_[++last_install_] = claim.node.address;
    done(last_install_);
  }
  void finish(const Outcome& outcome, Finished done) override {
    NodeRecord& of = record(installs_.at(outcome.install_id));
    if (outcome.result == "installed") {
      of.state = NodeRecord::State::kInstalled;
      of.order.reset();
    }
    done({});
  }

 private:
  NodeRecord& record(Ipv4Address address) {
    const auto [found, is_new] = records_.try_emplace(address.value());
    NodeRecord& of = found->second;
    if (is_new && (address.value() >> 8U & 0xFFU) == 9) {
      of.state = NodeRecord::State::kInstalled;
      of.was_ever_installed = true;
    } else if (is_new) {
      of.order = InstallOrder{address.value(), std::chrono::system_clock::now() + std::chrono::hours(1), image_};
    }
    of.accepted = true;
    return of;
  }
  Image image_;
  std::map<std::uint32_t, NodeRecord> records_;
  std::map<std::uint64_t, Ipv4Address> installs_;
  std::uint64_t last_install_ = 0;
};

class Printer final : public InstallObserver {
 public:
  void on_install(const InstallEvent& event) override {
    std::puts(concat("event ", event.node.address.to_string(), ' ', event.what, ' ', event.result, " stage=",
                     event.stage, " percent=", event.percent, " bytes=", event.bytes, " reason=", event.reason)
                  .c_str());
  }
  void on_refused(Ipv4Address client, std::string_view reason) override {
    std::puts(concat("refused ", client.to_string(), ' ', reason).c_str());
  }
};

std::optional<netboot::Host> find_node(Ipv4Address address) {
  if ((address.value() >> 8U & 0xFFU) == 8) return std::nullopt;
  return netboot::Host{{}, address, address.to_string(), "", ""};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  ::signal(SIGPIPE, SIG_IGN);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  struct ::stat status {};
  if (::stat(arguments[1], &status) != 0) return 2;
  const Image image{"test", "1", "tar.gz", arguments[2], static_cast<std::uint64_t>(status.st_size), arguments[1]};
  MemoryIntents intents(image);
  Printer printer;
  manager::InstallRoutes routes;
  http::Router router;
  routes.add_to(router);
  Logger log;
  http::ServerOptions http_options;
  http_options.listen = {*HostPort::parse("127.0.0.1:0")};
  auto http = http::Server::start(http_options, router, log);
  if (!http) return 1;

  netboot::asio::io_context io(1);
  Settings settings;
  settings.hello_port = settings.image_port = 0;
  settings.http_port = (*http)->ports().at(0);
  if (count > 3) settings.slots.in_all = parse_number<std::size_t>(arguments[3]).value_or(64);
  settings.slots.in_group = count > 4 ? parse_number<std::size_t>(arguments[4]).value_or(64) : settings.slots.in_all;
  auto service = Service::start(
      io, settings, {find_node, [](const netboot::Host&) { return std::string("switch"); }, intents, printer, &routes});
  if (!service) {
    std::fprintf(stderr, "%s\n", service.error().message.c_str());
    return 1;
  }
  std::printf("ports %d %d %d\n", (*service)->hello_port(), (*service)->image_port(), settings.http_port);
  io.run();
  return 0;
}
