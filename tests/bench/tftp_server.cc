// SPDX-License-Identifier: Apache-2.0
// piman's TFTP service alone, for benches and tests with real clients:
//   piman_tftp_server ROOT [ADDRESS [PORT [firmware|programs]]]
// Every client gets the default image. "firmware" (the default) takes all clients for a Pi's firmware, "programs" takes
// none. Prints "port NUMBER" once it listens; ends at SIGTERM or SIGINT, and prints what became of the transfers.
#include <netinet/in.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "common/text.h"
#include "netboot/tftp/service.h"

namespace {

using namespace piman;
using namespace piman::netboot;

class Counts final : public Observer {
 public:
  void on_dhcp(const DhcpEvent&) override {}
  void on_console(const ConsoleLine&) override {}
  void on_transfer(const TransferEvent& event) override {
    ++counts_[std::string(event.outcome)];
    if (event.outcome != "started") counts_["retransmits"] += event.retransmits;
  }
  void on_malformed(std::string_view, std::string_view reason) override { ++counts_[std::string(reason)]; }
  void print() const {
    for (const auto& [word, count] : counts_) std::printf("%s %llu\n", word.c_str(), count);
  }

 private:
  std::map<std::string, unsigned long long> counts_;
};

int complain(const std::string& message) {
  std::fprintf(stderr, "piman_tftp_server: %s\n", message.c_str());
  return 2;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const auto argument = [&](int i) { return std::string_view(i < argument_count ? arguments[i] : ""); };
  if (argument_count < 2) return complain("which folder?");
  tftp::Settings settings;
  settings.unknown_clients = tftp::UnknownClients::kDefaultImage;
  // One client stands for hundreds here.
  settings.max_transfers_of_a_client = settings.max_transfers;
  settings.requests_per_second = settings.requests_at_once = 1e6;
  if (argument_count > 2) {
    const auto address = Ipv4Address::parse(argument(2));
    if (!address) return complain("no address: " + quote(argument(2)));
    settings.address = *address;
  }
  if (argument_count > 3) settings.port = static_cast<std::uint16_t>(parse_u64(argument(3)).value_or(0));
  const bool are_programs = argument(4) == "programs";

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const auto files = tftp::BootFiles::open(arguments[1], {});
  if (!files) return complain(files.error().message);
  asio::io_context io(1);
  Counts counts;
  const auto find_client = [&](Ipv4Address) {
    tftp::BootClient client;
    client.hangs_on_duplicates = !are_programs;
    return std::optional(client);
  };
  auto service = tftp::Service::start(io, settings, *files, find_client, counts);
  if (!service) return complain(service.error().message);
  asio::posix::stream_descriptor ended(io, signalfd(-1, &signals, SFD_CLOEXEC));
  ended.async_wait(asio::posix::stream_descriptor::wait_read, [&](const error_code&) { io.stop(); });
  std::printf("port %u\n", unsigned{(*service)->port()});
  std::fflush(stdout);
  io.run();
  service->reset();
  counts.print();
  return 0;
}
