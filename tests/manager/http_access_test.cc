// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/http_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "manager/config.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using std::chrono::seconds;
using test::TempTree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr SteadyTime kBegin{std::chrono::hours(1)};

TEST(HttpAccess, NamesOfCertificates) {
  const Host host{"pi7", *Ipv4Address::parse("10.0.0.7"), {}};
  EXPECT_EQ(server_name_of("{name}", host), "pi7");
  EXPECT_EQ(server_name_of("{name}.fleet.example", host), "pi7.fleet.example");
  EXPECT_EQ(server_name_of("{address}", host), "10.0.0.7");
  EXPECT_EQ(server_name_of("agents.example", host), "agents.example");
  EXPECT_EQ(server_name_of("", host), "");
}

TEST(HttpAccess, SecretsAreReadAgain) {
  const TempTree tree({{"password", "first\n"}});
  ::chmod(tree.path("password").c_str(), 0600);
  AccessSettings settings;
  settings.user = "piman";
  settings.password_file = tree.path("password");
  auto files = AccessFiles::open(settings);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->access().password, "first");
  std::vector<std::string> lines;
  Logger log(LogLevel::kInfo, LogFormat::kLogfmt, [&](std::string_view line) { lines.emplace_back(line); });
  tree.put("password", "second\n");
  files->look(kBegin, log);
  EXPECT_EQ(files->access().password, "second");
  tree.put("password", "");
  files->look(kBegin + seconds(9), log);
  EXPECT_THAT(lines, IsEmpty());
  files->look(kBegin + seconds(10), log);
  files->look(kBegin + seconds(20), log);
  EXPECT_EQ(files->access().password, "second");
  ASSERT_THAT(lines, SizeIs(1)) << "said once";
  EXPECT_THAT(lines.front(), HasSubstr("agents.password_file"));
}

TEST(HttpAccess, AListOfRevokedOnesThatChangesEndsWhatWasBelieved) {
  const TempTree tree({{"ca.crt", "x"}, {"ca.crl", "first"}});
  AccessSettings settings;
  settings.tls = true;
  settings.ca_file = tree.path("ca.crt");
  settings.crl_file = tree.path("ca.crl");
  auto files = AccessFiles::open(settings);
  ASSERT_TRUE(files) << files.error().message;
  Logger log(LogLevel::kInfo, LogFormat::kLogfmt, [](std::string_view) {});
  files->look(kBegin, log);
  EXPECT_EQ(files->access().crl_changed, SteadyTime{});
  EXPECT_EQ(files->access().crl_file, tree.path("ca.crl"));
  tree.put("ca.crl", "another one");
  files->look(kBegin + std::chrono::milliseconds(500), log);
  EXPECT_EQ(files->access().crl_changed, SteadyTime{}) << "looked for each second";
  files->look(kBegin + seconds(1), log);
  EXPECT_EQ(files->access().crl_changed, kBegin + seconds(1));
  files->look(kBegin + seconds(9), log);
  EXPECT_EQ(files->access().crl_changed, kBegin + seconds(1));
  settings.crl_file = tree.path("absent");
  const auto absent = AccessFiles::open(settings);
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().message, HasSubstr("agents.crl_file"));
}

TEST(HttpAccess, WhatCannotBeReadIsSaid) {
  const TempTree tree({{"open", "secret\n"}});
  ::chmod(tree.path("open").c_str(), 0644);
  AccessSettings token;
  token.token_file = tree.path("open");
  const auto open = AccessFiles::open(token);
  ASSERT_FALSE(open);
  EXPECT_THAT(open.error().message, HasSubstr("agents.token_file: "));
  EXPECT_THAT(open.error().message, HasSubstr("chmod 600"));
  EXPECT_THAT(open.error().message, testing::Not(HasSubstr("secret")));
  AccessSettings ca;
  ca.ca_file = tree.path("none");
  EXPECT_THAT(AccessFiles::open(ca).error().message, HasSubstr("agents.ca_file: "));
}

std::vector<std::string> problems_of(std::string_view agents) {
  std::vector<std::string> out;
  for (const ConfigProblem& problem : parse_config(std::string("agents: ") + std::string(agents), "/etc").problems) {
    out.push_back(problem.to_string("f"));
  }
  return out;
}

TEST(HttpAccess, IsConfigured) {
  const Config::Agents agents =
      parse_config(
          "agents:\n  scheme: https\n  ca_file: ca.crt\n  cert_file: m.crt\n  key_file: m.key\n"
          "  server_name: \"{name}.example\"\n  user: piman\n  password_file: /p\n",
          "/etc")
          .config.agents;
  EXPECT_TRUE(agents.access.tls);
  EXPECT_EQ(agents.access.ca_file, "/etc/ca.crt");
  EXPECT_EQ(agents.access.key_file, "/etc/m.key");
  EXPECT_EQ(agents.access.server_name, "{name}.example");
  EXPECT_EQ(agents.access.password_file, "/p");
  EXPECT_THAT(problems_of("{scheme: ftp}"), ElementsAre("f:1: agents.scheme: \"ftp\" is none of http, https"));
  EXPECT_THAT(problems_of("{user: piman}"), ElementsAre("f:1: agents.user, agents.password_file: one needs the other"));
  EXPECT_THAT(problems_of("{scheme: https, cert_file: a}"),
              ElementsAre("f:1: agents.cert_file, agents.key_file: one needs the other"));
  EXPECT_THAT(problems_of("{ca_file: a}"), ElementsAre("f:1: agents.scheme: certificates need https"));
  EXPECT_THAT(problems_of("{user: a, password_file: b, token_file: c}"),
              ElementsAre("f:1: agents.token_file: a request has either a user or a token"));
  EXPECT_THAT(problems_of("{server_name: \"a b\"}"), ElementsAre(HasSubstr("is no host name like")));
  EXPECT_THAT(problems_of("{server_name: \"{host}\"}"), ElementsAre(HasSubstr("is no host name like")));
}

TEST(HttpAccess, TheFolderOfACaBringsItsFiles) {
  const std::string ca = "agents: {scheme: https, ca_dir: ca}\n";
  const ParsedConfig parsed = parse_config(ca, "/etc/piman");
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_EQ(parsed.config.agents.ca_dir, "/etc/piman/ca");
  EXPECT_EQ(parsed.config.agents.access.ca_file, "/etc/piman/ca/ca.crt");
  EXPECT_EQ(parsed.config.agents.access.crl_file, "/etc/piman/ca/ca.crl");
  const ParsedConfig own =
      parse_config("agents: {scheme: https, ca_dir: /ca, ca_file: /a, crl_file: /b}\n", "/etc/piman");
  EXPECT_EQ(own.config.agents.access.ca_file, "/a");
  EXPECT_EQ(own.config.agents.access.crl_file, "/b");
  const auto problem = [](const std::string& yaml) {
    const ParsedConfig wrong = parse_config(yaml, "/etc/piman");
    return wrong.problems.empty() ? std::string() : wrong.problems.front().message;
  };
  EXPECT_THAT(problem("agents: {ca_dir: ca}\n"), HasSubstr("need https"));
  EXPECT_THAT(problem("agents: {scheme: https, crl_file: x}\n"), HasSubstr("agents.ca_file"));
  const std::string boots = ca + "netboot: {enabled: true, interfaces: eth0}\ndhcp: {subnets: 10.0.0.0/24}\n";
  EXPECT_THAT(problem(boots), HasSubstr("http_boot.listen_address"));
  EXPECT_EQ(problem(boots + "http_boot: {listen_address: \":80\"}\n"), "");
}

}  // namespace
}  // namespace piman::manager
