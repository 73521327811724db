// SPDX-License-Identifier: Apache-2.0
#include "netboot/boot/model_files.h"

#include <gmock/gmock.h>

#include <set>

namespace piman::netboot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using Names = std::set<std::string, std::less<>>;

const Names kAll = {"bootcode.bin",        "start.elf",           "fixup.dat",
                    "start4.elf",          "fixup4.dat",          "kernel7.img",
                    "kernel7l.img",        "kernel8.img",         "kernel_2712.img",
                    "config.txt",          "cmdline.txt",         "overlays/overlay_map.dtb",
                    "bcm2710-rpi-2-b.dtb", "bcm2710-rpi-3-b.dtb", "bcm2710-rpi-3-b-plus.dtb",
                    "bcm2711-rpi-4-b.dtb", "bcm2711-rpi-400.dtb", "bcm2711-rpi-cm4.dtb",
                    "bcm2712-rpi-5-b.dtb", "bcm2712-rpi-500.dtb", "bcm2712-rpi-cm5-cm5io.dtb"};

std::vector<ModelFiles> check(const Names& names) {
  return check_model_files([&](std::string_view name) { return names.contains(name); });
}
ModelFiles of(const std::vector<ModelFiles>& models, std::string_view name) {
  for (const ModelFiles& files : models) {
    if (files.model == name) return files;
  }
  ADD_FAILURE() << name;
  return {};
}
Names without(std::initializer_list<std::string_view> gone) {
  Names names = kAll;
  for (const std::string_view name : gone) names.erase(std::string(name));
  return names;
}

TEST(ModelFiles, AWholeFirmwareFolderBootsEveryModel) {
  for (const ModelFiles& files : check(kAll)) {
    EXPECT_THAT(files.missing, IsEmpty()) << files.model;
    EXPECT_THAT(files.recommended, IsEmpty()) << files.model;
  }
  EXPECT_EQ(describe_model_files(check(kAll)),
            "boots Pi 2B v1.2, Pi 3B, Pi 3B+, Pi 4B, Pi 400, CM4, Pi 5, Pi 500, CM5");
}

TEST(ModelFiles, WhatIsMissingIsToldByModel) {
  const auto models = check(without({"bootcode.bin", "fixup4.dat", "bcm2711-rpi-400.dtb"}));
  EXPECT_THAT(of(models, "Pi 3B").missing, ElementsAre("bootcode.bin"));
  EXPECT_THAT(of(models, "Pi 4B").missing, ElementsAre("fixup4.dat"));
  EXPECT_THAT(of(models, "Pi 400").missing, ElementsAre("fixup4.dat", "bcm2711-rpi-400.dtb"));
  EXPECT_THAT(of(models, "Pi 5").missing, IsEmpty()) << "its firmware is in the EEPROM";
}

TEST(ModelFiles, OneOfSeveralKernelsIsEnough) {
  EXPECT_THAT(of(check(without({"kernel8.img"})), "Pi 3B").missing, IsEmpty());
  EXPECT_THAT(of(check(without({"kernel8.img"})), "Pi 5").missing, IsEmpty());
  EXPECT_THAT(of(check(without({"kernel_2712.img"})), "Pi 5").missing, IsEmpty());
  EXPECT_THAT(of(check(without({"kernel8.img", "kernel_2712.img"})), "Pi 5").missing,
              ElementsAre("kernel_2712.img or kernel8.img"));
  EXPECT_THAT(of(check(without({"kernel8.img", "kernel7.img"})), "Pi 3B").missing,
              ElementsAre("kernel8.img or kernel7.img"));
}

TEST(ModelFiles, EitherDeviceTreeOfAPi5) {
  Names names = without({"bcm2712-rpi-5-b.dtb"});
  EXPECT_THAT(of(check(names), "Pi 5").missing, ElementsAre("bcm2712-rpi-5-b.dtb or bcm2712d0-rpi-5-b.dtb"));
  names.insert("bcm2712d0-rpi-5-b.dtb");
  EXPECT_THAT(of(check(names), "Pi 5").missing, IsEmpty());
}

TEST(ModelFiles, EitherDeviceTreeOfAPi3) {
  Names names = without({"bcm2710-rpi-3-b.dtb"});
  EXPECT_THAT(of(check(names), "Pi 3B").missing, ElementsAre("bcm2710-rpi-3-b.dtb or bcm2837-rpi-3-b.dtb"));
  names.insert("bcm2837-rpi-3-b.dtb");
  EXPECT_THAT(of(check(names), "Pi 3B").missing, IsEmpty());
}

TEST(ModelFiles, APi5InsistsOnAConfigTxt) {
  const auto models = check(without({"config.txt"}));
  EXPECT_THAT(of(models, "Pi 5").missing, ElementsAre("config.txt"));
  EXPECT_THAT(of(models, "Pi 5").recommended, IsEmpty()) << "said once";
  EXPECT_THAT(of(models, "Pi 4B").missing, IsEmpty());
  EXPECT_THAT(of(models, "Pi 4B").recommended, ElementsAre("config.txt"));
}

TEST(ModelFiles, ATemplateCounts) {
  Names names = without({"config.txt", "cmdline.txt"});
  names.insert({"config.txt.in", "cmdline.txt.in"});
  EXPECT_THAT(of(check(names), "Pi 5").missing, IsEmpty());
  EXPECT_THAT(of(check(names), "Pi 5").recommended, IsEmpty());
}

TEST(ModelFiles, TheDescriptionLeavesOutWhatWasNotMeant) {
  const Names pi4 = {"start4.elf", "fixup4.dat", "kernel8.img", "config.txt", "bcm2711-rpi-4-b.dtb"};
  EXPECT_EQ(describe_model_files(check(pi4)), "boots Pi 4B");
  Names pi4_and_half_pi3 = pi4;
  pi4_and_half_pi3.insert({"bcm2710-rpi-3-b.dtb", "bootcode.bin"});
  EXPECT_EQ(describe_model_files(check(pi4_and_half_pi3)), "boots Pi 4B; not Pi 3B (start.elf, fixup.dat missing)");
}

TEST(ModelFiles, NothingBootsNothing) {
  const std::string text = describe_model_files(check({}));
  EXPECT_THAT(text, StartsWith("not Pi 2B v1.2 (bootcode.bin, "));
  EXPECT_THAT(text, HasSubstr("Pi 5 (config.txt, "));
  EXPECT_THAT(text, Not(HasSubstr("boots ")));
}

}  // namespace
}  // namespace piman::netboot
