// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/virtual_pi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/pisim/fake_server.h"

namespace piman::pisim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VirtualPiTest : public ::testing::Test {
 protected:
  VirtualPiTest() {
    for (const char* name : {"bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat", "kernel.img",
                             "kernel8.img", "bcm2708-rpi-b.dtb", "bcm2710-rpi-3-b.dtb", "bcm2710-rpi-3-b-plus.dtb",
                             "bcm2711-rpi-4-b.dtb", "bcm2712-rpi-5-b.dtb", "cmdline.txt"}) {
      server_.files[name] = std::string(3000, name[0]);
    }
    server_.files["config.txt"] = "[pi4]\ninitramfs initrd followkernel\n";
    server_.files["initrd"] = std::string(2936, 'i');
  }

  std::unique_ptr<VirtualPi> make(std::string_view name) {
    for (const Model& model : models_) {
      if (model.name != name) continue;
      return std::make_unique<VirtualPi>(model, make_identity(name, model.mac_prefix, model.revision, 0), settings_,
                                         expected_, 1);
    }
    return nullptr;
  }
  std::vector<std::string> asked_of(std::string_view folder) const {
    std::vector<std::string> names;
    for (const std::string& name : server_.asked) {
      if (name.starts_with(folder)) names.push_back(name.substr(folder.size()));
    }
    return names;
  }

  std::vector<Model> models_ = make_models();
  PiSettings settings_;
  ExpectedFiles expected_;
  FakeServer server_;
};

TEST_F(VirtualPiTest, EveryModelBootsFromAGoodServer) {
  for (const Model& model : models_) {
    if (model.role == Role::kForeignPxe) continue;
    FakeServer server = server_;
    if (model.name == "pi3b") server.nudge_after = milliseconds(1200), server.dhcp_delay = milliseconds(600);
    const auto pi = make(model.name);
    server.run(*pi, seconds(60));
    EXPECT_TRUE(pi->booted()) << model.name << " in " << pi->stage_name() << ": " << pi->words();
    EXPECT_FALSE(pi->findings().has_fault()) << model.name;
    EXPECT_EQ(pi->address(), server.given);
  }
}

TEST_F(VirtualPiTest, DhcpExchangesOfOneBoot) {
  // type, seconds since the last byte of the fixed part: {message type, has option 60, size}
  const auto seen = [&](std::string_view model) {
    FakeServer server = server_;
    server.nudge_after = milliseconds(1200), server.dhcp_delay = milliseconds(600);
    const auto pi = make(model);
    server.run(*pi, seconds(60));
    std::vector<std::tuple<int, bool, std::size_t>> messages;
    for (const Bytes& m : server.dhcp_seen) {
      messages.emplace_back(m[242], as_text(m).find("PXEClient") != std::string_view::npos, m.size());
    }
    return messages;
  };
  using M = std::tuple<int, bool, std::size_t>;
  EXPECT_THAT(seen("pi3b"), ElementsAre(M{1, true, 320}, M{1, true, 322}, M{1, false, 548}, M{3, false, 548}));
  EXPECT_THAT(seen("pi3bplus"), ElementsAre(M{1, true, 322}, M{1, true, 322}, M{1, false, 548}, M{3, false, 548}));
  EXPECT_THAT(seen("pi1"), ElementsAre(M{1, true, 322}, M{1, false, 548}, M{3, false, 548}));
  EXPECT_THAT(seen("pi4"), ElementsAre(M{1, true, 322}, M{3, true, 334}, M{1, false, 548}, M{3, false, 548}));
  EXPECT_THAT(seen("pi4-2020"), ElementsAre(M{1, true, 322}, M{3, false, 300}, M{1, false, 548}, M{3, false, 548}));
}

