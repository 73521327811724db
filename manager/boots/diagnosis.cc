// SPDX-License-Identifier: Apache-2.0
#include "manager/boots/diagnosis.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "common/text.h"

namespace piman::manager {
namespace {

/// The 3B's ROM asks five times, five seconds apart, and then never again until its power is cut.
constexpr std::uint64_t kRomTries = 5;
/// A boot that gave a sign of life so lately is let run.
constexpr std::chrono::seconds kStillRunning{20};
/// Beyond this share of blocks sent again the wire, not chance, is to blame.
constexpr double kLossyShare = 0.01;
constexpr std::uint64_t kLossyBlocks = 10;
constexpr std::size_t kLoopBoots = 3;
constexpr std::chrono::minutes kLoopTime{30};

/// What the DHCP part of a boot came to.
struct DhcpSummary {
  std::uint64_t discovers = 0, unanswered = 0;
  bool offered = false, acknowledged = false, refused = false;
  Ipv4Address other_server;
  std::string reason;  ///< of the last one that was not answered
};

DhcpSummary summary_of(const Boot& boot) {
  DhcpSummary summary;
  for (const BootEvent& event : boot.events) {
    const auto* step = std::get_if<DhcpStep>(&event.step);
    if (step == nullptr) continue;
    if (step->other_server != Ipv4Address()) summary.other_server = step->other_server;
    summary.offered = summary.offered || step->sent == "OFFER";
    summary.refused = summary.refused || step->sent == "NAK";
    summary.acknowledged = summary.acknowledged || step->sent == "ACK";
    if (step->drop_reason == "probing") continue;  // it is told of again when the wire was asked
    if (step->received == "DISCOVER") summary.discovers += step->count;
    if (!step->sent.empty() || step->drop_reason == "other_server") continue;
    if (step->received == "DISCOVER") summary.unanswered += step->count;
    if (step->received == "DISCOVER" || step->received == "REQUEST") summary.reason = step->drop_reason;
  }
  return summary;
}

std::string times(std::uint64_t count, std::string_view what) {
  return concat(count, ' ', what, count == 1 ? "" : "s");
}

class Doctor {
 public:
  Doctor(const ServiceFacts& service, const MachineFacts& machine) : service_(service), machine_(machine) {}

  std::vector<Finding> examine() {
    if (!service_.netboot_enabled) {
      problem(FindingCode::kNetbootOff, "This manager does not boot nodes: netboot.enabled is false.",
              "Set netboot.enabled, netboot.interfaces and dhcp.subnets in piman.yml, and start piman again.");
    }
    if (!service_.store_error.empty()) {
      problem(FindingCode::kStoreFailing, concat("Leases can't be stored, so none are given: ", service_.store_error),
              "Make room on the disk of store.folder, or make it writable; piman goes on by itself.");
    }
    if (machine_.boots.empty()) {
      examine_unseen();
    } else {
      examine_boot(machine_.boots.front());
    }
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return std::move(findings_);
  }

 private:
  void problem(FindingCode code, std::string summary, std::string next) {
    findings_.push_back({code, Severity::kProblem, std::move(summary), std::move(next)});
  }
  void note(FindingCode code, std::string summary, std::string next) {
    findings_.push_back({code, Severity::kNote, std::move(summary), std::move(next)});
  }

  std::string mac() const { return machine_.mac ? machine_.mac->to_string() : "MAC"; }

  void tell_pending() {
    const std::string seen =
        machine_.pending ? times(machine_.pending->messages, "DHCP message") + " came from it" : "it asked";
    problem(FindingCode::kPending, concat(machine_.name, " is not in the inventory; ", seen, '.'),
            concat("Accept it: piman hosts accept ", mac(), " NAME"));
  }

  void examine_unseen() {
    if (machine_.pending) {
      tell_pending();
    } else if (machine_.is_up) {
      note(FindingCode::kLocalBoot,
           concat(machine_.name,
                  " is up, but was not seen booting here: it booted before piman looked, or from a card."),
           "");
    } else {
      problem(
          FindingCode::kNeverSeen, concat("Nothing was ever heard from ", machine_.name, " (", mac(), ")."),
          "Is its power on and its link light lit? Is netboot enabled on it (Pi 3: OTP; Pi 4, 5: BOOT_ORDER with 2)? "
          "Is it on the wire of netboot.interfaces, or behind a relay to this machine? Is this its MAC?");
    }
  }

