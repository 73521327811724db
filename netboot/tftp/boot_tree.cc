// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/boot_tree.h"

#include <algorithm>

#include "common/text.h"

namespace piman::netboot::tftp {
namespace {

constexpr std::size_t kMaxNameBytes = 255, kMaxParts = 16;

bool is_plain_part(std::string_view text) {
  const auto name = normalise(text);
  return name && *name == text && text.find('/') == std::string_view::npos;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_serial(std::string_view part) { return part.size() == 8 && std::all_of(part.begin(), part.end(), is_hex); }

bool is_dashed_mac(std::string_view part) {
  return part.find(':') == std::string_view::npos && MacAddress::parse(part).has_value();
}

}  // namespace

std::string_view word(NameFault fault) {
  switch (fault) {
    case NameFault::kEmpty:
      return "empty";
    case NameFault::kTooLong:
      return "too_long";
    case NameFault::kTooDeep:
      return "too_deep";
    case NameFault::kControl:
      return "control_character";
    case NameFault::kClimbs:
      return "climbs";
  }
  return "";
}

std::string_view word(LayerKind kind) {
  switch (kind) {
    case LayerKind::kNode:
      return "node";
    case LayerKind::kGroup:
      return "group";
    case LayerKind::kImage:
      return "image";
  }
  return "";
}

tl::expected<std::string, NameFault> normalise(std::string_view requested) {
  if (requested.size() > kMaxNameBytes) return tl::unexpected(NameFault::kTooLong);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(requested.begin(), requested.end(), is_control)) return tl::unexpected(NameFault::kControl);
  std::string slashed(requested);
  std::replace(slashed.begin(), slashed.end(), '\\', '/');
  if (slashed.empty() || slashed.back() == '/') return tl::unexpected(NameFault::kEmpty);
  std::string name;
  std::size_t parts = 0;
  for (std::string_view rest = slashed; !rest.empty();) {
    const std::string_view part = next_until(rest, '/');
    if (part.empty() || part == ".") continue;
    if (part == "..") return tl::unexpected(NameFault::kClimbs);
    if (++parts > kMaxParts) return tl::unexpected(NameFault::kTooDeep);
    if (!name.empty()) name += '/';
    name += part;
  }
  if (name.empty()) return tl::unexpected(NameFault::kEmpty);
  return name;
}

std::string_view without_prefix(std::string_view name, const BootTreeSettings& settings) {
  std::string_view written = settings.prefix;
  while (written.ends_with('/')) written.remove_suffix(1);
  if (const auto prefix = normalise(written); prefix && name.starts_with(concat(*prefix, '/'))) {
    name.remove_prefix(prefix->size() + 1);
  }
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return name;
  const std::string_view first = name.substr(0, slash);
  return is_serial(first) || is_dashed_mac(first) ? name.substr(slash + 1) : name;
}

std::optional<std::uint32_t> serial_in(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos || !is_serial(name.substr(0, slash))) return std::nullopt;
  const auto value = parse_hex(name.substr(0, slash));
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

std::vector<Layer> layers_of(const Host& host, const BootTreeSettings& settings) {
  std::vector<Layer> layers;
  if (is_plain_part(host.name)) layers.push_back({LayerKind::kNode, concat("nodes/", host.name)});
  if (is_plain_part(host.group)) layers.push_back({LayerKind::kGroup, concat("groups/", host.group)});
  const std::string& image = host.image.empty() ? settings.default_image : host.image;
  if (is_plain_part(image)) layers.push_back({LayerKind::kImage, concat("images/", image)});
  return layers;
}

std::vector<Candidate> candidates(std::string_view name, const std::vector<Layer>& layers) {
  std::vector<Candidate> found;
  if (name.ends_with(kTemplateEnd)) return found;
  for (const Layer& layer : layers) {
    found.push_back({layer.kind, true, concat(layer.path, '/', name, kTemplateEnd)});
    found.push_back({layer.kind, false, concat(layer.path, '/', name)});
  }
  return found;
}

bool speaks_of_master(std::string_view name) {
  return name.substr(name.rfind('/') + 1).find("cmdline.txt") != std::string_view::npos;
}

}  // namespace piman::netboot::tftp
