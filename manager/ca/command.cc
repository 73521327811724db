// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/command.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>

#include "common/flags.h"
#include "common/text.h"
#include "manager/ca/certificate.h"
#include "manager/ca/command_parts.h"
#include "manager/ca/folder.h"

namespace piman::manager {
namespace {

using namespace ca;

constexpr std::size_t kMostNameBytes = 64;  // of a common name (RFC 5280, ub-common-name)

int run_init(std::span<const char* const> arguments) {
  const std::array<Flag, 4> table = {{folder_flag(),
                                      {"name", "TEXT", "piman fleet CA", "What it is called.", false},
                                      {"days", "N", "3650", "For how long it is good.", false},
                                      help()}};
  constexpr std::string_view kUsageText =
      "Usage: piman ca init [FLAG ...]\n\n"
      "Makes a CA for a fleet. Whoever has its key is trusted by the whole fleet: keep a copy elsewhere.\n\n"
      "Examples:\n"
      "  piman ca init\n"
      "  piman ca init --ca.dir=ca --name=\"lab CA\"\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check(parsed, table, kUsageText, 0)) return *done;
  const auto days = days_of(parsed, table);
  if (!days) return fail_days(parsed, table);
  const std::string name = parsed.value(table, "name");
  if (name.empty() || name.size() > kMostNameBytes || !is_valid_utf8(name)) {
    return fail_ca(concat("--name: ", quote(name), " is not 1 to ", kMostNameBytes, " bytes of text"), kUsage);
  }
  const WallTime now = std::chrono::system_clock::now();
  const auto authority = make_authority(name, now, *days);
  if (!authority) return fail_ca(authority.error().message);
  const std::string folder = parsed.value(table, "ca.dir");
  if (const auto made = create(folder, *authority, now); !made) return fail_ca(made.error().message);
  std::puts(concat(folder, "/ca.crt is what agents, manager and Prometheus trust").c_str());
  return 0;
}

int run_issue(std::span<const char* const> arguments) {
  const std::array<Flag, 6> table = {
      {folder_flag(),
       {"address", "IP", "", "An address that it is good for as well.", true},
       {"client", "", "false", "For who asks (manager, Prometheus) instead of who is asked.", false},
       {"server", "", "true", "For who is asked; with --client for both.", false},
       {"days", "N", "397", "For how long it is good; at most as long as the CA.", false},
       help()}};
  constexpr std::string_view kUsageText =
      "Usage: piman ca issue NAME [FLAG ...]\n\n"
      "Makes a key and signs a certificate for it, in place of an older one of that name: NAME.key and NAME.crt "
      "beside\n"
      "the CA. Agents and servers take them anew by themselves.\n\n"
      "Examples:\n"
      "  piman ca issue pi7 --address=10.0.0.7\n"
      "  piman ca issue manager --client --no-server\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check(parsed, table, kUsageText, 1)) return *done;
  Wanted wanted;
  wanted.name = parsed.arguments.front();
  if (!is_certificate_name(wanted.name)) {
    return fail_ca(concat(quote(wanted.name), " is no name for a certificate: A-Z a-z 0-9 . _ -, and not ca"), kUsage);
  }
  for (const std::string& text : parsed.values(table, "address")) {
    const auto address = Ipv4Address::parse(text);
    if (!address) return fail_ca(concat("--address: ", quote(text), " is no IPv4 address"), kUsage);
    wanted.addresses.push_back(*address);
  }
  wanted.for_client = parsed.is_on(table, "client");
  wanted.for_server = parsed.is_given("server") ? parsed.is_on(table, "server") : !wanted.for_client;
  if (!wanted.for_client && !wanted.for_server) return fail_ca("--no-server: then for what? --client", kUsage);
  const auto days = days_of(parsed, table);
  if (!days) return fail_days(parsed, table);
  wanted.valid = *days;
  const std::string folder = parsed.value(table, "ca.dir");
  const auto lock = FolderLock::take(folder);
  if (!lock) return fail_ca(lock.error().message);
  const auto authority = read_authority(folder);
  if (!authority) return fail_ca(authority.error().message);
  const WallTime now = std::chrono::system_clock::now();
  const auto issued = issue(*authority, wanted, now);
  if (!issued) return fail_ca(issued.error().message);
  if (const auto stored = store(folder, wanted.name, *issued, now); !stored) return fail_ca(stored.error().message);
  const auto facts = facts_of(issued->certificate);
  std::puts(concat(folder, '/', wanted.name, ".crt and .key, until ", facts ? date_of(facts->ends) : "?").c_str());
  return 0;
}

/// Quotes, backslashes and control characters of what OpenSSL wrote.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + '"';
}

int run_list(std::span<const char* const> arguments) {
  const std::array<Flag, 3> table = {
      {folder_flag(), {"json", "", "false", "Prints one object a certificate, for programs.", false}, help()}};
  constexpr std::string_view kUsageText =
      "Usage: piman ca list [FLAG ...]\n\n"
      "Lists what the CA's folder holds, and until when it is good.\n\n"
      "Examples:\n"
      "  piman ca list\n"
      "  piman ca list --json\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check(parsed, table, kUsageText, 0)) return *done;
  const auto found = list(parsed.value(table, "ca.dir"));
  if (!found) return fail_ca(found.error().message);
  for (const Listed& each : *found) {
    const Facts& facts = each.facts;
    if (parsed.is_on(table, "json")) {
      std::puts(concat("{\"file\":", json_text(each.file), ",\"subject\":", json_text(facts.subject),
                       ",\"names\":", json_text(facts.names), ",\"serial\":", json_text(facts.serial), ",\"ends\":\"",
                       date_of(facts.ends), "\",\"is_ca\":", facts.is_authority ? "true" : "false",
                       ",\"is_of_present_ca\":", each.is_of_present_ca ? "true" : "false",
                       ",\"is_revoked\":", each.is_revoked ? "true" : "false", "}")
                    .c_str());
    } else {
      const std::size_t width = std::max<std::size_t>(each.file.size() + 2, 24);
      std::puts(concat(each.file, std::string(width - each.file.size(), ' '), "until ", date_of(facts.ends), "  ",
                       facts.is_authority ? "CA: " : "", facts.is_authority ? facts.subject : facts.names,
                       each.is_revoked ? "  REVOKED" : "", each.is_of_present_ca ? "" : "  of a former CA")
                    .c_str());
    }
  }
  return 0;
}

}  // namespace