  void examine_boot(const Boot& boot) {
    const auto silence = machine_.now - boot.started - std::chrono::milliseconds(boot.last_ms);
    if (boot.state == BootState::kRunning && silence < kStillRunning) {
      note(FindingCode::kInProgress, concat("It is booting now, ", boot.last_ms / 1000, " s so far."), "");
    }
    const DhcpSummary dhcp = summary_of(boot);
    const BootTotals totals = totals_of(boot);
    if (boot.state != BootState::kBooted && boot.state != BootState::kAddressOnly) {
      const bool asked_for_files = std::any_of(boot.events.begin(), boot.events.end(), [](const BootEvent& event) {
        return std::holds_alternative<FileStep>(event.step);
      });
      examine_dhcp(boot, dhcp, asked_for_files, silence >= kStillRunning);
      examine_files(boot, silence >= kStillRunning);
      examine_loop();
    }
    if (totals.retransmits >= kLossyBlocks &&
        static_cast<double>(totals.retransmits) > kLossyShare * static_cast<double>(totals.blocks)) {
      note(FindingCode::kRetransmits,
           concat(totals.retransmits, " of ", totals.blocks, " blocks had to be sent again: the wire loses packets."),
           "Try another cable and switch port; look for a duplex mismatch and for a switch that is overloaded.");
    }
    tell_state(boot);
  }

  void examine_dhcp(const Boot& boot, const DhcpSummary& dhcp, bool asked_for_files, bool is_silent) {
    if (!machine_.in_inventory && service_.unknown_policy != "pool") {
      if (service_.unknown_policy == "ignore") {
        problem(FindingCode::kIgnored, concat(machine_.name, " is not in the inventory, and such are ignored."),
                "Add it to hosts.csv, or set dhcp.unknown_hosts to pending or pool.");
      } else {
        tell_pending();
      }
    } else if (dhcp.unanswered > 0) {
      tell_unanswered(dhcp);
    }
    const bool is_rom = boot.model == "pi3b_rom";
    if (is_rom && !asked_for_files && dhcp.unanswered >= kRomTries && dhcp.unanswered == dhcp.discovers) {
      problem(FindingCode::kRomGaveUp,
              "Its ROM asked five times without an answer, and is silent until its power is cut.",
              "Mend what is named above, then switch its power off and on.");
    } else if (is_rom && !asked_for_files && is_silent && dhcp.discovers > 0 && dhcp.discovers < kRomTries) {
      problem(FindingCode::kLinkLate,
              concat("Only ", dhcp.discovers, " of the five DISCOVERs of its ROM came: the link came up late."),
              "Let the switch port forward at once: turn off spanning tree on it, or set portfast (edge port).");
    }
    if (dhcp.other_server != Ipv4Address() && !service_.is_proxy) {
      problem(FindingCode::kOtherServer,
              concat("It took the offer of another DHCP server, ", dhcp.other_server.to_string(), ", which was first."),
              "Switch that server off on this wire, let it skip this MAC, or set dhcp.mode: proxy.");
    }
    if (dhcp.refused && !dhcp.acknowledged) {
      problem(FindingCode::kRefused, "It asked for an address that it may not have, and was told so (NAK).",
              "It should ask anew by itself; if it does not, does hosts.csv have its right address and network?");
    }
    if (asked_for_files || !is_silent || !dhcp.offered || dhcp.other_server != Ipv4Address()) return;
    const bool asks_again = boot.model == "pi4" || boot.model == "pi5";
    if (asks_again && !dhcp.acknowledged) {
      problem(FindingCode::kOfferNotTaken, "It was offered an address, and asked for none: the OFFER did not reach it.",
              "Does a firewall or a switch (DHCP snooping) drop what this machine sends from UDP port 67?");
    } else if (!is_rom || dhcp.discovers >= kRomTries) {
      problem(FindingCode::kNoFileAsked, "It has an address, and asked for no file.",
              "Is UDP port 69 open on this machine? Does TFTP_IP in its EEPROM name another server?");
    }
  }

