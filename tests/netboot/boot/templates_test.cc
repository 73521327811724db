// SPDX-License-Identifier: Apache-2.0
#include "netboot/boot/templates.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

#include "common/text.h"

namespace piman::netboot {
namespace {

std::string text_of(std::string_view name) {
  for (const BootTemplate& each : boot_templates()) {
    if (each.name == name) return std::string(each.text);
  }
  ADD_FAILURE() << "no " << name;
  return {};
}

/// Names between {{ and }}.
std::set<std::string> variables_of(std::string_view text) {
  std::set<std::string> names;
  for (std::size_t open = text.find("{{"); open != std::string_view::npos; open = text.find("{{", open)) {
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) {
      ADD_FAILURE() << "braces that don't close";
      break;
    }
    names.insert(std::string(trim(text.substr(open + 2, close - open - 2))));
    open = close;
  }
  return names;
}

TEST(BootTemplates, UseOnlyWhatTheServerFillsIn) {
  const std::set<std::string> known = {"address", "name", "mac", "group", "image", "serial", "server", "token"};
  EXPECT_EQ(boot_templates().size(), 5U);
  for (const BootTemplate& each : boot_templates()) {
    for (const std::string& name : variables_of(each.text)) {
      EXPECT_TRUE(each.name.ends_with(".in")) << each.name << " is served as it is";
      EXPECT_TRUE(known.contains(name)) << each.name << ": " << name;
    }
  }
}

TEST(BootTemplates, CmdlineIsOneLine) {
  const std::string text = text_of("cmdline.txt.in");
  EXPECT_EQ(text.find('\n'), text.size() - 1) << "firmware takes the first line alone";
  EXPECT_THAT(text, testing::HasSubstr(" ip=dhcp "));
  EXPECT_THAT(text, testing::HasSubstr(" master={{server}}"));
}

TEST(BootTemplates, ConfigLinesAreShortEnoughForFirmware) {
  const std::string config = text_of("config.txt.in");
  std::string_view rest = config;
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    EXPECT_LE(line.size(), 98U) << line;
    EXPECT_FALSE(line.starts_with("initramfs=")) << "this one has no equals sign";
  }
  EXPECT_THAT(config, testing::HasSubstr("\ninitramfs initramfs.gz followkernel\n"));
}

TEST(BootTemplates, IpxeScriptsBeginWithTheirMark) { EXPECT_TRUE(text_of("boot.ipxe.in").starts_with("#!ipxe\n")); }

}  // namespace
}  // namespace piman::netboot
