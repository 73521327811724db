// SPDX-License-Identifier: Apache-2.0
#include "manager/boots/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "netboot/dhcp/drop.h"
#include "tests/manager/boots/boot_script.h"

namespace piman::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace test;

class DiagnosisTest : public ::testing::Test {
 protected:
  DiagnosisTest() {
    service.netboot_enabled = true;
    service.unknown_policy = "pending";
    machine.name = "pi1";
    machine.mac = kMac;
    machine.in_inventory = true;
    machine.now = moment(1000).wall;
  }
  std::vector<std::string> codes() { return codes(script); }
  std::vector<std::string> codes(const Script& of) {
    machine.boots = of.boots();
    findings = diagnose(service, machine);
    std::vector<std::string> words;
    for (const Finding& finding : findings) {
      words.emplace_back(to_string(finding.code));
      EXPECT_FALSE(finding.summary.empty());
      EXPECT_EQ(finding.severity == Severity::kProblem && finding.next.empty(), false) << words.back();
    }
    return words;
  }

  Script script;
  ServiceFacts service;
  MachineFacts machine;
  std::vector<Finding> findings;
};

TEST_F(DiagnosisTest, a_good_boot) {
  boot_a_3b(script);
  EXPECT_THAT(codes(), ElementsAre("booted"));
  EXPECT_EQ(findings[0].severity, Severity::kGood);
  EXPECT_THAT(findings[0].summary, HasSubstr("20 s"));
}

TEST_F(DiagnosisTest, never_seen) {
  EXPECT_THAT(codes(), ElementsAre("never_seen"));
  machine.is_up = true;
  EXPECT_THAT(codes(), ElementsAre("local_boot"));
}

TEST_F(DiagnosisTest, netboot_is_off) {
  service.netboot_enabled = false;
  EXPECT_THAT(codes(), ElementsAre("netboot_off", "never_seen"));
}

TEST_F(DiagnosisTest, a_discover_that_is_probed_for_counts_once) {
  service.unknown_policy = "pool";
  for (int i = 0; i < 3; ++i) {
    script.at(5 * i, dhcp("pi3b_rom", "DISCOVER", "", "probing"))
        .at(5 * i + 0.5, dhcp("pi3b_rom", "DISCOVER", "OFFER"));
  }
  EXPECT_THAT(codes(), ElementsAre("link_late"));
  EXPECT_THAT(findings[0].summary, HasSubstr("Only 3 of the five"));
}

TEST_F(DiagnosisTest, files_that_a_client_has_already_or_that_we_stopped_are_no_fault) {
  script.at(0, dhcp("pi5", "DISCOVER", "OFFER")).at(0.1, dhcp("pi5", "REQUEST", "ACK"));
  script.file(1, "boot.sig", "not_modified").file(2, "boot.img", "stopped", 5000);
  EXPECT_THAT(codes(), ElementsAre("unanswered"));
  EXPECT_THAT(findings[0].summary, HasSubstr("It does not go on: boot.img (stopped)"));
}

TEST_F(DiagnosisTest, a_stranger_waits_or_is_ignored) {
  machine.in_inventory = false;
  machine.name = kMac.to_string();
  machine.pending = PendingHost{};
  machine.pending->messages = 3;
  EXPECT_THAT(codes(), ElementsAre("pending"));
  EXPECT_THAT(findings[0].next, HasSubstr("piman hosts accept b8:27:eb:6c:4c:16 NAME"));
  for (int i = 0; i < 2; ++i) script.at(5 * i, dhcp("pi4", "DISCOVER", "", "unknown_pending"));
  EXPECT_THAT(codes(), ElementsAre("pending"));
  service.unknown_policy = "ignore";
  EXPECT_THAT(codes(), ElementsAre("ignored"));
}

TEST_F(DiagnosisTest, a_rom_that_asked_five_times) {
  for (int i = 0; i < 5; ++i) script.at(5 * i, dhcp("pi3b_rom", "DISCOVER", "", "pool_empty"));
  EXPECT_THAT(codes(), ElementsAre("no_free_address", "rom_gave_up"));
}