  void tell_unanswered(const DhcpSummary& dhcp) {
    const std::string count = times(dhcp.unanswered, "DISCOVER");
    const std::string& reason = dhcp.reason;
    if (reason == "pool_empty" || reason == "no_pool") {
      problem(FindingCode::kNoFreeAddress, concat(count, " without an answer: no address is free (", reason, ")."),
              "Accept it with an address of its own (piman hosts accept), or make dhcp.pools larger.");
    } else if (reason == "no_subnet" || reason == "reservation_elsewhere") {
      problem(FindingCode::kWrongNetwork,
              concat(count, " without an answer: its wire is not of the network of its address (", reason, ")."),
              "Do dhcp.subnets name this wire's network, and hosts.csv an address in it?");
    } else if (reason == "address_in_use" || reason == "reservation_conflict" || reason == "address_declined") {
      problem(FindingCode::kAddressConflict,
              concat(count, " without an answer: somebody else has its address (", reason, ")."),
              "Find who has it (ip neigh, arping), or give the node another address in hosts.csv.");
    } else if (reason != "store_failed") {  // that is told already
      problem(FindingCode::kUnanswered,
              concat(count, " without an answer", reason.empty() ? "" : concat(" (", reason, ')'), '.'),
              "The manager's log and the metric piman_dhcp_dropped_total say more about the reason.");
    }
  }

  /// Of the kernels, and of the device trees, one would do.
  static std::string in_words(const std::vector<std::string>& missing) {
    std::string kernels, trees, names;
    for (const std::string& name : missing) {
      if (is_kernel_name(name)) {
        kernels += concat(kernels.empty() ? "" : " or ", name);
      } else if (name.ends_with(".dtb")) {
        trees += concat(trees.empty() ? "" : " or ", name);
      } else {
        names += concat(names.empty() ? "" : ", ", name);
      }
    }
    for (const std::string* group : {&trees, &kernels}) {
      if (!group->empty()) names += concat(names.empty() ? "" : ", ", *group);
    }
    return names;
  }

  void examine_files(const Boot& boot, bool is_silent) {
    std::vector<std::string> missing;
    std::string prefix;  // the folder that it asked in, and in which it found no start file
    bool lost_prefix = false, has_kernel = false, has_kernel_name = false, has_tree = false;
    const FileStep* broken = nullptr;
    for (const BootEvent& event : boot.events) {
      const auto* file = std::get_if<FileStep>(&event.step);
      if (file == nullptr) continue;
      const std::string name(base_name(file->requested));
      const bool is_there = file->is_there() || file->is_running();
      if (is_there) std::erase(missing, name);
      has_kernel = has_kernel || (is_there && is_kernel_name(name));
      has_tree = has_tree || (is_there && name.ends_with(".dtb"));
      has_kernel_name = has_kernel_name || is_kernel_name(name);
      if (file->outcome == "not_found") {
        if (is_start_file(name)) prefix = file->requested.substr(0, file->requested.size() - name.size());
        if (is_needed(name) && std::find(missing.begin(), missing.end(), name) == missing.end())
          missing.push_back(name);
      } else if (is_broken_off(file->outcome)) {
        broken = file;
      } else if (!is_there && file->outcome != "stopped" && file->outcome != "replaced") {
        problem(FindingCode::kFileRefused, concat(quote(file->requested), " was not served: ", file->outcome, '.'),
                concat("Look at it with: piman netboot tree ", machine_.name));
      }
      if (file->is_complete()) broken = nullptr;
      const bool is_roms = name == "bootcode.bin" || name == "bootsig.bin";
      lost_prefix = lost_prefix || (!prefix.empty() && !is_roms && file->requested == name);
    }
    // Each kernel and device tree has several names; one is enough.
    std::erase_if(missing, [&](const std::string& name) {
      return (has_kernel && is_kernel_name(name)) || (has_tree && name.ends_with(".dtb"));
    });
    if (lost_prefix) {
      problem(FindingCode::kPrefixCleared,
              concat("It found no start file below ", prefix, " and asks without that folder now."),
              "Put the start files (start4.elf or start.elf with fixup) into its image: without them no Pi before the "
              "5 boots.");
    }
    if (!missing.empty() && boot.state != BootState::kLoaded) {
      problem(FindingCode::kFileMissing, concat("Asked for and not there: ", in_words(missing), '.'),
              concat("Put what is missing into its image, group or node folder; piman netboot tree ", machine_.name,
                     " lists what it is served."));
    }
    if (broken != nullptr && is_silent) {
      problem(FindingCode::kStuckAtBlock, concat("It got stuck: ", stuck_at(boot), '.'),
              "Does the wire lose packets? Is the file larger than its firmware takes (TFTP_FILE_TIMEOUT)? Switch its "
              "power off and on.");
    }
  }

