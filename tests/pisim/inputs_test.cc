// SPDX-License-Identifier: Apache-2.0
// What pisim reads from people: plans, config.txt, folders, manifests, its command line; and what it reports to them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/pisim/boot_plan.h"
#include "tests/pisim/expected_files.h"
#include "tests/pisim/options.h"
#include "tests/pisim/report.h"
#include "tests/support/temp_tree.h"

namespace piman::pisim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ByteView bytes_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

std::string hex_digest(std::string_view text) {
  Sha256 hash;
  hash.add(bytes_of(text));
  std::string out;
  for (const std::uint8_t byte : hash.finish()) {
    out += "0123456789abcdef"[byte >> 4U];
    out += "0123456789abcdef"[byte & 15U];
  }
  return out;
}

TEST(Sha256, VectorsOfFips180) {
  EXPECT_EQ(hex_digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex_digest(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(BootPlan, ReadsItsWords) {
  const auto plan = parse_boot_plan("# order\nroot need a b\nfull probe c # why\n\noverlays\n");
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->size(), 3U);
  EXPECT_TRUE((*plan)[0].root_only);
  EXPECT_THAT((*plan)[0].names, ElementsAre("a", "b"));
  EXPECT_TRUE((*plan)[1].full_only);
  EXPECT_EQ((*plan)[2].action, Action::kOverlays);
  EXPECT_THAT(parse_boot_plan("need a\nwant b").error().message, HasSubstr("line 2: unknown word \"want\""));
  EXPECT_THAT(parse_boot_plan("need").error().message, HasSubstr("needs names"));
  EXPECT_THAT(parse_boot_plan("overlays x").error().message, HasSubstr("takes no names"));
}

TEST(BootConfig, SectionsCountForTheirBoards) {
  constexpr std::string_view kText =
      "kernel=all.img\r\n# kernel=no\n[pi5]\nkernel=five.img\ninitramfs init5 followkernel\n[pi4]\n"
      "dtoverlay=vc4,cma-256\ndtoverlay=\n[all]\ndevice_tree = x.dtb\n[";
  const BootConfig five = parse_boot_config(kText, {"all", "pi5"});
  EXPECT_EQ(five.kernel, "five.img");
  EXPECT_EQ(five.initramfs, "init5");
  EXPECT_EQ(five.device_tree, "x.dtb");
  EXPECT_TRUE(five.overlays.empty());
  const BootConfig four = parse_boot_config(kText, {"all", "pi4"});
  EXPECT_EQ(four.kernel, "all.img");
  EXPECT_THAT(four.overlays, ElementsAre("vc4"));
  for (std::size_t size = 0; size < kText.size(); ++size) parse_boot_config(kText.substr(0, size), {"all"});
}

TEST(ExpectedFiles, ComparesByContentOrHash) {
  test::TempTree tree({{"root/config.txt", "abc"},
                       {"root/sub/x", "y"},
                       {"sums", hex_digest("abc") + "  ./config.txt\n"},
                       {"bad", "12  x\n"}});
  const Identity identity{"n", MacAddress({1, 2, 3, 4, 5, 6}), 0x00ab'cdef, 0};
  auto by_root = ExpectedFiles::from_root(tree.path("root"));
  auto by_hash = ExpectedFiles::from_manifest(tree.path("sums"));
  ASSERT_TRUE(by_root);
  ASSERT_TRUE(by_hash);
  EXPECT_NE(by_root->find("sub/x", identity), nullptr);
  EXPECT_EQ(by_root->find("00abcdef/config.txt", identity), nullptr);
  by_root->set_per_node(true);
  EXPECT_NE(by_root->find("00abcdef/config.txt", identity), nullptr);
  EXPECT_NE(by_root->find("01-02-03-04-05-06/sub/x", identity), nullptr);
  EXPECT_EQ(by_root->find("00abcdee/config.txt", identity), nullptr);
  for (const ExpectedFiles* files : {&*by_root, &*by_hash}) {
    for (const auto& [content, matches] : {std::pair("abc", true), {"abd", false}, {"ab", false}, {"abcd", false}}) {
      FileCheck check(files->find("config.txt", identity), true);
      check.take(bytes_of(std::string_view(content).substr(0, 1)));
      check.take(bytes_of(std::string_view(content).substr(1)));
      EXPECT_EQ(check.matches(), matches) << content;
      EXPECT_EQ(check.kept(), content);
    }
  }
  EXPECT_THAT(ExpectedFiles::from_manifest(tree.path("bad")).error().message, HasSubstr("bad:1"));
  EXPECT_FALSE(ExpectedFiles::from_root(tree.path("nowhere")));
}

TEST(ExpectedFiles, UncheckedNamesHoldInEveryFolder) {
  ExpectedFiles files;
  files.set_unchecked({"cmdline.txt"});
  EXPECT_FALSE(files.is_checked("cmdline.txt"));
  EXPECT_FALSE(files.is_checked("a1b2c3d4/cmdline.txt"));
  EXPECT_TRUE(files.is_checked("xcmdline.txt"));
}

TEST(Options, ReadsTimesAndSubnets) {
  EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(parse_duration("200ms"), milliseconds(200));
  EXPECT_EQ(parse_duration("2m"), seconds(120));
  EXPECT_EQ(parse_duration("0"), Time(0));
  for (const char* bad : {"", "5", "s", "-1s", "1h", "nan", "1e3s", "99999m", "1.2.3s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
  const auto subnet = parse_subnet("10.1.0.0/16");
  ASSERT_TRUE(subnet);
  EXPECT_TRUE(subnet->contains(*Ipv4Address::parse("10.1.255.3")));
  EXPECT_FALSE(subnet->contains(*Ipv4Address::parse("10.2.0.1")));
  EXPECT_TRUE(parse_subnet("0.0.0.0/0")->contains(Ipv4Address(7)));
  for (const char* bad : {"", "10.1.0.0", "10.1.0.0/33", "10.1.0/8"}) EXPECT_FALSE(parse_subnet(bad)) << bad;
}

TEST(Options, TellsAllThatIsWrong) {
  std::vector<std::string> problems;
  const char* const wrong[] = {"--models=pi9:1", "--loss=2", "--delay=5", "--files=some", "--relay=1.2.3.4"};
  static_cast<void>(parse_options(wrong, problems));
  EXPECT_EQ(problems.size(), 6U) << ::testing::PrintToString(problems);  // and no --interface
  const char* const right[] = {"--interface=x", "--models=pi4:3,pi5", "--storm", "--start-spread=5s",
                               "--power-cycle=3s"};
  const Options options = parse_options(right, problems);
  EXPECT_TRUE(problems.empty()) << ::testing::PrintToString(problems);
  EXPECT_THAT(options.models, ElementsAre(std::pair<std::string, std::uint32_t>("pi4", 3),
                                          std::pair<std::string, std::uint32_t>("pi5", 1)));
  EXPECT_EQ(options.simulation.start_spread, Time(0)) << "a storm";
  EXPECT_EQ(options.pi.power_cycle_after, seconds(3));
}

TEST(Report, IsJson) {
  RunResult run;
  NodeResult good{"a", "pi4", "m", "s", "10.0.0.1", true, "linux", "booted", "", "", 2.5, {}, {}};
  NodeResult bad{"b", "pi5", "m", "s", "", false, "eeprom", "dead", "odd \"\\\x01 words", "", 0, {}, {}};
  bad.findings.add(Finding::kTsizeWrong);
  run.nodes = {good, bad};
  const auto json = nlohmann::json::parse(render_json(run), nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["all"]["booted"], 1);
  EXPECT_EQ(json["models"][0]["seconds_p50"], 2.5);
  EXPECT_EQ(json["nodes"][1]["why"], "odd \"\\\x01 words");
  EXPECT_EQ(json["nodes"][1]["findings"]["tsize-wrong"], 1);
  EXPECT_EQ(json["has_fault"], true);
  EXPECT_THAT(render_table(run, false), HasSubstr("FAULTS of the server: tsize-wrong 1"));
}

TEST(Report, Percentiles) {
  EXPECT_EQ(percentile({}, 0.5), 0);
  EXPECT_EQ(percentile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(percentile({3, 1, 2}, 0.99), 3);
}

}  // namespace
}  // namespace piman::pisim
