// SPDX-License-Identifier: Apache-2.0
#include "manager/http_boot/boot_routes.h"

#include <algorithm>
#include <utility>

#include "common/http/body_sources.h"
#include "common/http_content.h"
#include "common/text.h"
#include "netboot/tftp/boot_catalog.h"

namespace piman::manager {
namespace {

using netboot::TransferEvent;
using netboot::tftp::Fault;
using netboot::tftp::FileFault;

constexpr std::size_t kMostRequestedBytes = 255;  // of a name, in an event
/// TFTP counts its transfers from 1; these must never be taken for one of them.
constexpr std::uint64_t kFirstId = std::uint64_t{1} << 63U;

std::string printable(std::string_view name) {
  std::string out(name.substr(0, kMostRequestedBytes));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

int status_of(FileFault fault) {
  switch (fault) {
    case FileFault::kNotFound:
      return 404;
    case FileFault::kBadName:
      return 400;
    case FileFault::kForbidden:
      return 403;
    case FileFault::kTooLarge:
    case FileFault::kUnreadable:
    case FileFault::kBadTemplate:
      break;
  }
  return 500;
}

}  // namespace

/// One transfer, for as long as its response lives: holds the client's place and tells of the end, whatever that is.
class BootRoutes::Transfer {
 public:
  Transfer(BootRoutes& routes, TransferEvent event) : routes_(routes), event_(std::move(event)) {
    event_.outcome = "started";
    routes_.parts_.report(event_);
    event_.outcome = "aborted";
  }
  ~Transfer() {
    event_.duration = std::chrono::steady_clock::now() - began_at_;
    routes_.give_place_back(event_.client);
    routes_.parts_.report(event_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void on_end(std::uint64_t sent_bytes, bool head_only) {
    event_.sent_bytes = sent_bytes;
    if (head_only) {
      event_.outcome = "probe";
    } else if (sent_bytes == event_.size_bytes) {
      event_.outcome = "complete";
    }
  }

 private:
  BootRoutes& routes_;
  TransferEvent event_;
  const SteadyTime began_at_ = std::chrono::steady_clock::now();
};

BootRoutes::BootRoutes(BootRoutesParts parts, BootRoutesSettings settings)
    : parts_(std::move(parts)), settings_(std::move(settings)) {}

void BootRoutes::add_to(http::Router& router) {
  router.add("GET", "/boot/{file...}",
             [this](const http::Request& request) { return answer(request, request.path_parameter("file")); });
  for (const std::string_view name : {"boot.sig", "boot.img"}) {
    router.add("GET", concat('/', settings_.install_path, '/', name),
               [this, name](const http::Request& request) { return answer(request, name); });
  }
}

http::Response BootRoutes::answer(const http::Request& request, std::string_view name) {
  const auto address = Ipv4Address::parse(request.remote_address);
  const auto client = address ? parts_.find_client(*address) : std::nullopt;
  if (!client) return refuse(request, address.value_or(Ipv4Address()), 403, "unknown_client");

  const auto refuse_fault = [&](const Fault& fault) {
    return refuse(request, *address, status_of(fault.kind), word(fault.kind), fault.path);
  };
  auto file = parts_.files.find(name, client->host);
  if (!file) return refuse_fault(file.error());
  const std::string path = file->path;
  http::Content content;
  if (netboot::tftp::is_rendered(*file)) {
    std::string_view host = request.header("Host");
    const Ipv4Address asked = Ipv4Address::parse(next_until(host, ':')).value_or(Ipv4Address());
    const Ipv4Address server = settings_.server_address == Ipv4Address() ? asked : settings_.server_address;
    auto text = render_found(*file, *client, server, parts_.files.settings());
    if (!text) return refuse_fault(text.error());
    content = http::memory_content(std::make_shared<const std::string>(*std::move(text)), {});
  } else {
    auto opened = http::file_content(std::move(file->fd));
    if (!opened) return refuse_fault(Fault{FileFault::kUnreadable, opened.error().message, path});
    content = *std::move(opened);
  }

  http::Response response = http::respond_with(request, std::move(content), std::chrono::system_clock::now());
  if (!response.part) {  // nothing to send: the client has it already, or asks for what is not there
    TransferEvent event;
    event.id = next_id();
    event.protocol = "http";
    event.outcome = response.status == 304 ? "probe" : response.status == 416 ? "bad_range" : "precondition_failed";
    event.client = *address;
    event.requested = printable(request.path);
    event.served = path;
    parts_.report(event);
    return response;
  }
  if (!take_place(*address)) return refuse(request, *address, 503, "too_many_transfers", path);
  TransferEvent event;
  event.id = next_id();
  event.protocol = "http";
  event.client = *address;
  event.requested = printable(request.path);
  event.served = path;
  event.size_bytes = response.part->length;
  const auto transfer = std::make_shared<Transfer>(*this, std::move(event));
  const bool head_only = request.method == "HEAD";
  response.part->on_end = [transfer, head_only](std::uint64_t sent) { transfer->on_end(sent, head_only); };
  return response;
}

http::Response BootRoutes::refuse(const http::Request& request, Ipv4Address client, int status,
                                  std::string_view outcome, std::string_view path) {
  TransferEvent event;
  event.id = next_id();
  event.protocol = "http";
  event.outcome = outcome;
  event.client = client;
  event.requested = printable(request.path);
  event.served = path;
  parts_.report(event);
  http::Response response = http::Response::text(status, concat(outcome, '\n'));
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

bool BootRoutes::take_place(Ipv4Address client) {
  const MutexLock lock(mutex_);
  unsigned& taken = transfers_[client];
  if (taken >= settings_.max_transfers_of_a_client) return false;
  ++taken;
  return true;
}

void BootRoutes::give_place_back(Ipv4Address client) {
  const MutexLock lock(mutex_);
  const auto found = transfers_.find(client);
  if (found != transfers_.end() && --found->second == 0) transfers_.erase(found);
}

std::uint64_t BootRoutes::next_id() { return kFirstId + ++last_id_; }

}  // namespace piman::manager
