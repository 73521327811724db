// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/http_transfer.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "common/check.h"
#include "common/clock.h"
#include "common/text.h"
#include "manager/scrape/http_failure.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

/// More than any agent's headers; without a limit a host could send headers until its timeout.
constexpr std::size_t kMostHeaderBytes = 64UL * 1024;
/// How long what `ca_file` held is believed: read for each connection, 2,000 nodes would parse it 2,000 times.
constexpr long kCaSeconds = 60;

bool give_to_sink(HttpTransfer& transfer, std::string_view piece) {
  if (!transfer.begun) {
    transfer.begun = true;
    CURL* const easy = transfer.easy.get();
    long status = 0;
    const char* type = nullptr;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    if (!transfer.sink->begin({static_cast<int>(status), type == nullptr ? "" : type, transfer.encoding})) return false;
  }
  return transfer.sink->take(piece);
}

std::size_t on_body(char* data, std::size_t /*one*/, std::size_t size, void* context) {
  auto& transfer = *static_cast<HttpTransfer*>(context);
  if (transfer.sink != nullptr) {
    transfer.cut_by_sink = !give_to_sink(transfer, {data, size});
    return transfer.cut_by_sink ? 0 : size;
  }
  if (size > transfer.most_bytes - transfer.answer.body.size()) {
    transfer.too_large = true;
    return 0;  // libcurl cuts the transfer
  }
  transfer.answer.body.append(data, size);
  return size;
}

std::size_t on_header(char* data, std::size_t /*one*/, std::size_t size, void* context) {
  auto& transfer = *static_cast<HttpTransfer*>(context);
  if (transfer.sink != nullptr) {
    std::string_view value(data, size);
    if (value.starts_with("HTTP/")) transfer.encoding.clear();  // after an interim answer the real one
    if (equals_ignoring_case(trim(next_until(value, ':')), "content-encoding")) transfer.encoding = trim(value);
  }
  transfer.header_bytes += size;
  if (transfer.header_bytes <= kMostHeaderBytes) return size;
  transfer.too_large = true;
  return 0;
}

/// A new TCP connection of this transfer was made: the host is there, whatever its agent does.
bool has_connected(CURL* easy) {
  long new_connections = 0;
  curl_off_t connect_us = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &new_connections);
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect_us);
  return new_connections > 0 && connect_us > 0;
}

ScrapeError classify(CURLcode code, int os_error) {
  switch (code) {
    case CURLE_OK:
      return ScrapeError::kNone;
    case CURLE_OPERATION_TIMEDOUT:
      return ScrapeError::kTimeout;
    case CURLE_FILESIZE_EXCEEDED:
      return ScrapeError::kTooLarge;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return os_error == ECONNREFUSED ? ScrapeError::kRefused : ScrapeError::kTls;
    // What came is no HTTP, or ended too early.
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_BAD_CONTENT_ENCODING:
      return ScrapeError::kMalformed;
    default:
      break;
  }
  if (const auto error = error_of_errno(os_error)) return *error;
  // Broken chunks are reported as a receive error without an errno.
  return code == CURLE_RECV_ERROR && os_error == 0 ? ScrapeError::kMalformed : ScrapeError::kOther;
}

/// The name of a certificate stands in the URL, and the address beside it: nothing is looked up.
void set_url(HttpTransfer& transfer, const HttpRequest& request) {
  CURL* const easy = transfer.easy.get();
  const bool tls = request.access != nullptr && request.access->tls;
  const std::string address = request.address.to_string();
  const std::string& host = tls && !request.server_name.empty() ? request.server_name : address;
  const std::string url = concat(tls ? "https://" : "http://", host, ':', request.port, request.path);
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
  transfer.connect_to.reset();
  if (host != address) {
    const std::string connect_to = concat(host, ':', request.port, ':', address, ':', request.port);
    transfer.connect_to.reset(curl_slist_append(nullptr, connect_to.c_str()));
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer.connect_to.get());
  }
}

