// SPDX-License-Identifier: Apache-2.0
#include "netboot/install/service.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include "common/text.h"
#include "netboot/install/listener.h"

namespace piman::netboot::install {
namespace {

constexpr int kPeersAtOnce = 64;
constexpr std::size_t kReadBytes = 4096;
/// What a client has not taken of our few short messages. More is a client that does not read.
constexpr std::size_t kMostUnsentBytes = 16 * 1024;
/// A client that connects again sooner than this after it did is no Pi that boots.
constexpr std::chrono::milliseconds kSoonest{100};
constexpr std::chrono::milliseconds kTick{250};

Moment moment_now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

std::tm local_time(WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm out{};
  ::localtime_r(&seconds, &out);
  return out;
}

}  // namespace

struct Service::Client {
  std::uint64_t id;
  Ipv4Address address, local;
  SteadyTime began_at;
  Session session;
  LineReader reader;
  std::unique_ptr<Socket> socket;  ///< null: closed
  std::string unsent;
  bool is_reading = false, is_writing = false, closes = false;
  std::shared_ptr<const OpenImage> image;  ///< expected on the image port
  unsigned streams = 0;
  std::string token;
};

Result<std::unique_ptr<Service>> Service::start(asio::io_context& io, const Settings& settings, Parts parts) {
  std::unique_ptr<Service> service(new Service(io, settings, std::move(parts)));
  const std::vector<std::string> interfaces =
      settings.interfaces.empty() ? std::vector<std::string>{""} : settings.interfaces;
  for (const std::string& interface : interfaces) {
    if (auto opened = service->listen(interface, service->hello_port_, &Service::on_hello); !opened) {
      return fail_with("hellos", opened.error());
    }
    if (auto opened = service->listen(interface, service->image_port_, &Service::on_image); !opened) {
      return fail_with("images", opened.error());
    }
  }
  for (std::size_t i = 0; i < service->listeners_.size(); ++i) service->wait_for_peers(i);
  service->set_timer();
  return service;
}

Service::Service(asio::io_context& io, const Settings& settings, Parts parts)
    : io_(io),
      settings_(settings),
      parts_(std::move(parts)),
      slots_(settings.slots),
      streams_(io, settings.piece_bytes, settings.stalled),
      timer_(io),
      hello_port_(settings.hello_port),
      image_port_(settings.image_port) {
  settings_.policy.offers_http = settings.http_port != 0 && parts_.images != nullptr;
}

Service::~Service() {
  *alive_ = false;
  for (const auto& [id, client] : clients_) {
    if (!client->token.empty()) parts_.images->revoke(client->token);
  }
}

Result<void> Service::listen(const std::string& interface, std::uint16_t& port, OnPeer on_peer) {
  auto fd = listen_tcp(settings_.address, port, interface);
  if (!fd) return tl::unexpected(fd.error());
  port = bound_port(fd->get());
  listeners_.push_back({std::make_unique<Socket>(io_, fd->release()), on_peer});
  return {};
}

void Service::wait_for_peers(std::size_t listener) {
  Socket& socket = *listeners_[listener].socket;
  socket.async_wait(Socket::wait_read, [this, alive = alive_, listener](const error_code& problem) {
    if (!*alive || problem) return;
    bool is_out_of_files = false;
    for (int i = 0; i < kPeersAtOnce; ++i) {
      auto peer = accept_tcp(listeners_[listener].socket->native_handle(), is_out_of_files);
      if (!peer) break;
      (this->*listeners_[listener].on_peer)({std::move(peer->socket), peer->peer, peer->local});
    }
    if (!is_out_of_files) return wait_for_peers(listener);
    // They stay in the kernel's queue. Asking again at once would only burn the processor.
    auto pause = std::make_shared<asio::steady_timer>(io_, std::chrono::seconds(1));
    pause->async_wait([this, alive, listener, pause](const error_code&) {
      if (*alive) wait_for_peers(listener);
    });
  });
}

Service::Client* Service::find(std::uint64_t id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

void Service::visit(std::uint64_t id, const std::function<void(Client&)>& act) {
  Client* client = find(id);
  if (client == nullptr) return;
  act(*client);
  reap(id);
}

void Service::on_hello(Peer peer) {
  const Moment now = moment_now();
  if (const auto earlier = by_address_.find(peer.address); earlier != by_address_.end()) {
    Client& client = *find(earlier->second);
    if (now.steady - client.began_at < kSoonest) return parts_.observer.on_refused(peer.address, "too_fast");
    // The Pi was reset: its earlier connection is nobody's any more.
    look_at_stream(client);
    run(client, client.session.on_closed("replaced", now));
    reap(client.id);
  }
  if (clients_.size() >= settings_.max_sessions) return parts_.observer.on_refused(peer.address, "too_many_sessions");
  std::optional<Host> node = parts_.find_node(peer.address);
  if (!node) return parts_.observer.on_refused(peer.address, "unknown_client");
  watch_peer(peer.socket.get());
  const std::uint64_t id = ++last_id_;
  Intents& intents = parts_.intents;
  Session session(*node, settings_.policy, settings_.limits,
                  [&intents, host = *node] { return intents.record_of(host); });
  std::unique_ptr<Client> made(new Client{.id = id,
                                          .address = peer.address,
                                          .local = peer.local,
                                          .began_at = now.steady,
                                          .session = std::move(session),
                                          .reader = LineReader(settings_.lines),
                                          .socket = std::make_unique<Socket>(io_, peer.socket.release()),
                                          .unsent = {},
                                          .image = {},
                                          .token = {}});
  Client& client = *made;
  clients_.emplace(id, std::move(made));
  by_address_[peer.address] = id;
  run(client, client.session.on_connected(local_time(now.wall), now));
  wait_for_lines(client);
  reap(id);
}

void Service::on_image(Peer peer) {
  const auto found = by_address_.find(peer.address);
  Client* client = found == by_address_.end() ? nullptr : find(found->second);
  if (client == nullptr || !client->image) return parts_.observer.on_refused(peer.address, "no_install");
  if (++client->streams > settings_.max_streams) return parts_.observer.on_refused(peer.address, "too_many_streams");
  watch_peer(peer.socket.get());
  streams_.start(client->id, std::move(peer.socket), client->image, std::chrono::steady_clock::now());
  look_at_stream(*client);
  reap(found->second);
}

void Service::look_at_stream(Client& client) {
  const Moment now = moment_now();
  Steps steps;
  streams_.look(client.id, now.steady, [&](std::uint64_t, StreamState state, std::uint64_t sent) {
    steps = client.session.on_stream(state, sent, now);
  });
  run(client, std::move(steps));
}

void Service::wait_for_lines(Client& client) {
  if (!client.socket || client.is_reading || client.closes) return;
  if (client.reader.read_again_at() > std::chrono::steady_clock::now()) return;  // the timer comes back to it
  client.is_reading = true;
  client.socket->async_wait(Socket::wait_read, [this, alive = alive_, id = client.id](const error_code& problem) {
    if (!*alive || problem) return;
    visit(id, [this](Client& one) {
      one.is_reading = false;
      on_readable(one);
    });
  });
}

void Service::on_readable(Client& client) {
  if (!client.socket) return;
  std::array<char, kReadBytes> buffer;
  const ssize_t got = ::recv(client.socket->native_handle(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return wait_for_lines(client);
  const Moment now = moment_now();
  // Before its next words: IS_FORMATTED follows the last byte of the image closely.
  look_at_stream(client);
  if (got <= 0) {
    Steps steps = client.session.on_closed("closed", now);
    close(client);
    return run(client, std::move(steps));
  }
  for (const std::string& line : client.reader.feed({buffer.data(), static_cast<std::size_t>(got)}, now.steady)) {
    run(client, client.session.on_line(line, now));
  }
  if (client.reader.is_over_limit()) run(client, client.session.on_closed("too_much_said", now));
  wait_for_lines(client);
}

void Service::run(Client& client, Steps steps) {
  // What a step brings about comes instead of the rest: no "format" after an image that can't be opened.
  while (!steps.empty()) {
    Steps more;
    for (Step& step : steps) {
      if (!run_one(client, step, more)) break;
    }
    steps = std::move(more);
  }
}

bool Service::run_one(Client& client, Step& step, Steps& more) {
  if (auto* send = std::get_if<step::Send>(&step)) {
    write(client, send->text);
  } else if (std::holds_alternative<step::WantSlot>(step)) {
    slots_.ask(client.id, parts_.group_of ? parts_.group_of(client.session.node()) : std::string());
    schedule_grants();
  } else if (auto* wanted = std::get_if<step::Claim>(&step)) {
    claim(client, *wanted);
  } else if (auto* allow = std::get_if<step::AllowStream>(&step)) {
    auto image = open_image(allow->image);
    if (!image) {
      more = client.session.on_image_failed(image.error().message, moment_now());
      return false;
    }
    client.image = std::move(*image);
    client.streams = 0;
  } else if (auto* offer = std::get_if<step::SendOffer>(&step)) {
    if (const auto sent = send_offer(client, *offer); !sent) {
      more = client.session.on_image_failed(sent.error().message, moment_now());
      return false;
    }
  } else if (auto* end = std::get_if<step::Finish>(&step)) {
    release(client);
    finish(client, end->outcome);
  } else if (std::holds_alternative<step::Release>(step)) {
    release(client);
  } else if (auto* report = std::get_if<step::Report>(&step)) {
    parts_.observer.on_install(report->event);
  } else if (std::holds_alternative<step::Close>(step)) {
    client.closes = true;
    if (client.unsent.empty()) close(client);
  }
  return true;
}

void Service::write(Client& client, std::string_view text) {
  if (!client.socket || client.closes) return;
  client.unsent.append(text);
  if (client.unsent.size() > kMostUnsentBytes) {
    // The session learns of it as of any other end, outside of the steps that run now.
    ::shutdown(client.socket->native_handle(), SHUT_RDWR);
    return;
  }
  flush(client);
}

void Service::flush(Client& client) {
  if (!client.socket || client.is_writing || client.unsent.empty()) return;
  const ssize_t sent = ::send(client.socket->native_handle(), client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    client.unsent.clear();  // reading tells the session that the client is gone
    if (client.closes) close(client);
    return;
  }
  client.unsent.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  if (client.unsent.empty()) {
    if (client.closes) close(client);
    return;
  }
  client.is_writing = true;
  client.socket->async_wait(Socket::wait_write, [this, alive = alive_, id = client.id](const error_code& problem) {
    if (!*alive || problem) return;
    visit(id, [this](Client& one) {
      one.is_writing = false;
      flush(one);
    });
  });
}

void Service::close(Client& client) {
  client.closes = true;
  client.unsent.clear();
  client.socket.reset();
  // After IS_FORMATTED a session outlives its connection, until its image's arrival is known: it keeps the address.
  if (client.session.state() == Session::State::kInstalling) return;
  if (const auto at = by_address_.find(client.address); at != by_address_.end() && at->second == client.id) {
    by_address_.erase(at);
  }
}

void Service::claim(Client& client, const step::Claim& wanted) {
  parts_.intents.claim({client.session.node(), wanted.cause, wanted.order_id, wanted.image},
                       [this, &io = io_, alive = alive_, id = client.id](Result<std::uint64_t> outcome) {
                         asio::post(io, [this, alive, id, outcome = std::move(outcome)] {
                           if (!*alive) return;
                           visit(id, [&](Client& one) { run(one, one.session.on_claimed(outcome, moment_now())); });
                         });
                       });
}

void Service::finish(Client& client, const Outcome& outcome) {
  parts_.intents.finish(outcome, [this, &io = io_, alive = alive_, id = client.id](Result<void> recorded) {
    asio::post(io, [this, alive, id, recorded = std::move(recorded)] {
      if (!*alive) return;
      visit(id, [&](Client& one) { run(one, one.session.on_finished(recorded, moment_now())); });
    });
  });
}

Result<void> Service::send_offer(Client& client, const step::SendOffer& offer) {
  auto token = random_token();
  if (!token) return tl::unexpected<Error>(token.error());
  if (const auto image = open_image(offer.image); !image) return tl::unexpected<Error>(image.error());
  client.token = std::move(*token);
  parts_.images->grant({client.token, client.address, offer.image, client.session.node()});
  const std::string base = concat("http://", client.local.to_string(), ':', settings_.http_port, "/install/");
  const std::string query = concat("?token=", client.token);
  const bool certifies = parts_.images->gives_certificates();
  write(client,
        encode_install({offer.install_id, offer.image.name, offer.image.version, offer.image.format,
                        offer.image.size_bytes, offer.image.sha256, concat(base, "image/", offer.image.sha256, query),
                        certifies ? concat(base, "certificate", query) : std::string()}));
  return {};
}

void Service::release(Client& client) {
  slots_.release(client.id);
  streams_.stop(client.id);
  client.image.reset();
  if (!client.token.empty()) parts_.images->revoke(client.token);
  client.token.clear();
  schedule_grants();
}

void Service::schedule_grants() {
  if (grants_are_posted_) return;
  grants_are_posted_ = true;
  asio::post(io_, [this, alive = alive_] {
    if (!*alive) return;
    grants_are_posted_ = false;
    for (const std::uint64_t id : slots_.grant()) {
      Client* client = find(id);
      if (client == nullptr) {
        slots_.release(id);
        continue;
      }
      run(*client, client->session.on_granted(moment_now()));
      reap(id);
    }
  });
}

void Service::reap(std::uint64_t id) {
  Client* client = find(id);
  if (client == nullptr || !client->session.has_ended()) return;
  if (client->socket && !client->unsent.empty()) return;  // its last word is on the way
  close(*client);
  release(*client);
  clients_.erase(id);
}

void Service::set_timer() {
  timer_.expires_after(kTick);
  timer_.async_wait([this, alive = alive_](const error_code& problem) {
    if (!*alive || problem) return;
    on_timer();
    set_timer();
  });
}

void Service::on_timer() {
  std::vector<std::uint64_t> ids;
  ids.reserve(clients_.size());
  for (const auto& [id, client] : clients_) ids.push_back(id);
  for (const std::uint64_t id : ids) {
    Client* client = find(id);
    if (client == nullptr) continue;
    look_at_stream(*client);
    run(*client, client->session.on_tick(moment_now()));
    wait_for_lines(*client);
    if (client->session.has_ended()) client->unsent.clear();  // who has not taken it in a tick does not want it
    reap(id);
  }
}

}  // namespace piman::netboot::install
