// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/boot_template.h"

#include <algorithm>
#include <array>
#include <optional>

#include "common/text.h"

namespace piman::netboot::tftp {
namespace {

std::string serial_text(std::optional<std::uint32_t> serial) {
  if (!serial) return "";
  std::string digits(8, '0');
  for (std::size_t i = 0; i < 8; ++i) digits[i] = "0123456789abcdef"[*serial >> (28 - 4 * i) & 0xF];
  return digits;
}

std::optional<std::string> value_of(std::string_view variable, const BootClient& client, Ipv4Address server,
                                    const BootTreeSettings& settings) {
  const Host& host = client.host;
  if (variable == "address") return host.address.to_string();
  if (variable == "name") return host.name;
  if (variable == "mac") return host.mac == MacAddress() ? "" : host.mac.to_string();
  if (variable == "group") return host.group;
  if (variable == "image") return host.image.empty() ? settings.default_image : host.image;
  if (variable == "serial") return serial_text(client.serial);
  if (variable == "server") return server.to_string();
  if (variable == "token") return client.token;
  return std::nullopt;
}

bool is_word_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

Result<std::string> render_template(std::string_view text, const BootClient& client, Ipv4Address server,
                                    const BootTreeSettings& settings) {
  if (text.size() > kMaxTemplateBytes) return fail(concat("a template of ", text.size(), " bytes is too long"));
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t open = text.find("{{", at);
    out += text.substr(at, open - at);
    if (open == std::string_view::npos) return out;
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) return fail(concat("'{{' without '}}': ", quote(text.substr(open, 20))));
    const std::string_view variable = trim(text.substr(open + 2, close - open - 2));
    const auto value = value_of(variable, client, server, settings);
    if (!value) return fail(concat("unknown variable ", quote(variable)));
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::any_of(value->begin(), value->end(), is_control)) {
      return fail(concat("the value of ", quote(variable), " has a control character"));  // it may be a secret
    }
    out += *value;
    if (out.size() > kMaxTemplateBytes) return fail("a rendered template is too long");
    at = close + 2;
  }
}

std::string replace_master(std::string_view text, Ipv4Address server) {
  constexpr std::string_view kMaster = "MASTER";
  const std::string address = server.to_string();
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t begin = text.find(kMaster, at);
    out += text.substr(at, begin - at);
    if (begin == std::string_view::npos) return out;
    at = begin + kMaster.size();
    const bool is_word =
        (begin == 0 || !is_word_byte(text[begin - 1])) && (at == text.size() || !is_word_byte(text[at]));
    out += is_word ? std::string_view(address) : kMaster;
  }
}

}  // namespace piman::netboot::tftp