  static bool is_broken_off(std::string_view outcome) {
    return outcome == "timed_out" || outcome == "aborted" || outcome == "too_long" || outcome == "crowded_out";
  }
  static bool is_start_file(std::string_view name) { return name == "start.elf" || name == "start4.elf"; }
  static bool is_needed(std::string_view name) {
    constexpr std::array kNeeded = {"bootcode.bin", "start.elf",  "start4.elf", "fixup.dat",
                                    "fixup4.dat",   "config.txt", "cmdline.txt"};
    return std::find(kNeeded.begin(), kNeeded.end(), name) != kNeeded.end() || is_kernel_name(name) ||
           (name.ends_with(".dtb") && name.starts_with("bcm27")) || name.starts_with("initr");
  }

  void examine_loop() {
    const auto in_time = std::count_if(machine_.boots.begin(), machine_.boots.end(), [this](const Boot& boot) {
      return boot.state == BootState::kRestarted && machine_.now - boot.started < kLoopTime;
    });
    if (static_cast<std::size_t>(in_time) < kLoopBoots) return;
    problem(FindingCode::kBootLoop, concat("It began anew ", in_time, " times within half an hour."),
            "What is named above is why; with nothing above, look at its power supply.");
  }

  void tell_state(const Boot& boot) {
    if (boot.state == BootState::kBooted) {
      findings_.push_back({FindingCode::kBooted, Severity::kGood,
                           concat("Its last boot went well: ", boot.booted_ms.value_or(boot.last_ms) / 1000,
                                  " s until its system had an address."),
                           ""});
    } else if (boot.state == BootState::kLoaded && machine_.is_up) {
      findings_.push_back(
          {FindingCode::kBooted, Severity::kGood, "Its last boot went well: the kernel was loaded, and it is up.", ""});
    } else if (boot.state == BootState::kLoaded) {
      problem(FindingCode::kKernelSilent, "Its kernel was loaded, and nothing was heard since.",
              "Look at its serial console. Usual reasons: a wrong cmdline.txt, a missing initramfs or device tree, no "
              "driver "
              "for its network.");
    } else if (boot.state == BootState::kAddressOnly) {
      note(FindingCode::kLocalBoot,
           "Its system asked for an address without loading anything: it boots from its own disk.",
           "To boot it from here: Pi 4 and 5: a BOOT_ORDER that has 2 first; Pi 3: take the card out.");
    } else if (findings_.empty()) {
      problem(FindingCode::kUnanswered, concat("It does not go on: ", stuck_at(boot), '.'),
              concat("See all of it with: piman boots ", machine_.name));
    }
  }

  const ServiceFacts& service_;
  const MachineFacts& machine_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view to_string(FindingCode code) {
  constexpr std::array<std::string_view, 25> kNames = {
      "netboot_off",     "store_failing", "never_seen",       "pending",         "ignored",
      "no_free_address", "wrong_network", "address_conflict", "unanswered",      "rom_gave_up",
      "link_late",       "other_server",  "refused",          "offer_not_taken", "no_file_asked",
      "file_missing",    "file_refused",  "prefix_cleared",   "stuck_at_block",  "retransmits",
      "boot_loop",       "kernel_silent", "local_boot",       "in_progress",     "booted"};
  return kNames[static_cast<std::size_t>(code)];
}

std::string_view to_string(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames = {"good", "note", "problem"};
  return kNames[static_cast<std::size_t>(severity)];
}

std::vector<Finding> diagnose(const ServiceFacts& service, const MachineFacts& machine) {
  return Doctor(service, machine).examine();
}

}  // namespace piman::manager