TEST_F(VirtualPiTest, FilesOfA3bPlusInTheirOrder) {
  settings_.full = false;
  const auto pi = make("pi3bplus");
  const std::string folder = pi->identity().serial_text() + "/";
  server_.files[folder + "start.elf"] = server_.files[folder + "config.txt"] = "x";
  server_.files[folder + "bcm2710-rpi-3-b-plus.dtb"] = server_.files[folder + "kernel8.img"] = "x";
  server_.run(*pi, seconds(60));
  EXPECT_TRUE(pi->booted()) << pi->words();
  EXPECT_EQ(server_.asked.at(0), "bootcode.bin");
  EXPECT_EQ(server_.asked.at(1), "bootsig.bin");
  EXPECT_THAT(asked_of(folder), ElementsAre("start.elf", "config.txt", "start.elf", "fixup.dat", "config.txt",
                                            "bcm2710-rpi-3-b-plus.dtb", "cmdline.txt", "kernel8.img"));
}

TEST_F(VirtualPiTest, APi4WithoutItsFolderClearsThePrefix) {
  settings_.full = false;
  const auto pi = make("pi4");
  const std::string folder = pi->identity().serial_text() + "/";
  server_.run(*pi, seconds(60));
  EXPECT_THAT(asked_of(folder), ElementsAre("start4.elf", "start.elf"));
  EXPECT_THAT(server_.asked,
              ElementsAre(folder + "start4.elf", folder + "start.elf", "config.txt", "start4.elf", "fixup4.dat",
                          "config.txt", "initrd", "bcm2711-rpi-4-b.dtb", "cmdline.txt", "kernel8.img"));
}

TEST_F(VirtualPiTest, A3bNeedsALaterFrame) {
  const auto alone = make("pi3b");
  server_.run(*alone, seconds(60));
  EXPECT_EQ(alone->state(), VirtualPi::State::kDead);
  EXPECT_EQ(alone->words(), "no usable reply to 5 DISCOVERs");
  EXPECT_EQ(server_.dhcp_seen.size(), 5U);

  FakeServer early = server_;  // a frame within the second keeps it listening, but does not wake it
  early.nudge_after = milliseconds(900);
  const auto pi = make("pi3b");
  early.run(*pi, seconds(60));
  EXPECT_FALSE(pi->booted());
}

TEST_F(VirtualPiTest, A3bAbortsWhenNothingComesWithinASecond) {
  server_.dhcp_delay = milliseconds(1100);
  const auto strict = make("pi3b");
  server_.run(*strict, seconds(60));
  EXPECT_FALSE(strict->booted());
  settings_.rom_receive_timeout = milliseconds(1500);
  FakeServer again;
  again.files = server_.files;
  again.dhcp_delay = milliseconds(1100);
  const auto patient = make("pi3b");
  again.run(*patient, seconds(60));
  EXPECT_TRUE(patient->booted()) << patient->words();
}

TEST_F(VirtualPiTest, A3bNeedsThreeBlanksAnd3bPlusDoesNot) {
  server_.boot_text = kBootText;
  server_.nudge_after = milliseconds(1200), server_.dhcp_delay = milliseconds(600);
  const auto old = make("pi3b");
  FakeServer same = server_;
  server_.run(*old, seconds(60));
  EXPECT_FALSE(old->booted());
  const auto plus = make("pi3bplus");
  same.run(*plus, seconds(60));
  EXPECT_TRUE(plus->booted()) << plus->words();
}

TEST_F(VirtualPiTest, DeadIsDeadUntilThePowerGoesOffAndOn) {
  settings_.power_cycle_after = seconds(10);
  const auto pi = make("pi3b");
  const Time end = server_.run(*pi, seconds(30));
  EXPECT_EQ(pi->state(), VirtualPi::State::kDead);
  server_.nudge_after = milliseconds(1200), server_.dhcp_delay = milliseconds(600);
  server_.run(*pi, seconds(120), end);
  EXPECT_TRUE(pi->booted());
  EXPECT_EQ(pi->counts().power_cycles, 1U);
}

TEST_F(VirtualPiTest, AttemptsEndInTheStageThatFailed) {
  settings_.attempts = 2;
  server_.files.erase("bcm2711-rpi-4-b.dtb");
  const auto pi = make("pi4");
  server_.run(*pi, seconds(60));
  EXPECT_EQ(pi->state(), VirtualPi::State::kDead);
  EXPECT_TRUE(pi->finished());
  EXPECT_EQ(pi->counts().restarts, 1U);
  EXPECT_EQ(pi->stage_name(), "start4.elf");
  EXPECT_THAT(pi->words(), HasSubstr("bcm2711-rpi-4-b.dtb is not there"));
}

