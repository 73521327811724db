// SPDX-License-Identifier: Apache-2.0
#include "common/http/civetweb_hooks.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>

#include "common/http/tls_context.h"
#include "common/http/tls_library.h"
#include "common/http/web_gate.h"

namespace piman::http {
namespace {

/// The most addresses that one server listens on with a stop that is noticed at once.
constexpr std::size_t kMostDescriptors = 64;
constexpr int kBriefWaitMs = 200;

thread_local int end_descriptor = -1;
thread_local std::optional<SteadyTime> wait_deadline;

int shorter(int timeout_ms, std::int64_t limit_ms) {
  return timeout_ms < 0 || timeout_ms > limit_ms ? static_cast<int>(limit_ms) : timeout_ms;
}

int poll_with_end(::pollfd* descriptors, ::nfds_t count, int timeout_ms) {
  if (end_descriptor < 0) return ::poll(descriptors, count, timeout_ms);
  if (count > kMostDescriptors) return ::poll(descriptors, count, shorter(timeout_ms, kBriefWaitMs));
  std::array<::pollfd, kMostDescriptors + 1> all;  // not initialised: most calls wait for one
  std::copy_n(descriptors, count, all.begin());
  all[count] = {end_descriptor, POLLIN, 0};
  const int ready = ::poll(all.data(), count + 1, timeout_ms);
  if (ready < 0) return ready;
  if (all[count].revents != 0) {
    errno = ECANCELED;
    return -1;
  }
  std::copy_n(all.begin(), count, descriptors);
  return ready;
}

/// Stands for SSL_new(). civetweb would make all connections from one context for as long as it runs; its own is only a
/// stand-in for the gate, which knows the present one.
ssl_st* new_tls_connection(ssl_ctx_st* stand_in) {
  const Result<TlsLibrary>& library = tls_library();
  auto* const gate = static_cast<WebGate*>(tls_owner(*library, stand_in));
  const TlsContext context = gate->tls_context();
  return library->SSL_new(context.get());  // which keeps the context for as long as the connection lives
}

/// Stands for CONF_modules_unload(), which civetweb calls when its last server ends: others here go on using OpenSSL.
void keep_modules(int /*all*/) {}

}  // namespace

void end_waits_of_this_thread_by(int descriptor) { end_descriptor = descriptor; }

WaitDeadline::WaitDeadline(SteadyTime deadline) { wait_deadline = deadline; }
WaitDeadline::~WaitDeadline() { wait_deadline.reset(); }

}  // namespace piman::http

int piman_http_accept(int listener, struct sockaddr* address, socklen_t* length) {
  const int connection = ::accept(listener, address, length);
  if (connection >= 0) return connection;
  const int reason = errno;
  if (reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM) {
    static_cast<void>(piman::http::poll_with_end(nullptr, 0, piman::http::kBriefWaitMs));
  }
  errno = reason;
  return connection;
}

int piman_http_poll(struct pollfd* descriptors, nfds_t count, int timeout_ms) {
  using namespace piman;
  using namespace piman::http;
  if (wait_deadline) {
    const auto left = *wait_deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) {
      errno = ETIMEDOUT;
      return -1;
    }
    timeout_ms = shorter(timeout_ms, std::chrono::ceil<std::chrono::milliseconds>(left).count());
  }
  if (count == 1 && (descriptors->events & POLLOUT) != 0) timeout_ms = shorter(timeout_ms, kBriefWaitMs);
  return poll_with_end(descriptors, count, timeout_ms);
}

std::tm* piman_http_gmtime(const std::time_t* time) {
  thread_local std::tm broken_down;
  return ::gmtime_r(time, &broken_down);
}

void* piman_http_dlsym(void* library, const char* name) {
  using namespace piman::http;
  const auto address_of = [](auto function) {
    void* address = nullptr;
    std::memcpy(&address, &function, sizeof address);  // POSIX promises it; ISO C++ has no cast for it
    return address;
  };
  if (std::string_view(name) == "SSL_new") return address_of(&new_tls_connection);
  if (std::string_view(name) == "CONF_modules_unload") return address_of(&keep_modules);
  return ::dlsym(library, name);
}
