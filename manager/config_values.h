// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/net_types.h"
#include "common/result.h"
#include "common/text.h"
#include "manager/config.h"

/// Values of configuration keys, from text and back. Pure. Errors name the offending value, not the key; what can't be
/// read leaves `out` as it was. Lists are written as one text with commas: "eth0, eth1".
namespace piman::manager {

Result<void> set_duration(std::chrono::milliseconds& out, std::string_view text, std::chrono::milliseconds least,
                          std::chrono::milliseconds most);
Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most);
template <class Number>
Result<void> set_number(Number& out, std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto number = parse_count(text, least, most);
  if (!number) return tl::unexpected<Error>(number.error());
  out = static_cast<Number>(*number);
  return {};
}
Result<void> set_size(std::size_t& out, std::string_view text, std::uint64_t least, std::uint64_t most);
std::string show_size(std::uint64_t bytes);
Result<void> set_switch(bool& out, std::string_view text);
inline std::string show_switch(bool on) { return on ? "true" : "false"; }

Result<void> set_site(std::string& out, std::string_view text);
/// Empty, or an address that a browser can open.
Result<void> set_url(std::string& out, std::string_view text);
Result<void> set_file(std::string& out, std::string_view text);
Result<void> set_folder(std::string& out, std::string_view text);
/// One plain name of a folder.
Result<void> set_path_part(std::string& out, std::string_view text);
Result<void> set_level(LogLevel& out, std::string_view text);
std::string show_level(LogLevel level);
Result<void> set_format(LogFormat& out, std::string_view text);

Result<void> set_interfaces(std::vector<std::string>& out, std::string_view text);
std::string show_list(const std::vector<std::string>& names);
/// An address of this machine to listen on.
Result<HostPort> parse_listen_address(std::string_view text);
/// Empty: port 0, which stands for nowhere.
Result<void> set_optional_listen_address(HostPort& out, std::string_view text);
std::string show_optional_listen_address(const HostPort& address);
/// 0.0.0.0 stands for none.
Result<void> set_address(Ipv4Address& out, std::string_view text);
std::string show_address(Ipv4Address address);
Result<void> set_addresses(std::vector<Ipv4Address>& out, std::string_view text, std::size_t most = SIZE_MAX);
std::string show_addresses(const std::vector<Ipv4Address>& addresses);
Result<void> set_networks(std::vector<Ipv4Network>& out, std::string_view text);
std::string show_networks(const std::vector<Ipv4Network>& networks);
Result<void> set_ranges(std::vector<Ipv4Range>& out, std::string_view text);
std::string show_ranges(const std::vector<Ipv4Range>& ranges);
/// Empty, or a DNS domain.
Result<void> set_domain(std::string& out, std::string_view text);

/// One of a few words, as "mode" has them.
template <class Choice, std::size_t kCount>
Result<void> set_choice(Choice& out, std::string_view text,
                        const std::array<std::pair<std::string_view, Choice>, kCount>& words) {
  std::string known;
  for (const auto& [word, choice] : words) {
    if (word == text) {
      out = choice;
      return {};
    }
    known += concat(known.empty() ? "" : ", ", word);
  }
  return fail(concat(quote(text), " is none of ", known));
}
template <class Choice, std::size_t kCount>
std::string show_choice(Choice value, const std::array<std::pair<std::string_view, Choice>, kCount>& words) {
  for (const auto& [word, choice] : words) {
    if (choice == value) return std::string(word);
  }
  return {};
}

}  // namespace piman::manager
