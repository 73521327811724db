// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/model.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace piman::pisim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The tables that come with the program are right, or it does not start: tests run over all of them.
BootPlan plan(std::string_view text) {
  auto parsed = parse_boot_plan(text);
  if (!parsed) {
    std::fprintf(stderr, "pisim: a plan of its own is wrong: %s\n", parsed.error().message.c_str());
    std::abort();
  }
  return *std::move(parsed);
}

const std::vector<std::uint8_t> kTwelve = {43, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135, 66};
const std::vector<std::uint8_t> kFourteen = {43, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135, 66, 1, 3};
const std::vector<std::uint8_t> kEepromFourteen = {1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135};
const std::vector<std::uint8_t> kLinux = {1, 3, 6, 12, 15, 17, 26, 40, 42};
const std::vector<std::uint8_t> kPlain = {1, 3, 6, 12, 15, 28, 42};
const std::vector<std::uint8_t> kPc = {1,  2,  3,  4,   5,   6,   11,  12,  13,  15,  16, 17, 18,
                                       22, 23, 28, 40,  41,  42,  43,  50,  51,  54,  58, 59, 60,
                                       66, 67, 97, 128, 129, 130, 131, 132, 133, 134, 135};

constexpr std::string_view kRomPlan = R"(
root need bootcode.bin
root try bootsig.bin
)";
constexpr std::string_view kBootcodePlan = R"(
prefix start.elf
full try autoboot.txt
try config.txt
full probe recovery.elf
need start.elf
try fixup.dat
)";
constexpr std::string_view kStartPlanHead = R"(
full probe recovery.elf
full try config.txt
try config.txt
full try dt-blob.bin
full probe recovery.elf
full try config.txt
full try bootcfg.txt
)";
constexpr std::string_view kStartPlanMiddle = R"(
full try overlays/overlay_map.dtb
full try config.txt
overlays
try cmdline.txt
full probe recovery7.img
full probe kernel8-32.img
full probe kernel8.img
full probe armstub8-32.bin
full probe armstub7.bin
full probe armstub8.bin
)";
constexpr std::string_view kEepromPlan = R"(
prefix start4.elf start.elf
try config.txt
full try vl805.sig
full try vl805.bin
full try pieeprom.sig
full try pieeprom.upd
full probe recover4.elf
full try fixup4rc.dat
full probe recovery.elf
full try fixup_rc.dat
need start4.elf start.elf
try fixup4.dat
)";
constexpr std::string_view kStart4Plan = R"(
try config.txt
initramfs
dtb bcm2711-rpi-4-b.dtb
full try overlays/overlay_map.dtb
overlays
try cmdline.txt
kernel kernel8.img kernel7l.img
)";
// Assumed: no complete capture of a Pi 5 is public.
constexpr std::string_view kPi5Plan = R"(
prefix config.txt
try config.txt
dtb bcm2712-rpi-5-b.dtb
full try overlays/overlay_map.dtb
full try overlays/bcm2712d0.dtbo
overlays
try cmdline.txt
kernel kernel_2712.img kernel8.img
initramfs
)";

std::vector<Time> every(Time pause, Time until) {
  std::vector<Time> times;
  for (Time at{}; at < until; at += pause) times.push_back(at);
  return times;
}

/// Masks ROM and bootcode.bin: one xid for all, no REQUEST.
DhcpTraits old_dhcp(ServerRule rule, const std::vector<std::uint8_t>& parameters, GuidForm guid) {
  DhcpTraits traits;
  traits.constant_xid = true;
  traits.sends_request = false;
  traits.guid = guid;
  traits.parameter_list = parameters;
  traits.server_rule = rule;
  return traits;
}

TftpTraits old_tftp(bool tsize) {
  TftpTraits traits;
  traits.tsize = tsize;
  traits.request_resend = seconds(2);
  traits.new_port_on_resend = true;
  traits.wraps = false;  // 512-byte blocks: files end at 32 MiB
  traits.silence_timeout = seconds(20);
  return traits;
}

Stage rom_3b() {
  Stage stage;
  stage.name = "rom";
  stage.dhcp = old_dhcp(ServerRule::kRomSpaces, kTwelve, GuidForm::kConstant44);
  stage.dhcp.discover_at = every(seconds(5), seconds(25));
  stage.dhcp.give_up = seconds(25);
  stage.dhcp.rom_timing = true;
  stage.dhcp.refuses_relayed = true;
  stage.tftp = old_tftp(false);
  stage.plan = plan(kRomPlan);
  stage.deaf_to_arp = true;
  stage.knows_gateways = false;
  return stage;
}

