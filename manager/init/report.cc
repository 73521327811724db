// SPDX-License-Identifier: Apache-2.0
#include "manager/init/report.h"

#include <algorithm>
#include <array>

#include "common/text.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

using Mode = Config::Dhcp::Mode;

constexpr std::string_view kPackageConfig = "/etc/piman/piman.yml";

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += concat(out.empty() ? "" : ", ", word);
  return out;
}

InitCheck check_wire(const Config& config, const std::string& name, const std::vector<WireFacts>& wires) {
  const auto found = std::find_if(wires.begin(), wires.end(), [&](const WireFacts& each) { return each.name == name; });
  if (found == wires.end()) {
    return {CheckResult::kProblem, name, "there is no such Ethernet interface; \"ip link\" lists them"};
  }
  if (!found->is_up) return {CheckResult::kProblem, name, concat("is down: ip link set ", name, " up")};
  if (found->addresses.empty()) {
    const std::string example = config.dhcp.subnets.empty()
                                    ? "192.168.77.1/24"
                                    : Ipv4Network{Ipv4Address(config.dhcp.subnets.front().first().value() + 1),
                                                  config.dhcp.subnets.front().prefix_length}
                                          .to_string();
    return {CheckResult::kProblem, name,
            concat("has no IPv4 address: ip address add ", example, " dev ", name, ", and for ever in /etc/network")};
  }
  std::vector<std::string> addresses;
  for (const Ipv4Network& each : found->addresses) addresses.push_back(each.to_string());
  const bool gives = config.dhcp.mode == Mode::kAuthoritative || config.dhcp.mode == Mode::kServer;
  const bool is_inside = std::any_of(found->addresses.begin(), found->addresses.end(), [&](const Ipv4Network& each) {
    return config.dhcp.subnet_of(each.address) != nullptr;
  });
  if (gives && !is_inside) {
    return {CheckResult::kProblem, name,
            concat(joined(addresses), " is in none of dhcp.subnets: nodes would get addresses that can't reach it")};
  }
  if (!found->has_carrier) {
    return {CheckResult::kNote, name, concat(joined(addresses), ", but no cable, or nothing switched on behind it")};
  }
  return {CheckResult::kGood, name, joined(addresses)};
}

std::string named(const netboot::dhcp::OtherServer& server) {
  return server.gives_addresses() ? concat(server.address.to_string(), " (offers ", server.offered.to_string(), ')')
                                  : server.address.to_string();
}

std::string_view colour_of(std::string_view cell) {
  if (cell == "ok") return "\x1b[32m";
  return cell == "note" ? "\x1b[33m" : "\x1b[31m";
}

}  // namespace

std::string_view to_text(CheckResult result) {
  switch (result) {
    case CheckResult::kGood:
      return "ok";
    case CheckResult::kNote:
      return "note";
    case CheckResult::kProblem:
      return "problem";
  }
  return "";
}

std::vector<InitCheck> check_wires(const Config& config, const std::vector<WireFacts>& wires) {
  std::vector<InitCheck> checks;
  if (!config.netboot.enabled) return checks;
  for (const std::string& name : config.netboot.interfaces) checks.push_back(check_wire(config, name, wires));
  return checks;
}

InitCheck check_servers(const Config& config, const WireSearch& search) {
  const std::string subject = "other DHCP servers";
  if (!search.looked) {
    return {CheckResult::kNote, subject,
            concat("nobody looked", search.why_not.empty() ? "" : concat(": ", search.why_not))};
  }
  std::vector<std::string> boot_servers;
  for (const auto& each : search.servers) {
    if (each.tells_of_boot) boot_servers.push_back(named(each));
  }
  if (!boot_servers.empty() && config.dhcp.mode != Mode::kOff) {
    return {CheckResult::kProblem, subject,
            concat(joined(boot_servers), " says where to boot from: Pis would load from there; switch that off")};
  }
  const netboot::dhcp::OtherServer* other = search.address_server();
  switch (config.dhcp.mode) {
    case Mode::kProxy:
      if (other == nullptr) {
        return {CheckResult::kProblem, subject,
                "none answers, and dhcp.mode: proxy needs one that gives the addresses"};
      }
      return {CheckResult::kGood, subject, concat(named(*other), " gives the addresses, which proxy leaves to it")};
    case Mode::kAuthoritative:
    case Mode::kServer:
      if (other == nullptr) return {CheckResult::kGood, subject, "none answers"};
      return {CheckResult::kProblem, subject,
              concat(named(*other), " gives addresses here: use dhcp.mode: proxy, or switch it off")};
    case Mode::kOff:
      if (other == nullptr) return {CheckResult::kNote, subject, "none answers: who gives nodes their addresses?"};
      return {CheckResult::kGood, subject,
              concat(named(*other), " gives the addresses; it must say where to boot from")};
  }
  return {};
}

