/* SPDX-License-Identifier: Apache-2.0 */
/* Read by the compiler before civetweb.c and by nothing else: sends four of its calls to
 * common/http/civetweb_hooks.cc. The C library's headers come first: with _FORTIFY_SOURCE they hold an inline poll(),
 * which must keep its name. */
#pragma once

#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

int piman_http_accept(int listener, struct sockaddr* address, socklen_t* length);
int piman_http_poll(struct pollfd* descriptors, nfds_t count, int timeout_ms);
struct tm* piman_http_gmtime(const time_t* time);
void* piman_http_dlsym(void* library, const char* name);

#define accept piman_http_accept
#define poll piman_http_poll
#define gmtime piman_http_gmtime
#define dlsym piman_http_dlsym

/* common/http/server.cc looks at the byte behind the head of a request, which may fill the buffer that it is in. */
#define malloc(size) malloc((size) + 1)
