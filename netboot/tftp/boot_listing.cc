// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/boot_listing.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "common/text.h"

namespace piman::netboot::tftp {
namespace {

std::string padded(std::string text, std::size_t width, bool to_the_right = false) {
  if (text.size() >= width) return text;
  return to_the_right ? std::string(width - text.size(), ' ') + text : text + std::string(width - text.size(), ' ');
}

/// File names are a user's: what is not printable shall not reach a terminal.
std::string printable(std::string_view text) {
  std::string out = to_valid_utf8(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return out;
}

}  // namespace

TreeListing list_tree(const BootFiles& files, const Host& host) {
  TreeListing listing{.layers = layers_of(host, files.settings()), .entries = {}, .is_cut = false};
  std::set<std::string> names;
  for (const Layer& layer : listing.layers) {
    files.walk(layer.path, [&](const std::string& file) {
      std::string name = file;
      if (name.ends_with(kTemplateEnd)) name.resize(name.size() - kTemplateEnd.size());
      // Also what a client can't ask for, as a name that is too long, is left out here.
      if (const auto normal = normalise(name); normal && *normal == name) names.insert(std::move(name));
      listing.is_cut = names.size() > kMaxListed;
      return !listing.is_cut;
    });
  }
  for (const std::string& name : names) {
    std::vector<Presence> present = files.find_all(name, host);
    if (present.empty()) continue;  // a link to nowhere, a pipe
    TreeEntry entry{.name = name,
                    .path = present[0].candidate.path,
                    .layer = present[0].candidate.layer,
                    .is_template = present[0].candidate.is_template,
                    .replaces_master = speaks_of_master(name),
                    .size_bytes = present[0].size_bytes,
                    .fault = present[0].fault,
                    .shadowed = {}};
    for (std::size_t i = 1; i < present.size(); ++i) entry.shadowed.push_back(present[i].candidate.path);
    listing.entries.push_back(std::move(entry));
  }
  return listing;
}

std::string describe(const TreeListing& listing) {
  std::string out;
  std::size_t name_width = 4, size_width = 5;
  for (const TreeEntry& entry : listing.entries) {
    name_width = std::max(name_width, std::min<std::size_t>(printable(entry.name).size(), 48));
    size_width = std::max(size_width, concat(entry.size_bytes).size());
  }
  for (const Layer& layer : listing.layers)
    out += concat("# ", padded(std::string(word(layer.kind)), 5), "  ", layer.path, "/\n");
  for (const TreeEntry& entry : listing.entries) {
    out += concat(padded(printable(entry.name), name_width), "  ", padded(concat(entry.size_bytes), size_width, true),
                  "  ", padded(std::string(word(entry.layer)), 5), "  ", printable(entry.path));
    if (entry.is_template) out += "  [template]";
    if (entry.replaces_master) out += "  [MASTER]";
    if (!entry.fault.empty()) out += concat("  NOT SERVED: ", entry.fault);
    for (const std::string& path : entry.shadowed) out += concat("  hides ", printable(path));
    out += '\n';
  }
  if (listing.is_cut) out += concat("# cut after ", kMaxListed, " names\n");
  return out;
}

}  // namespace piman::netboot::tftp
