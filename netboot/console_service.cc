// SPDX-License-Identifier: Apache-2.0
#include "netboot/console_service.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "common/text.h"

namespace piman::netboot {
namespace {

/// Datagrams taken at one go, so that a flood of them does not starve the other services on this thread.
constexpr int kAtOnce = 64;
constexpr std::size_t kMostDatagramBytes = 2048;  // of a longer one the rest is lost; bootloaders send lines
constexpr int kReceiveBufferBytes = 256 * 1024;

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace

ConsoleService::ConsoleService(asio::io_context& io, const ConsoleSettings& settings, Observer& observer)
    : observer_(observer), lines_(settings.limits), socket_(io), timer_(io), buffer_(kMostDatagramBytes) {}

ConsoleService::~ConsoleService() { *alive_ = false; }

Result<std::unique_ptr<ConsoleService>> ConsoleService::start(asio::io_context& io, const ConsoleSettings& settings,
                                                              Observer& observer) {
  std::unique_ptr<ConsoleService> service(new ConsoleService(io, settings, observer));
  const asio::ip::udp::endpoint wanted(asio::ip::address_v4(settings.address.value()), settings.port);
  error_code problem;
  service->socket_.open(asio::ip::udp::v4(), problem);
  if (!problem) service->socket_.bind(wanted, problem);
  if (problem) {
    return fail(concat("receiving bootloader consoles on ", settings.address.to_string(), ':', settings.port, ": ",
                       problem.message()));
  }
  error_code ignored;  // a smaller buffer only loses lines earlier
  service->socket_.set_option(asio::socket_base::receive_buffer_size(kReceiveBufferBytes), ignored);
  service->port_ = service->socket_.local_endpoint(ignored).port();
  service->wait_for_datagrams();
  return service;
}

void ConsoleService::wait_for_datagrams() {
  socket_.async_wait(asio::ip::udp::socket::wait_read, [this, alive = alive_](const error_code& problem) {
    if (!*alive || problem) return;
    on_datagrams();
    wait_for_datagrams();
  });
}

void ConsoleService::on_datagrams() {
  for (int i = 0; i < kAtOnce; ++i) {
    ::sockaddr_in from{};
    ::socklen_t from_size = sizeof from;
    const ::ssize_t got = ::recvfrom(socket_.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT,
                                     reinterpret_cast<::sockaddr*>(&from), &from_size);
    if (got < 0) break;  // none is left; an error of the socket comes back with the next one
    const Ipv4Address client(ntohl(from.sin_addr.s_addr));
    const auto out = lines_.feed(client, {buffer_.data(), static_cast<std::size_t>(got)}, steady_now());
    for (const ConsoleLine& line : out.lines) observer_.on_console(line);
    if (out.drop) observer_.on_malformed("console", word(*out.drop));
  }
  wait_for_flush();
}

void ConsoleService::wait_for_flush() {
  const auto at = lines_.next_flush();
  if (!at || *at >= timer_set_to_) return;  // when it comes too early it is set anew
  timer_set_to_ = *at;
  timer_.expires_at(*at);
  timer_.async_wait([this, alive = alive_](const error_code& problem) {
    if (!*alive || problem) return;
    on_flush();
  });
}

void ConsoleService::on_flush() {
  timer_set_to_ = SteadyTime::max();
  for (const ConsoleLine& line : lines_.flush(steady_now())) observer_.on_console(line);
  wait_for_flush();
}

}  // namespace piman::netboot
