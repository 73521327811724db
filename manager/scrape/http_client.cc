// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "common/check.h"
#include "common/clock.h"
#include "manager/scrape/fd_poller.h"
#include "manager/scrape/http_transfer.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

/// Idle connections kept per shard: every host of the largest inventory may have one.
constexpr long kMostIdleConnections = 65'536;
/// An idle easy handle with its buffer is cheap, but not free: a burst must not leave its number behind for ever.
constexpr std::size_t kMostSpareTransfers = 64;
/// What hosts send is gathered for so long before it is read, as network cards gather packets before they interrupt:
/// agents that were asked together answer within it, and pages of many packets are read at once. Being woken for each
/// piece cost more than all that is done with it.
constexpr milliseconds kGather{2};
/// Owner of descriptors that are not libcurl's. Not all ones: that is how a poller tells its own.
constexpr std::uint32_t kNoShard = 0x7FFF'FFFF;

/// libcurl wants its global state made before any thread uses it.
struct CurlLibrary {
  CurlLibrary() { PIMAN_CHECK(curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK); }
  ~CurlLibrary() { curl_global_cleanup(); }
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

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
    std::unique_ptr<HttpTransfer> transfer = take_spare();
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
    milliseconds pause = answers.empty() ? std::max(until_next_timer(wait), milliseconds(0)) : milliseconds(0);
    if (!active_.empty() && pause > kGather) {
      std::this_thread::sleep_for(kGather);
      pause -= kGather;
    }
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

  std::unique_ptr<HttpTransfer> take_spare() {
    if (spare_.empty()) {
      auto transfer = std::make_unique<HttpTransfer>();
      transfer->easy.reset(curl_easy_init());
      PIMAN_CHECK(transfer->easy != nullptr);
      return transfer;
    }
    std::unique_ptr<HttpTransfer> transfer = std::move(spare_.back());
    spare_.pop_back();
    return transfer;
  }

  void give_back(std::unique_ptr<HttpTransfer> transfer) {
    if (spare_.size() >= kMostSpareTransfers) return;
    reset(*transfer);
    spare_.push_back(std::move(transfer));
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
        finish(*static_cast<HttpTransfer*>(context), code);
        curl_multi_remove_handle(shard.multi, easy);
        const auto found = active_.find(static_cast<HttpTransfer*>(context)->answer.id);
        PIMAN_CHECK(found != active_.end());
        answers.push_back(std::move(found->second->answer));
        // A handle that failed keeps its errno, reset or not, and would blame it on the next host.
        if (code == CURLE_OK) give_back(std::move(found->second));
        active_.erase(found);
      }
    }
  }

  FdPoller poller_;
  std::vector<Shard> shards_;
  std::vector<std::unique_ptr<HttpTransfer>> spare_;
  std::unordered_map<std::uint64_t, std::unique_ptr<HttpTransfer>> active_;
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