Stage rom_3bplus() {
  Stage stage;
  stage.name = "rom";
  stage.dhcp = old_dhcp(ServerRule::kRom, kFourteen, GuidForm::kSerialTimes4);
  stage.dhcp.discover_at = {Time(0), seconds(5), milliseconds(5200), milliseconds(5400), seconds(10)};
  stage.dhcp.give_up = seconds(15);
  stage.tftp = old_tftp(false);
  stage.plan = plan(kRomPlan);
  return stage;
}

Stage bootcode() {
  Stage stage;
  stage.name = "bootcode.bin";
  stage.dhcp = old_dhcp(ServerRule::kRom, kFourteen, GuidForm::kSerialTimes4);
  stage.dhcp.discover_at = every(seconds(5), seconds(60));
  stage.dhcp.give_up = seconds(60);
  stage.tftp = old_tftp(true);
  stage.plan = plan(kBootcodePlan);
  stage.deaf_to_arp = true;
  stage.knows_gateways = false;
  stage.startup = seconds(1);
  return stage;
}

Stage start_elf(std::string_view dtb_and_kernel) {
  Stage stage;
  stage.name = "start.elf";
  stage.has_dhcp = false;
  stage.tftp = old_tftp(true);
  const std::size_t split = dtb_and_kernel.find('\n');
  stage.plan = plan(std::string(kStartPlanHead) + std::string(dtb_and_kernel.substr(0, split)) +
                    std::string(kStartPlanMiddle) + std::string(dtb_and_kernel.substr(split)));
  stage.deaf_to_arp = true;
  stage.knows_gateways = false;
  stage.startup = milliseconds(300);
  return stage;
}

DhcpTraits eeprom_dhcp(GuidForm guid) {
  DhcpTraits traits;
  traits.guid = guid;
  traits.parameter_list = kEepromFourteen;
  traits.server_rule = ServerRule::kEeprom;
  traits.discover_at = every(seconds(4), seconds(45));  // DHCP_REQ_TIMEOUT
  traits.give_up = seconds(45);                         // DHCP_TIMEOUT
  traits.request_resend = seconds(4);
  return traits;
}

TftpTraits eeprom_tftp(std::uint16_t blksize) {
  TftpTraits traits;
  traits.tsize = true;
  traits.blksize = blksize;
  traits.request_resend = seconds(2);
  traits.request_tries = 15;
  traits.file_timeout = seconds(30);  // TFTP_FILE_TIMEOUT
  return traits;
}

Stage eeprom(GuidForm guid, std::uint16_t blksize, std::string_view files) {
  Stage stage;
  stage.name = "eeprom";
  stage.dhcp = eeprom_dhcp(guid);
  stage.tftp = eeprom_tftp(blksize);
  stage.plan = plan(files);
  stage.after_failure = AfterFailure::kRestarts;
  return stage;
}

Stage start4_elf(std::uint16_t blksize) {
  Stage stage;
  stage.name = "start4.elf";
  stage.has_dhcp = false;
  stage.tftp = eeprom_tftp(blksize);
  stage.plan = plan(kStart4Plan);
  stage.after_failure = AfterFailure::kRestarts;
  stage.startup = milliseconds(500);
  return stage;
}

/// The kernel's own ip=dhcp (net/ipv4/ipconfig.c): pauses of 2 s, each 7/4 of the last.
Stage linux_kernel() {
  Stage stage;
  stage.name = "linux";
  stage.dhcp.pxe_in_discover = stage.dhcp.pxe_in_request = false;
  stage.dhcp.parameter_list = kLinux;
  stage.dhcp.discover_at = {
      Time(0), seconds(2), milliseconds(5500), milliseconds(11600), milliseconds(22300), milliseconds(41000)};
  stage.dhcp.give_up = seconds(71);
  stage.dhcp.request_resend = seconds(2);
  stage.dhcp.counts_seconds = true;
  stage.dhcp.ttl = 64;
  stage.dhcp.padded_to = 548;
  stage.startup = seconds(2);
  return stage;
}

Model old_pi(std::string_view name, std::string_view what, std::uint32_t revision,
             std::vector<std::string_view> sections, std::vector<Stage> stages) {
  Model model{name, what, Role::kPi, {0xb8, 0x27, 0xeb}, revision, std::move(sections), std::move(stages)};
  model.config_sections.push_back("all");
  return model;
}

