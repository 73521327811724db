// SPDX-License-Identifier: Apache-2.0
#include "manager/server_client.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "common/net_types.h"
#include "common/text.h"
#include "manager/api/api_token.h"
#include "manager/scrape/http_client.h"

namespace piman::manager {
namespace {

constexpr std::chrono::milliseconds kTimeout{5000};
constexpr std::size_t kMostAnswerBytes = std::size_t{64} << 20U;

Result<Ipv4Address> resolve(const std::string& host) {
  if (const auto address = Ipv4Address::parse(host)) return *address;
  ::addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  ::addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return fail(concat("looking up ", quote(host), ": ", ::gai_strerror(error)));
  }
  ::sockaddr_in address{};
  std::copy_n(reinterpret_cast<const char*>(found->ai_addr), sizeof address, reinterpret_cast<char*>(&address));
  ::freeaddrinfo(found);
  return Ipv4Address(ntohl(address.sin_addr.s_addr));
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

HttpAccess access_to(const ServerAddress& server) {
  HttpAccess access;
  access.tls = server.tls;
  access.ca_file = environment("PIMAN_CA_FILE");
  access.cert_file = environment("PIMAN_CERT_FILE");
  access.key_file = environment("PIMAN_KEY_FILE");
  return access;
}

/// For a server that lets nobody read who proves nothing. Empty: none that may be sent. Without TLS whoever listens
/// gets it, on this machine too where the server does not run: then only the one that somebody named.
std::string usual_token(const ServerAddress& server, Ipv4Address address) {
  constexpr std::uint32_t kLoopback = 127;
  const std::string named = environment("PIMAN_TOKEN_FILE");
  if (!server.tls && (named.empty() || address.value() >> 24U != kLoopback)) return {};
  return api::read_token(named.empty() ? "/var/lib/piman/api.token" : named).value_or(std::string());
}

}  // namespace

Result<ServerAddress> parse_server_url(std::string_view url) {
  const auto wrong = [&](std::string_view why) {
    return fail(concat("--server=", quote(url), " ", why, "; it looks like http://127.0.0.1:8080"));
  };
  std::string_view rest = url;
  ServerAddress address;
  address.tls = rest.starts_with("https://");
  if (address.tls) address.port = 443;
  if (address.tls || rest.starts_with("http://")) rest.remove_prefix(rest.find("//") + 2);
  if (rest.find("://") != std::string_view::npos) return wrong("is not an HTTP address");
  std::string_view authority = next_until(rest, '/');
  if (!rest.empty()) address.path = concat('/', rest);
  while (address.path.ends_with('/')) address.path.pop_back();
  address.host = std::string(next_until(authority, ':'));
  if (address.host.empty() || address.host.find_first_of(" @[]?#") != std::string::npos)
    return wrong("has no host name");
  if (!authority.empty()) {
    const auto port = parse_number<std::uint16_t>(authority);
    if (!port || *port == 0) return wrong("has no valid port");
    address.port = *port;
  }
  return address;
}

std::string usual_token(std::string_view host) {
  if (const char* file = std::getenv("PIMAN_TOKEN_FILE"); file != nullptr && *file != '\0') {
    return api::read_token(file).value_or(std::string());
  }
  // Nobody named this one: it goes to no other machine.
  const bool is_here = host == "localhost" || host.starts_with("127.");
  return is_here ? api::read_token("/var/lib/piman/api.token").value_or(std::string()) : std::string();
}

Result<ServerAnswer> ask_server(const ServerAddress& server, std::string_view path, const std::string& json) {
  return ask_server(server, ServerRequest{std::string(path), json, {}, {}});
}

Result<ServerAnswer> ask_server(const ServerAddress& server, const ServerRequest& wanted) {
  const auto address = resolve(server.host);
  if (!address) return fail(address.error().message);
  auto client = HttpClient::make(1);
  if (!client) return fail(client.error().message);
  HttpRequest request;
  request.address = *address;
  request.port = server.port;
  request.path = concat(server.path, wanted.path);
  request.json = wanted.json;
  request.method = wanted.method;
  request.bearer = wanted.token.empty() ? usual_token(server, *address) : wanted.token;
  const HttpAccess access = access_to(server);
  request.access = &access;
  request.server_name = server.host;
  request.accept = "application/json";
  request.timeout = kTimeout;
  request.most_bytes = kMostAnswerBytes;
  (*client)->start(request);
  for (;;) {
    const std::vector<HttpAnswer> answers = (*client)->poll(kTimeout);
    if (answers.empty()) continue;  // the client ends every transfer at its timeout
    const HttpAnswer& answer = answers.front();
    if (answer.error != ScrapeError::kNone) return fail(answer.error_text);
    const bool reads = wanted.json.empty() && wanted.method.empty();
    if (answer.status == 401 && reads && wanted.token.empty()) {  // web.read_access: login
      if (const std::string token = usual_token(server.host); !token.empty()) {
        return ask_server(server, ServerRequest{wanted.path, {}, {}, token});
      }
    }
    return ServerAnswer{answer.status, answer.body};
  }
}

}  // namespace piman::manager
