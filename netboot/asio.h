// SPDX-License-Identifier: Apache-2.0
#pragma once

// Asio 1.74 with GCC 12 needs <utility> first. Coroutines are off: neither compiler that piman supports is safe with
// them.
#include <utility>

#ifndef BOOST_ASIO_DISABLE_CO_AWAIT
#define BOOST_ASIO_DISABLE_CO_AWAIT
#endif
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

/// The only way to Boost.Asio: what netboot's services wait with. The bytes themselves move by recvmmsg and sendmmsg on
/// the native sockets, which costs half of what one call a packet does.
namespace piman::netboot {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace piman::netboot