Model pi4(std::string_view name, std::string_view what, GuidForm guid, std::uint16_t blksize) {
  return {name,
          what,
          Role::kPi,
          {0xdc, 0xa6, 0x32},
          0x00c0'3114,
          {"all", "pi4"},
          {eeprom(guid, blksize, kEepromPlan), start4_elf(blksize), linux_kernel()}};
}

/// Bootloaders of spring 2020 and before.
void make_old(Model& model) {
  for (Stage& stage : model.stages) {
    if (stage.name == "linux") continue;
    stage.dhcp.pxe_in_request = false;
    stage.dhcp.refuses_relayed = true;
    stage.tftp.wraps = false;
    stage.tftp.hangs_on_duplicate = stage.name == "start4.elf";
  }
}

}  // namespace

std::vector<Model> make_models() {
  std::vector<Model> models;
  models.push_back(old_pi("pi1", "Pi 1 with only bootcode.bin on its SD card", 0x0010, {"pi1"},
                          {bootcode(),
                           start_elf("dtb bcm2708-rpi-b-plus.dtb bcm2708-rpi-b.dtb\nkernel kernel.img\n"
                                     "initramfs"),
                           linux_kernel()}));
  models.front().stages.front().startup = Time(0);
  models.push_back(
      old_pi("pi3b", "Pi 3B by its mask ROM, with that ROM's bugs", 0x00a0'2082, {"pi3"},
             {rom_3b(), bootcode(), start_elf("dtb bcm2710-rpi-3-b.dtb\nkernel kernel8.img kernel7.img\ninitramfs"),
              linux_kernel()}));
  models.push_back(old_pi("pi3bplus", "Pi 3B+ by its mask ROM", 0x00a0'20d3, {"pi3", "pi3+"},
                          {rom_3bplus(), bootcode(),
                           start_elf("dtb bcm2710-rpi-3-b-plus.dtb bcm2710-rpi-3-b.dtb\n"
                                     "kernel kernel8.img kernel7.img\ninitramfs"),
                           linux_kernel()}));
  models.push_back(pi4("pi4", "Pi 4 with a bootloader of 2026", GuidForm::kRPi4, 1468));
  models.push_back(pi4("pi4-2020",
                       "Pi 4 with one of April 2020: blksize 1024, no option 60 in its REQUEST, no relays, "
                       "hangs on duplicate DATA and after block 65535",
                       GuidForm::kRPi4, 1024));
  make_old(models.back());
  models.push_back(pi4("pi4-2019", "as pi4-2020, and drops replies with pads; option 97 is the serial number",
                       GuidForm::kSerialTimes4, 1024));
  make_old(models.back());
  models.back().stages.front().dhcp.refuses_pads = true;
  models.push_back({"pi5",
                    "Pi 5 (its order of files is assumed)",
                    Role::kPi,
                    {0x2c, 0xcf, 0x67},
                    0x00d0'4170,
                    {"all", "pi5"},
                    {eeprom(GuidForm::kRPi5, 1468, kPi5Plan), linux_kernel()}});
  models.push_back({"x86",
                    "a PC's PXE ROM: must not get a Raspberry Pi's reply",
                    Role::kForeignPxe,
                    {0x52, 0x54, 0x00},
                    0,
                    {},
                    {Stage{}}});
  Stage& pc = models.back().stages.front();
  pc.name = "pxe";
  pc.dhcp.guid = GuidForm::kRandom;
  pc.dhcp.parameter_list = kPc;
  pc.dhcp.server_rule = ServerRule::kMustNotSeePi;
  pc.dhcp.discover_at = {Time(0), seconds(4)};
  pc.dhcp.give_up = seconds(8);
  pc.dhcp.flags = 0x8000;
  pc.dhcp.ttl = 64;
  pc.dhcp.padded_to = 548;
  models.push_back({"dhcp",
                    "a plain DHCP client: gets an address, and nothing of PXE",
                    Role::kPlainClient,
                    {0x02, 0x50, 0x49},
                    0,
                    {},
                    {linux_kernel()}});
  Stage& plain = models.back().stages.front();
  plain.name = "dhcp";
  plain.dhcp.parameter_list = kPlain;
  plain.dhcp.discover_at = {Time(0), seconds(3), seconds(6)};
  plain.dhcp.give_up = seconds(12);
  plain.dhcp.request_resend = seconds(3);
  plain.startup = Time(0);
  return models;
}

void replace_kernel_plan(Model& model, BootPlan plan) {
  for (auto stage = model.stages.rbegin(); stage != model.stages.rend(); ++stage) {
    if (stage->plan.empty()) continue;
    stage->plan = std::move(plan);
    return;
  }
}

}  // namespace piman::pisim