int run_ca_command(std::span<const char* const> arguments) {
  constexpr std::string_view kUsageText =
      "Usage: piman ca init|issue|list|rotate|revoke [FLAG ...]\n\n"
      "  init    makes a CA for the fleet\n"
      "  issue   makes a key and a certificate, for an agent, the manager or Prometheus\n"
      "  list    shows what there is, and until when it is good\n"
      "  rotate  makes a new CA and signs everything anew, while the former one is trusted still\n"
      "  revoke  takes the certificates of a node back\n\n"
      "Examples:\n"
      "  piman ca init\n"
      "  piman ca issue pi7 --address=10.0.0.7\n"
      "  piman ca issue manager --client --no-server\n";
  const std::string_view what = arguments.empty() ? std::string_view() : std::string_view(arguments.front());
  if (what == "init") return run_init(arguments.subspan(1));
  if (what == "issue") return run_issue(arguments.subspan(1));
  if (what == "list") return run_list(arguments.subspan(1));
  if (what == "rotate") return run_rotate(arguments.subspan(1));
  if (what == "revoke") return run_revoke(arguments.subspan(1));
  if (what == "--help" || what == "-h" || what == "help") {
    std::fputs(kUsageText.data(), stdout);
    return 0;
  }
  return fail_ca(what.empty() ? "ca needs a word: init, issue, list, rotate or revoke"
                              : concat("unknown word ", quote(what), ": it is init, issue, list, rotate or revoke"),
                 kUsage);
}

}  // namespace piman::manager
