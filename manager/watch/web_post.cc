// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/web_post.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "common/check.h"
#include "common/text.h"

namespace piman::watch {
namespace {

/// What a receiver says is at most shown: this much of it.
constexpr std::size_t kMostBodyBytes = 512;
/// More than that is no answer to a message.
constexpr std::size_t kMostReadBytes = 1024UL * 1024;
constexpr std::size_t kMostHeaderBytes = 64UL * 1024;

struct CurlLibrary {
  CurlLibrary() { PIMAN_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); }
  ~CurlLibrary() { curl_global_cleanup(); }
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Transfer {
  std::unique_ptr<curl_slist, ListDeleter> headers;
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::string url, json;
  std::array<char, CURL_ERROR_SIZE> words{};
  std::size_t read_bytes = 0, header_bytes = 0;
  WebAnswer answer;
};

std::size_t on_body(char* data, std::size_t /*one*/, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.read_bytes += size;
  if (transfer.read_bytes > kMostReadBytes) return 0;  // libcurl cuts the transfer
  const std::size_t room = kMostBodyBytes - std::min(kMostBodyBytes, transfer.answer.body.size());
  transfer.answer.body.append(data, std::min(size, room));
  return size;
}

std::size_t on_header(char* data, std::size_t /*one*/, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.header_bytes += size;
  if (transfer.header_bytes > kMostHeaderBytes) return 0;
  std::string_view rest(data, size);
  if (rest.starts_with("HTTP/")) transfer.answer.retry_after.clear();  // that was of an interim answer
  const std::string_view name = next_until(rest, ':');
  if (equals_ignoring_case(name, "Retry-After")) transfer.answer.retry_after = trim(rest);
  return size;
}

/// libcurl's words may hold what it was asked for, and that is a secret.
std::string without(std::string words, const std::string& secret) {
  for (std::size_t at = words.find(secret); !secret.empty() && at != std::string::npos; at = words.find(secret)) {
    words.replace(at, secret.size(), "the URL");
  }
  return words;
}

class CurlPoster final : public WebPoster {
 public:
  CurlPoster() : multi_(curl_multi_init()) { PIMAN_CHECK(multi_ != nullptr); }
  ~CurlPoster() override {
    for (auto& [id, transfer] : active_) curl_multi_remove_handle(multi_.get(), transfer->easy.get());
    active_.clear();  // before the multi handle
  }
  CurlPoster(const CurlPoster&) = delete;
  CurlPoster& operator=(const CurlPoster&) = delete;

  std::uint64_t start(const WebPost& post) override {
    auto transfer = std::make_unique<Transfer>();
    transfer->answer.id = ++last_id_;
    transfer->url = post.url;
    transfer->json = post.json;
    transfer->easy.reset(curl_easy_init());
    PIMAN_CHECK(transfer->easy != nullptr);
    prepare(*transfer, post);
    PIMAN_CHECK(curl_multi_add_handle(multi_.get(), transfer->easy.get()) == CURLM_OK);
    const std::uint64_t id = transfer->answer.id;
    active_.emplace(id, std::move(transfer));
    return id;
  }

  std::vector<WebAnswer> poll(std::chrono::milliseconds wait) override {
    std::vector<WebAnswer> answers;
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    collect(answers);
    if (!answers.empty()) return answers;
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
    curl_multi_perform(multi_.get(), &running);
    collect(answers);
    return answers;
  }

  void wake() override { curl_multi_wakeup(multi_.get()); }

 private:
  static void prepare(Transfer& transfer, const WebPost& post) {
    CURL* const easy = transfer.easy.get();
    // Without "Expect:" curl would wait a second for leave to send a long body.
    for (const char* const header : {"Content-Type: application/json", "Expect:"}) {
      transfer.headers.reset(curl_slist_append(transfer.headers.release(), header));
    }
    curl_easy_setopt(easy, CURLOPT_URL, transfer.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer.json.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.json.size()));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.words.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(post.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "piman/" PIMAN_VERSION);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    // A name server that does not answer must not hold up the manager's end.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    if (!post.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, post.ca_file.c_str());
  }

  void collect(std::vector<WebAnswer>& answers) {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const easy = message->easy_handle;  // the message dies with curl_multi_remove_handle
      const CURLcode code = message->data.result;
      void* context = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
      auto& transfer = *static_cast<Transfer*>(context);
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      // A status with a body that was cut is an answer all the same.
      transfer.answer.status = static_cast<int>(status);
      if (status == 0) {
        const char* const words = transfer.words[0] != 0 ? transfer.words.data() : curl_easy_strerror(code);
        transfer.answer.error = without(words, transfer.url);
      }
      curl_multi_remove_handle(multi_.get(), easy);
      answers.push_back(std::move(transfer.answer));
      active_.erase(answers.back().id);
    }
  }

  const std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Transfer>> active_;
  std::uint64_t last_id_ = 0;
};

}  // namespace

Result<std::unique_ptr<WebPoster>> WebPoster::make() {
  static const CurlLibrary library;
  return std::make_unique<CurlPoster>();
}

}  // namespace piman::watch
