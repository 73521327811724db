// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/boot_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/text.h"
#include "netboot/tftp/boot_template.h"

namespace piman::netboot::tftp {
namespace {

using namespace std::string_literals;

std::string normal(std::string_view name) {
  const auto result = normalise(name);
  return result ? *result : concat("<", word(result.error()), ">");
}

Host host(std::string name, std::string group = "", std::string image = "") {
  return {.mac = *MacAddress::parse("b8:27:eb:00:00:01"),
          .address = *Ipv4Address::parse("192.0.2.7"),
          .name = std::move(name),
          .group = std::move(group),
          .image = std::move(image)};
}

std::string layers(const Host& of) {
  std::string out;
  for (const Layer& layer : layers_of(of, {})) out += concat(word(layer.kind), "=", layer.path, " ");
  return out;
}

TEST(BootTree, NamesAreMadePlain) {
  EXPECT_EQ(normal("config.txt"), "config.txt");
  EXPECT_EQ(normal("/config.txt"), "config.txt");
  EXPECT_EQ(normal("//a///b/./c"), "a/b/c");
  EXPECT_EQ(normal("\\Boot\\x.efi"), "Boot/x.efi");
  EXPECT_EQ(normal("a/..b/c..."), "a/..b/c...");
}

TEST(BootTree, NamesThatAreNone) {
  EXPECT_EQ(normal(""), "<empty>");
  EXPECT_EQ(normal("/"), "<empty>");
  EXPECT_EQ(normal("."), "<empty>");
  EXPECT_EQ(normal("overlays/"), "<empty>");
  EXPECT_EQ(normal(".."), "<climbs>");
  EXPECT_EQ(normal("a/../b"), "<climbs>");
  EXPECT_EQ(normal("..\\..\\etc\\passwd"), "<climbs>");
  EXPECT_EQ(normal("/../etc/passwd"), "<climbs>");
  EXPECT_EQ(normal("a\nb"), "<control_character>");
  EXPECT_EQ(normal("a\0b"s), "<control_character>");
  EXPECT_EQ(normal("a\x7F"), "<control_character>");
  EXPECT_EQ(normal(std::string(255, 'x')), std::string(255, 'x'));
  EXPECT_EQ(normal(std::string(256, 'x')), "<too_long>");
  std::string deep = "x";
  for (int i = 0; i < 15; ++i) deep += "/x";
  EXPECT_EQ(normal(deep), deep);
  EXPECT_EQ(normal(deep + "/x"), "<too_deep>");
}

TEST(BootTree, WhatBootloadersPutBeforeNamesIsLeftAway) {
  const BootTreeSettings plain;
  EXPECT_EQ(without_prefix("b66c4c16/start.elf", plain), "start.elf");
  EXPECT_EQ(without_prefix("B66C4C16/overlays/x.dtbo", plain), "overlays/x.dtbo");
  EXPECT_EQ(without_prefix("dc-a6-32-01-36-c2/config.txt", plain), "config.txt");
  EXPECT_EQ(without_prefix("dc:a6:32:01:36:c2/config.txt", plain), "dc:a6:32:01:36:c2/config.txt");
  EXPECT_EQ(without_prefix("b66c4c16", plain), "b66c4c16");
  EXPECT_EQ(without_prefix("b66c4c1/x", plain), "b66c4c1/x");
  EXPECT_EQ(without_prefix("b66c4c16/b66c4c16/x", plain), "b66c4c16/x");
  EXPECT_EQ(without_prefix("overlays/x.dtbo", plain), "overlays/x.dtbo");
  for (const char* written : {"site/pi", "/site/pi/", "site/pi//"}) {
    const BootTreeSettings settings{.default_image = "", .prefix = written};
    EXPECT_EQ(without_prefix("site/pi/config.txt", settings), "config.txt");
    EXPECT_EQ(without_prefix("site/pi/b66c4c16/config.txt", settings), "config.txt");
    EXPECT_EQ(without_prefix("site/pix/config.txt", settings), "site/pix/config.txt");
    EXPECT_EQ(without_prefix("b66c4c16/config.txt", settings), "config.txt");
  }
}

TEST(BootTree, SerialsInNames) {
  EXPECT_EQ(serial_in("b66c4c16/start.elf"), 0xB66C4C16U);
  EXPECT_EQ(serial_in("start.elf"), std::nullopt);
  EXPECT_EQ(serial_in("b66c4c16"), std::nullopt);
}

TEST(BootTree, LayersFromTheNodeDown) {
  EXPECT_EQ(layers(host("pi7", "lab", "trixie")), "node=nodes/pi7 group=groups/lab image=images/trixie ");
  EXPECT_EQ(layers(host("pi7")), "node=nodes/pi7 image=images/default ");
  EXPECT_EQ(layers({}), "image=images/default ");
  EXPECT_EQ(layers(host("../x", "a/b", "..")), "");
  EXPECT_EQ(layers(host(".", "", "a\\b")), "");
}

TEST(BootTree, CandidatesOfAName) {
  std::string paths;
  for (const Candidate& candidate : candidates("config.txt", layers_of(host("pi7", "lab"), {}))) {
    paths += concat(candidate.path, candidate.is_template ? "* " : " ");
  }
  EXPECT_EQ(paths,
            "nodes/pi7/config.txt.in* nodes/pi7/config.txt groups/lab/config.txt.in* groups/lab/config.txt "
            "images/default/config.txt.in* images/default/config.txt ");
  EXPECT_TRUE(candidates("config.txt.in", layers_of(host("pi7"), {})).empty());
}

TEST(BootTree, FilesThatSpeakOfMaster) {
  EXPECT_TRUE(speaks_of_master("cmdline.txt"));
  EXPECT_TRUE(speaks_of_master("a/my-cmdline.txt.bak"));
  EXPECT_FALSE(speaks_of_master("config.txt"));
  EXPECT_FALSE(speaks_of_master("cmdline.txt/file"));
}

std::string rendered(std::string_view text, std::string token = "t0k") {
  const BootClient client{.host = host("pi7", "lab"), .serial = 0x00C0FFEE, .token = std::move(token)};
  const auto result = render_template(text, client, *Ipv4Address::parse("192.0.2.1"), {});
  return result ? *result : concat("<", result.error().message, ">");
}

TEST(BootTemplate, Variables) {
  EXPECT_EQ(rendered("ip={{address}} host={{ name }} s={{server}}\n"), "ip=192.0.2.7 host=pi7 s=192.0.2.1\n");
  EXPECT_EQ(rendered("{{mac}} {{group}} {{image}} {{serial}} {{token}}"), "b8:27:eb:00:00:01 lab default 00c0ffee t0k");
  EXPECT_EQ(rendered("no variables } } { {"), "no variables } } { {");
  EXPECT_EQ(rendered(""), "");
}

TEST(BootTemplate, MistakesAreErrors) {
  EXPECT_EQ(rendered("a {{adress}} b"), "<unknown variable \"adress\">");
  EXPECT_EQ(rendered("a {{address"), "<'{{' without '}}': \"{{address\">");
  EXPECT_EQ(rendered("{{token}}", "x\ninit=/bin/sh"), "<the value of \"token\" has a control character>");
  EXPECT_EQ(rendered(std::string(kMaxTemplateBytes + 1, 'x')).substr(0, 10), "<a templat");
  EXPECT_EQ(rendered(std::string(kMaxTemplateBytes, 'x')).size(), kMaxTemplateBytes);
  EXPECT_EQ(rendered(std::string(kMaxTemplateBytes - 8, 'x') + "{{mac}}"), "<a rendered template is too long>");
}

TEST(BootTemplate, WhatIsNotKnownIsEmpty) {
  const auto text = render_template("[{{name}}{{serial}}{{token}}{{mac}}]{{image}}", {}, {}, {});
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "[]default");
}

TEST(BootTemplate, MasterAsAWord) {
  const auto replaced = [](std::string_view text) { return replace_master(text, *Ipv4Address::parse("192.0.2.1")); };
  EXPECT_EQ(replaced("ip=dhcp root=/dev/initrd master=MASTER\n"), "ip=dhcp root=/dev/initrd master=192.0.2.1\n");
  EXPECT_EQ(replaced("MASTER MASTER:80 MASTERS MY_MASTER MASTER"),
            "192.0.2.1 192.0.2.1:80 MASTERS MY_MASTER 192.0.2.1");
  EXPECT_EQ(replaced("master"), "master");
}

}  // namespace
}  // namespace piman::netboot::tftp