TEST_F(DiagnosisTest, a_link_that_came_up_late) {
  script.at(0, dhcp("pi3b_rom", "DISCOVER", "OFFER"));
  script.tick(300);
  EXPECT_THAT(codes(), ElementsAre("link_late"));
  EXPECT_THAT(findings[0].summary, HasSubstr("Only 1 of the five"));
}

TEST_F(DiagnosisTest, every_reason_for_no_answer_has_its_finding) {
  const std::vector<std::pair<const char*, const char*>> reasons = {{"pool_empty", "no_free_address"},
                                                                    {"no_pool", "no_free_address"},
                                                                    {"no_subnet", "wrong_network"},
                                                                    {"reservation_elsewhere", "wrong_network"},
                                                                    {"address_in_use", "address_conflict"},
                                                                    {"address_declined", "address_conflict"},
                                                                    {"busy", "unanswered"},
                                                                    {"send_failed", "unanswered"}};
  for (const auto& [reason, code] : reasons) {
    Script one;
    one.at(0, dhcp("pi4", "DISCOVER", "", reason));
    EXPECT_THAT(codes(one), ElementsAre(code)) << reason;
    EXPECT_THAT(findings[0].summary, HasSubstr(reason));
  }
}

TEST_F(DiagnosisTest, knows_the_reasons_by_the_words_that_netboot_has_for_them) {
  using netboot::dhcp::Drop;
  const std::vector<std::pair<Drop, std::string_view>> words = {{Drop::kPoolEmpty, "pool_empty"},
                                                                {Drop::kNoPool, "no_pool"},
                                                                {Drop::kNoSubnet, "no_subnet"},
                                                                {Drop::kReservationElsewhere, "reservation_elsewhere"},
                                                                {Drop::kReservationConflict, "reservation_conflict"},
                                                                {Drop::kAddressInUse, "address_in_use"},
                                                                {Drop::kAddressDeclined, "address_declined"},
                                                                {Drop::kProbing, "probing"},
                                                                {Drop::kOtherServer, "other_server"},
                                                                {Drop::kStoreFailed, "store_failed"}};
  for (const auto& [reason, word] : words) EXPECT_EQ(netboot::dhcp::to_text(reason), word);
}

TEST_F(DiagnosisTest, a_store_that_fails) {
  service.store_error = "piman.db: disk is full";
  script.at(0, dhcp("pi4", "DISCOVER", "", "store_failed"));
  EXPECT_THAT(codes(), ElementsAre("store_failing"));
  EXPECT_THAT(findings[0].summary, HasSubstr("disk is full"));
}

TEST_F(DiagnosisTest, another_server_was_first) {
  script.at(0, dhcp("pi4", "DISCOVER", "OFFER"));
  auto request = dhcp("pi4", "REQUEST", "", "other_server");
  request.other_server = Ipv4Address(0xC0A80001);
  script.at(1, request);
  EXPECT_THAT(codes(), ElementsAre("other_server"));
  EXPECT_THAT(findings[0].summary, HasSubstr("192.168.0.1"));
  service.is_proxy = true;  // then it is meant to
  EXPECT_THAT(codes(), ElementsAre("unanswered"));
}

TEST_F(DiagnosisTest, an_offer_that_nobody_took) {
  for (int i = 0; i < 3; ++i) script.at(4 * i, dhcp("pi4", "DISCOVER", "OFFER"));
  EXPECT_THAT(codes(), ElementsAre("offer_not_taken"));
  script.at(20, dhcp("pi4", "REQUEST", "NAK"));
  EXPECT_THAT(codes(), ElementsAre("refused", "offer_not_taken"));
  script.at(21, dhcp("pi4", "REQUEST", "ACK"));
  EXPECT_THAT(codes(), ElementsAre("no_file_asked"));
}

