// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/net_types.h"
#include "common/result.h"
#include "netboot/tftp/boot_tree.h"

/// Boot texts made for one node: cmdline.txt, config.txt and whatever else ends in ".in" on disk. Pure.
namespace piman::netboot::tftp {

/// A template that is longer, before or after rendering, is a mistake.
inline constexpr std::size_t kMaxTemplateBytes = 64 << 10;

/// Fills in {{address}}, {{name}}, {{mac}}, {{group}}, {{image}}, {{serial}} (8 hexadecimal digits), {{server}} and
/// {{token}}; blanks inside the braces don't matter. What is not known of a client is empty.
/// Errors: an unknown variable, braces that don't close, a value with a control character (it would begin a line of its
/// own), a text that gets too long. Half a config.txt is worse than none.
Result<std::string> render_template(std::string_view text, const BootClient& client, Ipv4Address server,
                                    const BootTreeSettings& settings);

/// Every word MASTER becomes the server's address, as piman's predecessor had it in cmdline.txt. A part of a longer
/// word stays.
std::string replace_master(std::string_view text, Ipv4Address server);

}  // namespace piman::netboot::tftp
