// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/service.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "netboot/tftp/netascii.h"

namespace piman::netboot::tftp {
namespace {

/// Batches taken at one go before timers and other services get their turn.
constexpr int kBatchesAtOnce = 16;
/// So long the thread may be a lone client's before all others get theirs; a wait for one ACK ends with it, but for the
/// tick that the kernel counts in.
constexpr std::chrono::milliseconds kLoneTurn{2};
/// A client that answers later leaves the thread more to do than to wait.
constexpr std::chrono::milliseconds kNearRoundTrip{1};
/// When others took longer than a near client does, they get the thread for themselves.
constexpr std::chrono::milliseconds kOthersTurn{10};

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

/// A name as it may stand in a log, an event or a page.
std::string printable(std::string_view name) {
  std::string out = to_valid_utf8(name.substr(0, 255));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return out;
}

ErrorCode error_code_of(FileFault fault) {
  switch (fault) {
    case FileFault::kNotFound:
      return ErrorCode::kNotFound;
    case FileFault::kBadName:
    case FileFault::kForbidden:
      return ErrorCode::kAccessViolation;
    case FileFault::kTooLarge:
    case FileFault::kUnreadable:
    case FileFault::kBadTemplate:
      return ErrorCode::kUndefined;
  }
  return ErrorCode::kUndefined;
}

/// What a client asks for tells firmware from programs: no Pi was ever seen to ask for a window or a time-out.
Duplicates duplicates_for(const BootClient& client, const OptionList& asked) {
  const bool is_program = asked.find(OptionKind::kWindowSize) || asked.find(OptionKind::kTimeout);
  return client.hangs_on_duplicates && !is_program ? Duplicates::kHang : Duplicates::kHarmless;
}

}  // namespace

ClientLookup clients_of(const HostDirectory& directory) {
  return [&directory](Ipv4Address address) -> std::optional<BootClient> {
    const auto table = directory.hosts();
    const Host* host = table->find(address);
    if (host == nullptr) return std::nullopt;
    BootClient client;
    client.host = *host;
    return client;
  };
}

Result<std::unique_ptr<Service>> Service::start(asio::io_context& io, const Settings& settings, const BootFiles& files,
                                                ClientLookup find_client, Observer& observer) {
  auto requests = open_udp({settings.address, settings.port, settings.interface});
  if (!requests) return tl::unexpected(requests.error());
  auto engine = open_udp({settings.address, 0, settings.interface, false, kLoneTurn});
  if (!engine) return tl::unexpected(engine.error());
  std::unique_ptr<Service> service(
      new Service(io, settings, files, std::move(find_client), observer, *std::move(requests), *std::move(engine)));
  service->wait_for_requests();
  service->wait_for_answers();
  return service;
}

Service::Service(asio::io_context& io, const Settings& settings, const BootFiles& files, ClientLookup find_client,
                 Observer& observer, UniqueFd requests, UniqueFd engine)
    : settings_(settings),
      find_client_(std::move(find_client)),
      observer_(observer),
      catalog_(files, settings.cache_bytes),
      rate_(settings.requests_per_second, settings.requests_at_once),
      transfers_(observer),
      requests_(io, requests.release()),
      engine_(io, engine.release()),
      timer_(io),
      port_(bound_port(requests_.native_handle())) {}

Service::~Service() {
  *alive_ = false;
  transfers_.end_all("stopped", steady_now());
}

void Service::wait_for_requests() {
  requests_.async_wait(Socket::wait_read, [this, alive = alive_](const error_code& error) {
    if (*alive && !error) on_requests();
  });
}

void Service::wait_for_answers() {
  engine_.async_wait(Socket::wait_read, [this, alive = alive_](const error_code& error) {
    if (*alive && !error) on_answers();
  });
}

void Service::on_requests() {
  const SteadyTime now = steady_now();
  // One batch: a storm of requests shall not hold up the transfers that run.
  const std::size_t count = received_.receive(requests_.native_handle());
  for (std::size_t i = 0; i < count; ++i) take_request(received_.packet(i), now);
  send(now);
  set_timer();
  wait_for_requests();
}

void Service::on_answers() {
  for (int batch = 0; batch < kBatchesAtOnce; ++batch) {
    const SteadyTime now = steady_now();
    // From one client in lock-step no second packet can be there: looking for it would cost as much as the first.
    const std::size_t most = transfers_.size() > 1 ? ReceiveBatch::kMaxPackets : 1;
    const std::size_t count = received_.receive(engine_.native_handle(), most);
    for (std::size_t i = 0; i < count; ++i) take_answer(received_.packet(i), now);
    send(now);
    // While several were answered, the first of them have answered again, mostly: asking is cheaper than sleeping. One
    // alone can't have.
    if (count < 2) break;
  }
  if (settings_.waits_for_lone_client) give_lone_turn();
  set_timer();
  wait_for_answers();  // which also takes the socket out of blocking mode
}

/// To be woken for each ACK costs as many system calls again as to take it and to send the next block.
void Service::give_lone_turn() {
  const auto is_alone_and_near = [this] {
    const Active* lone = transfers_.lone();
    return lone != nullptr && !waits_for_room_ && lone->transfer.round_trip() > lone->transfer.round_trip().zero() &&
           lone->transfer.round_trip() < kNearRoundTrip;
  };
  const SteadyTime begin = steady_now();
  if (begin < no_lone_turn_before_ || !is_alone_and_near()) return;
  if (begin - lone_turn_ended_ > kNearRoundTrip && begin - lone_turn_ended_ < kOthersTurn) {
    no_lone_turn_before_ = begin + kOthersTurn;
    return;
  }
  error_code error;
  engine_.native_non_blocking(false, error);
  if (error) return;
  ++lone_turns_;
  SteadyTime now = begin;
  while (now < begin + kLoneTurn && is_alone_and_near() && received_.receive_waiting(engine_.native_handle())) {
    now = steady_now();
    take_answer(received_.packet(0), now);
    send(now);
  }
  lone_turn_ended_ = steady_now();
}

void Service::take_request(const ReceiveBatch::Packet& packet, SteadyTime now) {
  if (packet.was_broadcast) return observer_.on_malformed("tftp", "broadcast");  // RFC 1123 4.2.3.5
  const auto message = decode(packet.bytes);
  if (!message) return observer_.on_malformed("tftp", word(message.error()));
  const auto* request = std::get_if<Request>(&*message);
  if (request == nullptr) return observer_.on_malformed("tftp", "not_a_request");
  if (!rate_.allow(packet.from.address, now)) return observer_.on_malformed("tftp", "rate_limited");
  if (request->is_write) {
    return refuse(*request, packet, ErrorCode::kAccessViolation, "write_refused", "nothing can be written here");
  }
  if (request->mode == Mode::kUnknown) {
    return refuse(*request, packet, ErrorCode::kIllegalOperation, "bad_mode", "octet or netascii, please");
  }
  take_read_request(*request, packet, now);
}

void Service::take_read_request(const Request& request, const ReceiveBatch::Packet& packet, SteadyTime now) {
  std::string requested = printable(request.filename);
  if (Active* running = transfers_.find(packet.from);
      running != nullptr && running->transfer.is_fresh() && running->requested == requested) {
    return transfers_.apply(*running, running->transfer.on_repeated_request(now), now);
  }
  auto client = find_client_(packet.from.address);
  if (!client && settings_.unknown_clients == UnknownClients::kRefuse) {
    return refuse(request, packet, ErrorCode::kAccessViolation, "unknown_client", "this address is no node's");
  }
  if (!client) client.emplace();
  client->host.address = packet.from.address;
  // The folder that it asks in is its serial number, where nobody knows better.
  if (const auto name = normalise(request.filename); name && !client->serial) client->serial = serial_in(*name);
  if (transfers_.size() >= settings_.max_transfers) return observer_.on_malformed("tftp", "busy");

  auto served = catalog_.find(request.filename, *client, packet.local, now);
  if (!served) {
    const Fault& fault = served.error();
    return refuse(request, packet, error_code_of(fault.kind), word(fault.kind), fault.detail, fault.path);
  }
  std::shared_ptr<BlockSource> source = std::move(served->source);
  if (request.mode == Mode::kNetascii) {
    auto text = NetasciiSource::make(std::move(source));
    if (!text) {
      return refuse(request, packet, ErrorCode::kUndefined, "unreadable", text.error().message, served->path);
    }
    source = *std::move(text);
  }
  if (transfers_.size_of(packet.from.address) >= settings_.max_transfers_of_a_client) {
    transfers_.end_idlest(packet.from.address, now);
  }
  TransferPolicy policy = settings_.policy;
  policy.duplicates = duplicates_for(*client, request.options);
  const std::uint64_t size = source->size_bytes();
  transfers_.begin(std::unique_ptr<Active>(new Active{
                       .id = ++last_id_,
                       .client = packet.from,
                       .server = sender_for(packet),
                       .requested = std::move(requested),
                       .served = std::move(served->path),
                       .began_at = now,
                       .source = std::move(source),
                       .transfer = Transfer(negotiate(request.options, size, settings_.options), size, policy, now),
                       .timer_at = SteadyTime::max()}),
                   now);
}

/// A socket that is bound to one address needs no telling, which is cheaper.
Ipv4Address Service::sender_for(const ReceiveBatch::Packet& packet) const {
  return settings_.address == Ipv4Address() ? packet.local : Ipv4Address();
}

void Service::refuse(const Request& request, const ReceiveBatch::Packet& packet, ErrorCode code,
                     std::string_view outcome, std::string_view text, const std::string& path) {
  if (batch_.room().empty()) batch_.flush(engine_.native_handle());
  if (const auto room = batch_.room(); !room.empty()) {
    // What exactly is wrong with a file is the operator's to know, not a client's.
    const std::string_view said = code == ErrorCode::kNotFound    ? "no such file"
                                  : code == ErrorCode::kUndefined ? "it can't be served"
                                                                  : text;
    batch_.add(packet.from, sender_for(packet), encode_error(code, said, room.first(256)));
  }
  TransferEvent event;
  event.id = ++last_id_;
  event.protocol = "tftp";
  event.outcome = outcome;
  event.client = packet.from.address;
  event.requested = printable(request.filename);
  event.served = path;
  event.detail = text;
  observer_.on_transfer(event);
}

void Service::take_answer(const ReceiveBatch::Packet& packet, SteadyTime now) {
  const auto message = decode(packet.bytes);
  if (!message) return observer_.on_malformed("tftp", word(message.error()));
  // No ERROR 5 to whom no transfer is known: that is the last ACK, sent once more by a client that is done.
  Active* active = transfers_.find(packet.from);
  if (active == nullptr) return observer_.on_malformed("tftp", "unknown_transfer");
  if (const auto* ack = std::get_if<Ack>(&*message)) {
    transfers_.apply(*active, active->transfer.on_ack(ack->block, now), now);
  } else if (const auto* error = std::get_if<ErrorMessage>(&*message)) {
    transfers_.apply(*active, active->transfer.on_error(error->code, now), now);
  } else {
    observer_.on_malformed("tftp", "request_to_a_transfer");
  }
}

void Service::send(SteadyTime now) {
  if (waits_for_room_) return;
  while (true) {
    const bool all = transfers_.fill(batch_, now);
    if (!batch_.flush(engine_.native_handle())) break;
    if (all) return;
  }
  waits_for_room_ = true;
  engine_.async_wait(Socket::wait_write, [this, alive = alive_](const error_code& error) {
    if (!*alive || error) return;
    waits_for_room_ = false;
    send(steady_now());
  });
}

void Service::set_timer() {
  const auto next = transfers_.next_timer();
  if (!next || *next >= timer_set_to_) return;  // what comes too early finds nothing to do and sets it anew
  timer_set_to_ = *next;
  timer_.expires_at(*next);
  timer_.async_wait([this, alive = alive_](const error_code& error) {
    if (!*alive || error) return;
    const SteadyTime now = steady_now();
    timer_set_to_ = SteadyTime::max();
    transfers_.run_timers(now);
    send(now);
    set_timer();
  });
}

}  // namespace piman::netboot::tftp
