# SPDX-License-Identifier: Apache-2.0
# Gives the target piman::civetweb.
#
# Debian's shared library of civetweb 1.15 has no IPv6 and crashes at the first TLS handshake with OpenSSL 3: it looks
# up SSL_get_peer_certificate, which OpenSSL 3 does not export. Debian's *source* package knows OpenSSL 3, so where
# scripts/build could fetch it (into .deps/civetweb) it is compiled in. Otherwise Debian's library serves plain HTTP,
# and PIMAN_HTTP_TLS=0 makes the server refuse a TLS port with a clear line.
set(PIMAN_CIVETWEB_SOURCE ${PROJECT_SOURCE_DIR}/.deps/civetweb CACHE PATH "Unpacked source of civetweb")

if(EXISTS ${PIMAN_CIVETWEB_SOURCE}/src/civetweb.c)
  message(STATUS "civetweb: compiled from ${PIMAN_CIVETWEB_SOURCE} (TLS and IPv6)")
  add_library(piman_civetweb STATIC ${PIMAN_CIVETWEB_SOURCE}/src/civetweb.c)
  target_include_directories(piman_civetweb SYSTEM PUBLIC ${PIMAN_CIVETWEB_SOURCE}/include)
  # libssl is opened by dlopen when a TLS port is asked for: an agent without TLS does not pay 3 MB of memory for it.
  # Its stop flag is no atomic unless asked for. Its threads would wake every quantum of 2 s to look at that flag; they
  # call poll() and gmtime() of common/http/civetweb_hooks.cc instead of the C library's (piman::http brings them along), so
  # that a stop wakes them and nothing else does: the quantum is an hour.
  target_compile_definitions(piman_civetweb PRIVATE
    OPENSSL_API_3_0 STOP_FLAG_NEEDS_LOCK SSL_LIB="libssl.so.3" CRYPTO_LIB="libcrypto.so.3" USE_IPV6 NO_CGI NO_FILES NO_CACHING
    SOCKET_TIMEOUT_QUANTUM=3600000 USE_STACK_SIZE=262144 _GNU_SOURCE)
  target_compile_options(piman_civetweb PRIVATE "SHELL:-include ${CMAKE_CURRENT_LIST_DIR}/civetweb_redirect.h")
  target_compile_options(piman_civetweb PRIVATE -w $<$<CONFIG:Release>:-Os>)
  target_link_libraries(piman_civetweb PUBLIC Threads::Threads ${CMAKE_DL_LIBS})
  target_compile_definitions(piman_civetweb INTERFACE PIMAN_HTTP_TLS=1 PIMAN_HTTP_IPV6=1)
else()
  find_package(civetweb CONFIG REQUIRED)
  message(STATUS "civetweb: Debian's shared library (no TLS, no IPv6)")
  add_library(piman_civetweb INTERFACE)
  target_link_libraries(piman_civetweb INTERFACE civetweb::civetweb)
  target_compile_definitions(piman_civetweb INTERFACE PIMAN_HTTP_TLS=0 PIMAN_HTTP_IPV6=0)
endif()
add_library(piman::civetweb ALIAS piman_civetweb)
