// SPDX-License-Identifier: Apache-2.0
#include "manager/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/text.h"
#include "manager/config_keys.h"
#include "tests/support/golden.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> problems_of(const ParsedConfig& parsed) {
  std::vector<std::string> out;
  for (const ConfigProblem& problem : parsed.problems) out.push_back(problem.to_string("piman.yml"));
  return out;
}
std::vector<std::string> problems_of(std::string_view yaml) { return problems_of(parse_config(yaml, "")); }

TEST(Config, AnEmptyFileIsAllDefaults) {
  for (const std::string_view yaml : {"", "\n", "# nothing\n", "---\n", "scrape:\n", "web: {}\n"}) {
    const ParsedConfig parsed = parse_config(yaml, "/etc/piman");
    EXPECT_THAT(problems_of(parsed), IsEmpty()) << yaml;
    EXPECT_EQ(parsed.config.site, "default");
    EXPECT_EQ(parsed.config.scrape.interval, milliseconds(15'000));
    EXPECT_EQ(parsed.config.inventory.hosts_file, "/etc/piman/hosts.csv");
  }
}

TEST(Config, EveryKeyIsRead) {
  const ParsedConfig parsed = parse_config(R"(
site: lab-1
web:
  listen_address: "[::1]:9000"
  external_url: https://piman.example/fleet/
  threads: 8
inventory:
  hosts_file: /srv/hosts.csv
agents:
  port: 9100
scrape:
  interval: 1m30s
  timeout: 500ms
  max_in_flight: 10
  max_page_size: 64KiB
  max_backoff: 1h
  history: 2h
log: {level: debug, format: json}
links:
  prometheus: http://p:9090
  alertmanager: http://a:9093
  grafana: http://g:3000
)",
                                           "/etc");
  EXPECT_THAT(problems_of(parsed), IsEmpty());
  const Config& config = parsed.config;
  EXPECT_EQ(config.site, "lab-1");
  EXPECT_EQ(config.web.listen_address.to_string(), "[::1]:9000");
  EXPECT_EQ(config.web.external_url, "https://piman.example/fleet");
  EXPECT_EQ(config.web.threads, 8);
  EXPECT_EQ(config.inventory.hosts_file, "/srv/hosts.csv");
  EXPECT_EQ(config.agents.port, 9100);
  EXPECT_EQ(config.scrape.interval, milliseconds(90'000));
  EXPECT_EQ(config.scrape.timeout, milliseconds(500));
  EXPECT_EQ(config.scrape.max_in_flight, 10U);
  EXPECT_EQ(config.scrape.max_page_bytes, 65'536U);
  EXPECT_EQ(config.scrape.max_backoff, milliseconds(3'600'000));
  EXPECT_EQ(config.scrape.history, milliseconds(7'200'000));
  EXPECT_EQ(config.log.level, LogLevel::kDebug);
  EXPECT_EQ(config.log.format, LogFormat::kJson);
  EXPECT_EQ(config.links.prometheus, "http://p:9090");
  EXPECT_EQ(config.links.alertmanager, "http://a:9093");
  EXPECT_EQ(config.links.grafana, "http://g:3000");
}

struct BadFile {
  std::string_view yaml;
  std::vector<std::string> problems;
};

TEST(Config, EveryProblemHasItsLineAndItsWords) {
  const std::vector<BadFile> files = {
      // Unknown keys
      {"siet: x\n", {"piman.yml:1: unknown key siet; did you mean site?"}},
      {"\nscrape:\n  intervall: 5s\n", {"piman.yml:3: unknown key scrape.intervall; did you mean scrape.interval?"}},
      {"interval: 5s\n", {"piman.yml:1: unknown key interval; did you mean scrape.interval?"}},
      {"scrap: {interval: 5s}\n", {"piman.yml:1: unknown key scrap; did you mean scrape?"}},
      {"web:\n  port: 8080\n", {"piman.yml:2: unknown key web.port; did you mean agents.port?"}},
      {"volcano: 1\n", {"piman.yml:1: unknown key volcano"}},
      {"\"a\\x01b\": 1\n", {"piman.yml:1: unknown key \"a\\x01b\""}},
      // Repeated keys
      {"site: a\nsite: b\n", {"piman.yml:2: site is set twice: first in line 1"}},
      {"web:\n  threads: 1\nlog:\nweb:\n", {"piman.yml:4: web is set twice: first in line 1"}},
      {"web:\n  threads: 1\n  threads: 2\n", {"piman.yml:3: web.threads is set twice: first in line 2"}},
      // Wrong types
      {"- a\n", {"piman.yml:1: the file must hold keys and values, like scrape: {interval: 15s}"}},
      {"hello\n", {"piman.yml:1: the file must hold keys and values, like scrape: {interval: 15s}"}},
      {"scrape: 15s\n", {"piman.yml:1: scrape: must hold keys and values"}},
      {"scrape:\n  - interval\n", {"piman.yml:2: scrape: must hold keys and values"}},
      {"site: [a]\n", {"piman.yml:1: site: must be one value (name)"}},
      {"agents:\n  port: {a: 1}\n", {"piman.yml:2: agents.port: must be one value (whole number, 1 to 65535)"}},
      {"agents:\n  port: \"3000\"\n", {"piman.yml:2: agents.port: \"3000\" is a text: write it without quotes"}},
      {"site:\n", {"piman.yml:1: site: has no value"}},
      {"site: ~\n", {"piman.yml:1: site: has no value"}},
      {"? [a]\n: b\n", {"piman.yml:1: a key must be a word"}},
      // Values
      {"site: a b\n", {"piman.yml:1: site: \"a b\" is no site name: 1 to 64 of A-Z a-z 0-9 . _ -"}},
      {"site: \"\"\n", {"piman.yml:1: site: \"\" is no site name: 1 to 64 of A-Z a-z 0-9 . _ -"}},
      {"agents: {port: 0}\n", {"piman.yml:1: agents.port: 0 is not between 1 and 65535"}},
      {"agents: {port: 65536}\n", {"piman.yml:1: agents.port: 65536 is not between 1 and 65535"}},
      {"agents: {port: -1}\n", {"piman.yml:1: agents.port: -1 is not between 1 and 65535"}},
      {"agents: {port: 3e3}\n", {"piman.yml:1: agents.port: \"3e3\" is no whole number"}},
      {"web: {threads: 0}\n", {"piman.yml:1: web.threads: 0 is not between 1 and 1024"}},
      {"web: {threads: 1025}\n", {"piman.yml:1: web.threads: 1025 is not between 1 and 1024"}},
      {"scrape: {interval: 15}\n", {"piman.yml:1: scrape.interval: \"15\" is no duration like 500ms, 15s or 1h30m"}},
      {"scrape: {interval: 15 s}\n",
       {"piman.yml:1: scrape.interval: \"15 s\" is no duration like 500ms, 15s or 1h30m"}},
      {"scrape: {interval: 999ms}\n", {"piman.yml:1: scrape.interval: 999ms is not between 1s and 1h"}},
      {"scrape: {max_page_size: 1023B}\n", {"piman.yml:1: scrape.max_page_size: 1023B is not between 1KiB and 256MiB"}},
      {"scrape: {max_page_size: 1GiB}\n", {"piman.yml:1: scrape.max_page_size: 1GiB is not between 1KiB and 256MiB"}},
      {"scrape: {max_page_size: 99999999999999999999B}\n",
       {"piman.yml:1: scrape.max_page_size: \"99999999999999999999B\" is no size like 512KiB or 16MiB"}},
      {"scrape: {max_page_size: 16MB}\n",
       {"piman.yml:1: scrape.max_page_size: \"16MB\" is no size like 512KiB or 16MiB"}},
      {"web: {listen_address: 8080}\n",
       {"piman.yml:1: web.listen_address: \"8080\" is no address like 127.0.0.1:8080, [::1]:8080 or :8080"}},
      {"web: {listen_address: \":0\"}\n",
       {"piman.yml:1: web.listen_address: \":0\": port 0 is not between 1 and 65535"}},
      {"web: {listen_address: \"localhost:80\"}\n",
       {"piman.yml:1: web.listen_address: \"localhost:80\": \"localhost\" is no IP address of this machine"}},
      {"web: {external_url: piman.example}\n",
       {"piman.yml:1: web.external_url: \"piman.example\" is no URL like http://host:port"}},
      {"links: {grafana: \"javascript:alert(1)\"}\n",
       {"piman.yml:1: links.grafana: \"javascript:alert(1)\" is no URL like http://host:port"}},
      {"web: {external_url: \"http://a/?x=1\"}\n",
       {"piman.yml:1: web.external_url: \"http://a/?x=1\" has a query, a fragment or a user, which can't be part of "
        "it"}},
      {"log: {level: verbose}\n", {"piman.yml:1: log.level: \"verbose\" is none of debug, info, warn, error"}},
      {"log: {format: xml}\n", {"piman.yml:1: log.format: \"xml\" is none of logfmt, json"}},
      {"inventory: {hosts_file: \"\"}\n", {"piman.yml:1: inventory.hosts_file: \"\" is no file name"}},
      // Values that don't go together
      {"scrape:\n  interval: 15s\n  timeout: 30s\n",
       {"piman.yml:3: scrape.timeout: 30s is longer than scrape.interval 15s"}},
      {"scrape:\n  interval: 4s\n", {"piman.yml:2: scrape.timeout: 5s is longer than scrape.interval 4s"}},
      {"scrape:\n  interval: 5m\n", {"piman.yml:2: scrape.max_backoff: 2m is shorter than scrape.interval 5m"}},
      // What YAML can do and we don't want
      {"site: &a x\n", {"piman.yml:1: anchors (&name) are not supported"}},
      {"site: &a x\nlinks: {grafana: *a}\n",
       {"piman.yml:1: anchors (&name) are not supported", "piman.yml:2: aliases (*name) are not supported",
        "piman.yml:2: links.grafana: has no value"}},
      {"site: !!str x\n", {"piman.yml:1: the tag \"tag:yaml.org,2002:str\" is not supported"}},
      {"site: a\n---\nsite: b\n", {"piman.yml:3: a second document: one file has one"}},
      {"[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]\n", {"piman.yml:1: not YAML: more than 16 levels deep"}},
      // Several at once, in the order of their lines
      {"log:\n  level: x\nsiet: 1\nagents:\n  port: 0\nscrape:\n  timeout: 20s\n",
       {"piman.yml:2: log.level: \"x\" is none of debug, info, warn, error",
        "piman.yml:3: unknown key siet; did you mean site?", "piman.yml:5: agents.port: 0 is not between 1 and 65535",
        "piman.yml:7: scrape.timeout: 20s is longer than scrape.interval 15s"}},
      // One slip is one problem: the bad interval is not compared with the timeout
      {"scrape:\n  interval: x\n  timeout: 20s\n",
       {"piman.yml:2: scrape.interval: \"x\" is no duration like 500ms, 15s or 1h30m"}},
  };
  for (const BadFile& file : files) EXPECT_EQ(problems_of(file.yaml), file.problems) << file.yaml;
}

TEST(Config, BrokenYamlNamesTheLine) {
  for (const std::string_view yaml : {"site: a\nweb: [1\n", "site: a\n\tweb: b\n", "site: a\n  b: c: d\n"}) {
    const auto problems = problems_of(yaml);
    ASSERT_FALSE(problems.empty()) << yaml;
    EXPECT_THAT(problems.back(), HasSubstr("not YAML: ")) << yaml;
    EXPECT_THAT(problems.back(), testing::MatchesRegex("piman.yml:[0-9]+: .*")) << yaml;
  }
}

TEST(Config, HugeAndNestedFilesAreRefusedQuickly) {
  EXPECT_THAT(problems_of(std::string(kMostConfigBytes + 1, '#')), ElementsAre("piman.yml: longer than 1048576 bytes"));
  EXPECT_THAT(problems_of(std::string(kMostConfigBytes, '[')), ElementsAre(HasSubstr("more than 16 levels deep")));
  std::string many;
  while (many.size() < 100'000) many += concat("k", many.size(), ": 1\n");
  EXPECT_GT(problems_of(many).size(), 1000U);
}

TEST(Config, AnyTruncationIsReadWithoutHarm) {
  const std::string yaml =
      "site: lab\nweb: {listen_address: \":80\", threads: 4}\nscrape:\n  interval: 15s\n  timeout: \"5s\"\n";
  for (std::size_t length = 0; length <= yaml.size(); ++length) parse_config(yaml.substr(0, length), "/etc");
  EXPECT_THAT(problems_of(yaml), IsEmpty());
}

TEST(Config, RelativePathsAreRelativeToTheFile) {
  const test::TempTree tree({{"etc/piman.yml", "inventory: {hosts_file: fleet/hosts.csv}\n"}});
  const ParsedConfig parsed = read_config(tree.path("etc/piman.yml"));
  EXPECT_THAT(problems_of(parsed), IsEmpty());
  EXPECT_EQ(parsed.config.inventory.hosts_file, tree.path("etc/fleet/hosts.csv"));
}

TEST(Config, AFileThatCantBeReadIsAProblem) {
  const test::TempTree tree({{"folder/x", ""}});
  EXPECT_THAT(problems_of(read_config(tree.path("absent.yml"))), ElementsAre("piman.yml: no such file"));
  EXPECT_THAT(problems_of(read_config(tree.path("folder"))),
              ElementsAre(concat("piman.yml: reading ", tree.path("folder"), ": not a regular file")));
}

TEST(ConfigKeys, DefaultsAreValidValues) {
  std::set<std::string> names;
  for (const ConfigKey& key : config_keys()) {
    EXPECT_TRUE(names.insert(key.full_name()).second) << key.full_name();
    Config config;
    const std::string shown = key.show(config);
    const auto set = key.set(config, shown);
    EXPECT_TRUE(set) << key.full_name() << ": " << (set ? "" : set.error().message);
    EXPECT_EQ(key.show(config), shown) << key.full_name();
    EXPECT_FALSE(key.section.empty() ? false : config_section_help(key.section).empty()) << key.section;
  }
}

TEST(ConfigKeys, TheReferenceIsCurrentAndItsExampleIsValid) {
  const std::string reference = render_config_reference();
  const char* const update = std::getenv("UPDATE_GOLDEN");
  const std::string problem = test::golden_problem(test::testdata("../../docs/configuration.md"), reference,
                                                   update != nullptr && std::string_view(update) == "1");
  EXPECT_EQ(problem, "");
  const std::size_t begin = reference.find("```yaml\n") + 8;
  const std::string example = reference.substr(begin, reference.rfind("```") - begin);
  EXPECT_THAT(problems_of(example), IsEmpty()) << example;
}

TEST(ExternalUrl, ComesFromTheFileTheListenAddressOrTheRequest) {
  Config config;
  EXPECT_EQ(external_url(config, "10.0.0.1:8080"), "http://127.0.0.1:8080");
  ASSERT_TRUE(override_listen_address(config, ":8081"));
  EXPECT_EQ(external_url(config, "10.0.0.1:8081"), "http://10.0.0.1:8081");
  EXPECT_EQ(external_url(config, ""), "http://127.0.0.1:8081");
  config.web.external_url = "https://piman.example/fleet";
  EXPECT_EQ(external_url(config, "10.0.0.1:8081"), "https://piman.example/fleet");
}

TEST(Duration, ReadsWhatPrometheusReads) {
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("15s"), milliseconds(15'000));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
  EXPECT_EQ(parse_duration("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(parse_duration("7d"), milliseconds(604'800'000));
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), milliseconds(93'784'005));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  for (const std::string_view bad : {"", "s", "15", "15x", "-1s", "+1s", "1s1h", "1s1s", "1.5s", " 1s", "1s ", "1 s",
                                     "1S", "99999999999999999999s", "9223372036854775807d", "1h-5m"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
}

TEST(Duration, WritesWhatItReads) {
  for (const std::string_view text : {"1ms", "999ms", "15s", "1m30s", "1h", "1d1ms"}) {
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
  }
  EXPECT_EQ(format_duration(milliseconds(0)), "0s");
}

}  // namespace
}  // namespace piman::manager
