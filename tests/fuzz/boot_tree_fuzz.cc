// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "common/text.h"
#include "netboot/tftp/boot_template.h"
#include "netboot/tftp/boot_tree.h"

namespace {

using namespace piman;
using namespace piman::netboot;
using namespace piman::netboot::tftp;

/// What every path that reaches the disk must be.
void check_path(std::string_view path) {
  PIMAN_CHECK(!path.empty() && path.front() != '/' && path.back() != '/');
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view part = next_until(rest, '/');
    PIMAN_CHECK(!part.empty() && part != "." && part != "..");
  }
  for (const char c : path) PIMAN_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != '\\' && c != 0x7F);
}

}  // namespace

/// Lines: a requested name, a prefix, a node's name, group and image, and a template. No name leads out of a layer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string requested(next_until(rest, '\n'));
  BootTreeSettings settings;
  settings.prefix = next_until(rest, '\n');
  BootClient client;
  client.host.name = next_until(rest, '\n');
  client.host.group = next_until(rest, '\n');
  client.host.image = next_until(rest, '\n');
  client.token = client.host.name;

  const auto layers = layers_of(client.host, settings);
  PIMAN_CHECK(layers.size() <= 3);
  for (const Layer& layer : layers) {
    check_path(layer.path);
    PIMAN_CHECK(std::count(layer.path.begin(), layer.path.end(), '/') == 1);
  }
  if (const auto name = normalise(requested)) {
    check_path(*name);
    PIMAN_CHECK(normalise(*name) == *name && name->size() <= requested.size());
    const std::string_view bare = without_prefix(*name, settings);
    check_path(bare);
    PIMAN_CHECK(name->ends_with(bare));
    (void)serial_in(*name);
    for (const Candidate& candidate : candidates(bare, layers)) {
      check_path(candidate.path);
      PIMAN_CHECK(candidate.path.ends_with(concat('/', bare, candidate.is_template ? kTemplateEnd : "")));
    }
  }
  if (const auto text = render_template(rest, client, Ipv4Address(0xC0000201), settings)) {
    PIMAN_CHECK(text->size() <= kMaxTemplateBytes);
    const auto lines = [](std::string_view of) { return std::count(of.begin(), of.end(), '\n'); };
    PIMAN_CHECK(lines(*text) <= lines(rest));  // no value brings a line of its own
  }
  (void)replace_master(rest, Ipv4Address(0xC0000201));
  return 0;
}