TEST_F(VirtualPiTest, DuplicateDataHangsStart4Of2020Only) {
  server_.duplicate_data = true;
  FakeServer same = server_;
  const auto old = make("pi4-2020");
  server_.run(*old, seconds(60));
  EXPECT_EQ(old->stage_name(), "start4.elf");
  EXPECT_THAT(old->words(), HasSubstr("hung in "));
  EXPECT_EQ(old->state(), VirtualPi::State::kDead);
  const auto recent = make("pi4");
  same.run(*recent, seconds(60));
  EXPECT_TRUE(recent->booted()) << recent->words();
  EXPECT_GT(recent->findings().count(Finding::kDuplicateData), 0U);
}

TEST_F(VirtualPiTest, APcThatSeesAPisReplyFails) {
  const auto pc = make("x86");
  server_.run(*pc, seconds(60));
  EXPECT_FALSE(pc->booted());
  EXPECT_EQ(pc->words(), "was given a Raspberry Pi's reply");
  FakeServer plain;
  plain.boot_text.clear();
  const auto left_alone = make("x86");
  plain.run(*left_alone, seconds(60));
  EXPECT_TRUE(left_alone->booted());
}

TEST_F(VirtualPiTest, A3bIsDeafToArpWhileItLoadsAndLinuxIsNot) {
  const auto ask = [&](VirtualPi& pi) {
    const Bytes frame = make_arp_frame({kArpRequest, server_.mac, server_.address, MacAddress(), server_.given});
    static_cast<void>(pi.take_frames());
    pi.receive(frame, parse_frame(frame), seconds(50));
    return !pi.take_frames().empty();
  };
  const auto pi = make("pi1");
  pi->power_on(Time(0));
  FakeServer mute = server_;
  mute.last_block = 3;
  mute.run(*pi, milliseconds(0));
  EXPECT_EQ(pi->state(), VirtualPi::State::kLoading);
  EXPECT_FALSE(ask(*pi));
  const auto done = make("pi1");
  server_.run(*done, seconds(60));
  EXPECT_TRUE(ask(*done));
}

TEST_F(VirtualPiTest, TakesInOnlyWhatItsNetworkCardLetsThrough) {
  const auto pi = make("pi4");
  pi->power_on(Time(0));
  Bytes frame(60, 0);
  pi->receive(frame, parse_frame(frame), Time(0));
  EXPECT_EQ(pi->counts().frames_in, 0U);
  std::copy_n(pi->identity().mac.bytes().begin(), 6, frame.begin());
  pi->receive(frame, parse_frame(frame), Time(0));
  std::fill_n(frame.begin(), 6, std::uint8_t{0xFF});
  pi->receive(frame, parse_frame(frame), Time(0));
  EXPECT_EQ(pi->counts().frames_in, 2U);
}

TEST_F(VirtualPiTest, AConfigThatChangesDuringTheBootFails) {
  const auto pi = make("pi4");
  server_.run(*pi, milliseconds(0));
  EXPECT_FALSE(pi->booted());
  server_.files["config.txt"] = "# another\n";
  server_.run(*pi, milliseconds(500));  // start4.elf reads it again
  EXPECT_THAT(pi->last_failure(), HasSubstr("changed during the boot"));
}

TEST(Models, NoTwoBoardsShareAMacOrASerialNumber) {
  std::set<std::string> macs;
  std::set<std::uint32_t> serials;
  constexpr std::uint32_t kEach = 2000;
  for (const Model& model : make_models()) {
    for (std::uint32_t i = 0; i < kEach; ++i) {
      const Identity identity = make_identity(model.name, model.mac_prefix, model.revision, i);
      EXPECT_TRUE(macs.insert(identity.mac.to_string()).second) << identity.name;
      EXPECT_TRUE(serials.insert(identity.serial).second) << identity.name;
    }
  }
}

}  // namespace
}  // namespace piman::pisim
