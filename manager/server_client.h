// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

/// How the subcommands that ask a running server reach it.
namespace piman::manager {

/// Where a server is.
struct ServerAddress {
  std::string host;
  std::uint16_t port = 80;
  std::string path;  ///< a prefix without '/' at its end
  bool tls = false;
};
/// Pure: "http[s]://HOST[:PORT][/PREFIX]"; the scheme may be left out. Errors: anything else, in words.
Result<ServerAddress> parse_server_url(std::string_view url);

struct ServerAnswer {
  int status = 0;
  std::string body;
};
struct ServerRequest {
  std::string path;
  std::string json = {};    ///< sent by POST; empty: GET
  std::string method = {};  ///< another one than those two
  std::string token = {};   ///< empty: none
};
/// Where reading needs a login, it is asked once more with the token of usual_token().
Result<ServerAnswer> ask_server(const ServerAddress& server, const ServerRequest& request);
/// Of the file that PIMAN_TOKEN_FILE names, or of the usual place for a server on this machine; empty: none.
std::string usual_token(std::string_view host);
/// Sends GET `path`, or POST of `json` where that isn't empty, and waits for the answer, at most some seconds.
/// Over TLS the server must have a certificate of its host by whom PIMAN_CA_FILE holds, else by whom this machine
/// trusts; PIMAN_CERT_FILE and PIMAN_KEY_FILE hold what it may ask for. Who names no token sends the usual one, where
/// it can be read and nobody else can read it on the wire. Errors: nobody there, or no HTTP.
Result<ServerAnswer> ask_server(const ServerAddress& server, std::string_view path, const std::string& json = {});

}  // namespace piman::manager
