// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/check.h"
#include "common/clock.h"
#include "common/text.h"
#include "manager/scrape/fd_poller.h"
#include "manager/scrape/http_failure.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

/// More than any agent's headers; without a limit a host could send headers until its timeout.
constexpr std::size_t kMostHeaderBytes = 64UL * 1024;
/// Idle connections kept per shard: every host of the largest inventory may have one.
constexpr long kMostIdleConnections = 65'536;
/// An idle easy handle with its buffer is cheap, but not free: a burst must not leave its number behind for ever.
constexpr std::size_t kMostSpareTransfers = 64;
/// Owner of descriptors that are not libcurl's. Not all ones: that is how a poller tells its own.
constexpr std::uint32_t kNoShard = 0x7FFF'FFFF;

/// How long what `ca_file` held is believed: read for each connection, 2,000 nodes would parse it 2,000 times.
constexpr long kCaSeconds = 60;

/// libcurl wants its global state made before any thread uses it.
struct CurlLibrary {
  CurlLibrary() { PIMAN_CHECK(curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK); }
  ~CurlLibrary() { curl_global_cleanup(); }
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// One transfer and what it needs while it is under way.
struct Transfer {
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::unique_ptr<curl_slist, ListDeleter> headers;
  std::unique_ptr<curl_slist, ListDeleter> connect_to;
  std::array<char, CURL_ERROR_SIZE> curl_words{};
  std::size_t shard = 0;
  std::size_t most_bytes = 0;
  std::size_t header_bytes = 0;
  bool too_large = false;
  bool cut_by_sink = false;
  bool begun = false;  ///< the sink knows that a body comes
  BodySink* sink = nullptr;
  std::string encoding;  ///< for the sink
  milliseconds timeout{0};
  HttpAnswer answer;
};

bool give_to_sink(Transfer& transfer, std::string_view piece) {
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
  auto& transfer = *static_cast<Transfer*>(context);
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
  auto& transfer = *static_cast<Transfer*>(context);
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

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(std::size_t shards) : shards_(std::max<std::size_t>(shards, 1)) {}

  ~CurlClient() override {
    for (auto& [id, transfer] : active_) curl_multi_remove_handle(shards_[transfer->shard].multi, transfer->easy.get());
    active_.clear();
    spare_.clear();
    for (Shard& shard : shards_) curl_multi_cleanup(shard.multi);
  }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  Result<void> open() {
    if (auto opened = poller_.open(); !opened) return opened;
    for (Shard& shard : shards_) {
      shard.client = this;
      shard.index = static_cast<std::uint32_t>(&shard - shards_.data());
      shard.multi = curl_multi_init();
      PIMAN_CHECK(shard.multi != nullptr);
      curl_multi_setopt(shard.multi, CURLMOPT_SOCKETFUNCTION, &CurlClient::on_socket);
      curl_multi_setopt(shard.multi, CURLMOPT_SOCKETDATA, &shard);
      curl_multi_setopt(shard.multi, CURLMOPT_TIMERFUNCTION, &CurlClient::on_timer);
      curl_multi_setopt(shard.multi, CURLMOPT_TIMERDATA, &shard);
      curl_multi_setopt(shard.multi, CURLMOPT_MAXCONNECTS, kMostIdleConnections);
      curl_multi_setopt(shard.multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    }
    return {};
  }

  std::uint64_t start(const HttpRequest& request) override {
    std::unique_ptr<Transfer> transfer = take_spare();
    const std::uint64_t id = ++last_id_;
    transfer->answer.id = id;
    transfer->most_bytes = request.most_bytes;
    transfer->sink = request.sink;
    transfer->timeout = std::max(request.timeout, milliseconds(1));
    // Neighbouring addresses must not share a shard, hence the multiplication (Knuth's for 32 bits).
    transfer->shard = ((request.address.value() * 2'654'435'761U) >> 16U) % shards_.size();
    prepare(*transfer, request);
    CURL* const easy = transfer->easy.get();
    Shard& shard = shards_[transfer->shard];
    active_.emplace(id, std::move(transfer));
    PIMAN_CHECK(curl_multi_add_handle(shard.multi, easy) == CURLM_OK);
    return id;
  }

  void cancel(std::uint64_t id) override {
    const auto found = active_.find(id);
    if (found == active_.end()) return;
    curl_multi_remove_handle(shards_[found->second->shard].multi, found->second->easy.get());
    active_.erase(found);
  }

  std::vector<HttpAnswer> poll(milliseconds wait) override {
    std::vector<HttpAnswer> answers;
    run_timers();
    collect(answers);
    const milliseconds pause = answers.empty() ? std::max(until_next_timer(wait), milliseconds(0)) : milliseconds(0);
    for (const FdPoller::Ready& ready : poller_.wait(pause)) on_ready(ready);
    run_timers();
    collect(answers);
    return answers;
  }

  void also_watch(int fd, bool for_reading, bool for_writing) override {
    poller_.watch(fd, kNoShard, for_reading, for_writing);
  }
  void forget(int fd) override { poller_.forget(fd); }
  void wake() override { poller_.wake(); }

 private:
  struct Shard {
    CurlClient* client = nullptr;
    std::uint32_t index = 0;
    CURLM* multi = nullptr;
    std::optional<SteadyTime> timer;
  };

  static int on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* context, void* /*unused*/) {
    Shard& shard = *static_cast<Shard*>(context);
    if (what == CURL_POLL_REMOVE) {
      shard.client->poller_.forget(fd);
    } else {
      shard.client->poller_.watch(fd, shard.index, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
    }
    return 0;
  }

  static int on_timer(CURLM* /*multi*/, long timeout_ms, void* context) {
    Shard& shard = *static_cast<Shard*>(context);
    shard.timer.reset();
    if (timeout_ms >= 0) shard.timer = std::chrono::steady_clock::now() + milliseconds(timeout_ms);
    return 0;
  }

  std::unique_ptr<Transfer> take_spare() {
    if (spare_.empty()) {
      auto transfer = std::make_unique<Transfer>();
      transfer->easy.reset(curl_easy_init());
      PIMAN_CHECK(transfer->easy != nullptr);
      return transfer;
    }
    std::unique_ptr<Transfer> transfer = std::move(spare_.back());
    spare_.pop_back();
    return transfer;
  }

  void give_back(std::unique_ptr<Transfer> transfer) {
    if (spare_.size() >= kMostSpareTransfers) return;
    curl_easy_reset(transfer->easy.get());
    transfer->header_bytes = 0;
    transfer->too_large = transfer->cut_by_sink = transfer->begun = false;
    transfer->encoding.clear();
    transfer->curl_words[0] = '\0';
    transfer->answer = {};
    spare_.push_back(std::move(transfer));
  }

  /// The name of a certificate stands in the URL, and the address beside it: nothing is looked up.
  static void set_url(Transfer& transfer, const HttpRequest& request) {
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
  static void set_revocations(CURL* easy, const HttpAccess& access) {
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

  static void set_access(CURL* easy, const HttpAccess& access) {
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

  static void prepare(Transfer& transfer, const HttpRequest& request) {
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

  void on_ready(const FdPoller::Ready& ready) {
    if (ready.owner == kNoShard) return;  // whoever wants it watched looks after each poll()
    const int what = (ready.readable ? CURL_CSELECT_IN : 0) | (ready.writable ? CURL_CSELECT_OUT : 0) |
                     (ready.failed ? CURL_CSELECT_ERR : 0);
    int running = 0;
    curl_multi_socket_action(shards_[ready.owner].multi, ready.fd, what, &running);
  }

  void run_timers() {
    const SteadyTime now = std::chrono::steady_clock::now();
    for (Shard& shard : shards_) {
      if (!shard.timer || *shard.timer > now) continue;
      shard.timer.reset();
      int running = 0;
      curl_multi_socket_action(shard.multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
  }

  milliseconds until_next_timer(milliseconds most) const {
    const SteadyTime now = std::chrono::steady_clock::now();
    for (const Shard& shard : shards_) {
      if (shard.timer) most = std::min(most, std::chrono::ceil<milliseconds>(*shard.timer - now));
    }
    return most;
  }

  void collect(std::vector<HttpAnswer>& answers) {
    for (Shard& shard : shards_) {
      int left = 0;
      while (const CURLMsg* const message = curl_multi_info_read(shard.multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        // The message dies with curl_multi_remove_handle.
        CURL* const easy = message->easy_handle;
        const CURLcode code = message->data.result;
        void* context = nullptr;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
        finish(*static_cast<Transfer*>(context), code);
        curl_multi_remove_handle(shard.multi, easy);
        const auto found = active_.find(static_cast<Transfer*>(context)->answer.id);
        PIMAN_CHECK(found != active_.end());
        answers.push_back(std::move(found->second->answer));
        // A handle that failed keeps its errno, reset or not, and would blame it on the next host.
        if (code == CURLE_OK) give_back(std::move(found->second));
        active_.erase(found);
      }
    }
  }

  static void finish(Transfer& transfer, CURLcode code) {
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

  FdPoller poller_;
  std::vector<Shard> shards_;
  std::vector<std::unique_ptr<Transfer>> spare_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Transfer>> active_;
  std::uint64_t last_id_ = 0;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::make(std::size_t shards) {
  static const CurlLibrary library;
  auto client = std::make_unique<CurlClient>(shards);
  if (auto opened = client->open(); !opened) return tl::unexpected<Error>(std::move(opened.error()));
  return client;
}

}  // namespace piman::manager
