// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <ctime>

#include "common/clock.h"

/// What civetweb calls instead of accept(), poll(), gmtime() and dlsym() where it is compiled in
/// (cmake/Civetweb.cmake); Debian's library goes on calling the C library. Its own way to notice a stop is to wake each
/// thread every so often and look: an idle agent would burn most of its CPU on that. So its threads wait without a
/// limit, and for a descriptor of the server besides, which becomes readable when it stops. Thread-safety: what is set
/// here holds for the thread that sets it.
namespace piman::http {

/// From now on waits of this thread also end, with an error, when `descriptor` is readable. -1: no such descriptor.
void end_waits_of_this_thread_by(int descriptor);

/// While it lives, waits of this thread end at `deadline` and later ones fail at once (ETIMEDOUT): for a client that
/// sends a byte whenever civetweb's timeout for one read is about to pass.
class WaitDeadline {
 public:
  explicit WaitDeadline(SteadyTime deadline);
  ~WaitDeadline();
  WaitDeadline(const WaitDeadline&) = delete;
  WaitDeadline& operator=(const WaitDeadline&) = delete;
};

}  // namespace piman::http

extern "C" {
/// As accept(2). Where there is no descriptor for the connection it waits a little before it says so: civetweb would
/// ask again at once, for as long as somebody waits to be let in, and burn a processor on that.
int piman_http_accept(int listener, struct sockaddr* address, socklen_t* length);
/// As poll(2). Fails with ECANCELED when the thread's server stops. A wait for room to write ends early, as its caller
/// looks at its own timeout only then.
int piman_http_poll(struct pollfd* descriptors, nfds_t count, int timeout_ms);
/// As gmtime(3), with a buffer for each thread.
std::tm* piman_http_gmtime(const std::time_t* time);
/// As dlsym(3), for civetweb's table of OpenSSL's functions, with two of our own among them: its connections are made
/// from what the WebGate of the server says at that moment.
/// REQUIRES: every TLS context that civetweb gets was made by make_empty_tls_context() for a WebGate.
void* piman_http_dlsym(void* library, const char* name);
}