/// A certificate is looked at when a connection begins: one that was taken back must not live on in a connection that
/// is kept, nor in a session that is resumed without it.
void set_revocations(CURL* easy, const HttpAccess& access) {
  curl_easy_setopt(easy, CURLOPT_CRLFILE, access.crl_file.c_str());
  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  const auto since = std::chrono::steady_clock::now() - access.crl_changed;
  const auto seconds = static_cast<long>(std::chrono::duration_cast<std::chrono::seconds>(since).count());
  // libcurl counts the age of a connection in whole seconds, and takes 0 for no limit.
  curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, std::max(seconds - 1, 1L));
  if (seconds >= 2) return;
  // Not kept either: an agent has four threads, and each connection that idles holds one of them. Two lists within
  // half a minute would shut the manager out of every agent.
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

void set_access(CURL* easy, const HttpAccess& access) {
  if (!access.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, access.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, access.password.c_str());
  }
  if (!access.tls) return;
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!access.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, access.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // else whom this machine trusts is trusted as well
  }
  curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, kCaSeconds);
  if (!access.crl_file.empty()) set_revocations(easy, access);
  if (access.cert_file.empty()) return;
  curl_easy_setopt(easy, CURLOPT_SSLCERT, access.cert_file.c_str());
  curl_easy_setopt(easy, CURLOPT_SSLKEY, access.key_file.c_str());
}

}  // namespace

void prepare(HttpTransfer& transfer, const HttpRequest& request) {
  CURL* const easy = transfer.easy.get();
  set_url(transfer, request);
  transfer.headers.reset();
  if (!request.accept.empty()) {
    transfer.headers.reset(curl_slist_append(nullptr, concat("Accept: ", request.accept).c_str()));
  }
  if (request.sink != nullptr) {  // who takes it as it comes decodes it, too
    transfer.headers.reset(curl_slist_append(transfer.headers.release(), "Accept-Encoding: gzip"));
  } else {
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  }
  if (!request.json.empty()) {
    // Without "Expect:" curl would wait a second for leave to send a long body.
    for (const char* const header : {"Content-Type: application/json", "Expect:"}) {
      transfer.headers.reset(curl_slist_append(transfer.headers.release(), header));
    }
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.json.size()));
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request.json.c_str());
  }
  const std::string& bearer =
      request.bearer.empty() && request.access != nullptr ? request.access->bearer : request.bearer;
  if (!bearer.empty()) {
    const std::string header = concat("Authorization: Bearer ", bearer);
    transfer.headers.reset(curl_slist_append(transfer.headers.release(), header.c_str()));
  }
  if (!request.method.empty()) curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.access != nullptr) set_access(easy, *request.access);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.curl_words.data());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(transfer.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "piman/" PIMAN_VERSION);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // the environment's proxy is not for the nodes next door
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
}

void finish(HttpTransfer& transfer, CURLcode code) {
  CURL* const easy = transfer.easy.get();
  HttpAnswer& answer = transfer.answer;
  long os_error = 0;
  long status = 0;
  const char* content_type = nullptr;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &content_type);
  answer.status = static_cast<int>(status);
  if (content_type != nullptr) answer.content_type = content_type;
  answer.error = transfer.too_large ? ScrapeError::kTooLarge : classify(code, static_cast<int>(os_error));
  answer.host_answered = transfer.header_bytes > 0 || has_connected(easy) ||
                         is_answer_of_host(static_cast<int>(os_error)) || answer.error == ScrapeError::kMalformed;
  const bool in_headers = transfer.header_bytes > kMostHeaderBytes;
  const char* const words = transfer.curl_words[0] != 0 ? transfer.curl_words.data() : curl_easy_strerror(code);
  answer.error_text = describe({answer.error, answer.host_answered, static_cast<int>(os_error), transfer.timeout,
                                in_headers ? kMostHeaderBytes : transfer.most_bytes, in_headers, words});
}

void reset(HttpTransfer& transfer) {
  curl_easy_reset(transfer.easy.get());
  transfer.header_bytes = 0;
  transfer.too_large = transfer.cut_by_sink = transfer.begun = false;
  transfer.encoding.clear();
  transfer.curl_words[0] = '\0';
  transfer.answer = {};
}

}  // namespace piman::manager