TEST_F(DiagnosisTest, a_start_file_that_is_missing) {
  script.at(0, dhcp("pi4", "DISCOVER", "OFFER")).at(0.1, dhcp("pi4", "REQUEST", "ACK"));
  script.file(1, "e09200d8/start4.elf", "not_found").file(2, "e09200d8/start.elf", "not_found");
  script.file(3, "config.txt", "complete", 100).file(4, "pieeprom.sig", "not_found");
  EXPECT_THAT(codes(), ElementsAre("prefix_cleared", "file_missing"));
  EXPECT_THAT(findings[0].summary, HasSubstr("below e09200d8/"));
  EXPECT_THAT(findings[1].summary, HasSubstr("start4.elf, start.elf."));
}

TEST_F(DiagnosisTest, kernels_that_are_all_missing_and_names_that_need_not_be_there) {
  script.at(0, dhcp("pi4", "DISCOVER", "OFFER")).at(0.1, dhcp("pi4", "REQUEST", "ACK"));
  script.file(1, "x/start4.elf", "complete", 2000).file(2, "x/recovery.elf", "not_found");
  script.file(3, "x/bcm2711-rpi-4-b.dtb", "complete", 2000).file(3.5, "x/bcm2711-rpi-400.dtb", "not_found");
  script.file(4, "x/kernel8.img", "not_found").file(5, "x/kernel7l.img", "not_found");
  EXPECT_THAT(codes(), ElementsAre("file_missing"));
  EXPECT_THAT(findings[0].summary, HasSubstr(": kernel8.img or kernel7l.img."));
  script.file(6, "x/kernel.img", "complete", 9000000);
  script.tick(500);
  EXPECT_THAT(codes(), ElementsAre("kernel_silent"));
  machine.is_up = true;
  EXPECT_THAT(codes(), ElementsAre("booted"));
}

TEST_F(DiagnosisTest, a_file_that_can_not_be_served) {
  script.at(0, dhcp("pi5", "DISCOVER", "OFFER")).at(0.1, dhcp("pi5", "REQUEST", "ACK"));
  script.file(1, "x/config.txt", "bad_template");
  EXPECT_THAT(codes(), ElementsAre("file_refused"));
  EXPECT_THAT(findings[0].next, HasSubstr("piman netboot tree pi1"));
}

TEST_F(DiagnosisTest, a_transfer_that_got_stuck_on_a_lossy_wire) {
  script.at(0, dhcp("pi4", "DISCOVER", "OFFER")).at(0.1, dhcp("pi4", "REQUEST", "ACK"));
  auto broken = transfer(5, "x/kernel8.img", "timed_out", 9000000);
  broken.blocks = 1200;
  broken.sent_bytes = 1468UL * 1200;
  broken.retransmits = 60;
  script.at(9, broken);
  EXPECT_THAT(codes(), ElementsAre("stuck_at_block", "retransmits"));
  EXPECT_THAT(findings[0].summary, HasSubstr("kernel8.img, block 1200 of 6131 (timed_out)"));
  EXPECT_THAT(findings[1].summary, HasSubstr("60 of 1200 blocks"));
}

TEST_F(DiagnosisTest, a_boot_that_goes_on_is_let_run) {
  script.at(0, dhcp("pi4", "DISCOVER", "OFFER"));
  machine.now = moment(5).wall;
  EXPECT_THAT(codes(), ElementsAre("in_progress"));
}

TEST_F(DiagnosisTest, a_machine_that_begins_anew_again_and_again) {
  for (int i = 0; i < 4; ++i) {
    script.at(100 * i, dhcp("pi4", "DISCOVER", "OFFER")).at(100 * i + 0.1, dhcp("pi4", "REQUEST", "ACK"));
    script.file(100 * i + 1, "x/kernel8.img", "not_found");
  }
  EXPECT_THAT(codes(), ElementsAre("file_missing", "boot_loop"));
}

TEST_F(DiagnosisTest, a_system_from_its_own_disk) {
  script.at(0, dhcp("linux", "DISCOVER", "OFFER")).at(0.1, dhcp("linux", "REQUEST", "ACK"));
  EXPECT_THAT(codes(), ElementsAre("local_boot"));
}

}  // namespace
}  // namespace piman::manager