std::vector<InitCheck> check_ports(const std::vector<WantedPort>& wanted, const std::vector<PortFacts>& facts) {
  std::vector<InitCheck> checks;
  for (std::size_t i = 0; i < wanted.size() && i < facts.size(); ++i) {
    const WantedPort& port = wanted[i];
    const PortFacts& found = facts[i];
    InitCheck check;
    check.subject = concat(to_text(port.transport), ' ', port.where.port, ", ", port.use);
    switch (found.state) {
      case PortState::kFree:
        check.words = "free";
        break;
      case PortState::kInUse:
        check.result = found.is_piman ? CheckResult::kNote : CheckResult::kProblem;
        check.words =
            concat("in use by ", found.users.empty() ? "somebody; as root it is said by whom" : joined(found.users));
        break;
      case PortState::kNotAllowed:
        check.result = CheckResult::kNote;
        check.words = "needs a privilege: start the server with sudo, or as the service of the package";
        break;
      case PortState::kOther:
        check.result = CheckResult::kProblem;
        check.words = found.why;
        break;
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

bool InitReport::has_problems() const {
  return std::any_of(checks.begin(), checks.end(),
                     [](const InitCheck& each) { return each.result == CheckResult::kProblem; });
}

std::vector<std::string> next_steps(const Config& config, const std::string& config_file) {
  std::vector<std::string> steps;
  const bool boots = config.netboot.enabled;
  if (boots) {
    steps.push_back(concat("piman netboot import /boot/firmware --image ", config.tftp.default_image, " --root ",
                           config.netboot.root, "    # the boot files of a Raspberry Pi OS"));
  } else {
    steps.push_back(concat("piman hosts add MAC ADDRESS NAME --config.file=", config_file, "    # each node"));
  }
  if (config_file == kPackageConfig) {
    steps.emplace_back("systemctl restart piman");
  } else {
    steps.push_back(concat(boots ? "sudo " : "", "piman server --config.file=", config_file));
  }
  if (boots) {
    steps.emplace_back("plug a Pi in, then: piman hosts pending; piman hosts accept MAC NAME");
  } else {
    steps.emplace_back("piman status");
  }
  return steps;
}

std::string render_report(const InitReport& report, bool colours) {
  std::string out;
  if (!report.checks.empty()) {
    static constexpr std::array<bool, 3> kRightAligned = {false, false, false};
    TextTable table({"RESULT", "WHAT", "FOUND"}, kRightAligned);
    for (const InitCheck& each : report.checks) {
      table.add({std::string(to_text(each.result)), printable(each.subject), printable(each.words)});
    }
    if (colours) table.colour(0, &colour_of);
    out += table.render() + '\n';
  }
  if (!report.is_written) return out + "Nothing was written.\n";
  out += concat("Written: ", report.config_file,
                report.kept_as.empty() ? "" : concat("; the former one is ", report.kept_as), '\n');
  out += report.hosts_were_there ? concat(report.hosts_file, " was there already and stays as it is.\n")
                                 : concat("Written: ", report.hosts_file, ", without a node yet\n");
  out += "\nNext:\n";
  for (std::size_t i = 0; i < report.next.size(); ++i) out += concat("  ", i + 1, ". ", report.next[i], '\n');
  return out;
}

}  // namespace piman::manager
