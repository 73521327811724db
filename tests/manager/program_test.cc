// SPDX-License-Identifier: Apache-2.0
// The `piman` program from outside: exit statuses, words, signals.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <string>
#include <thread>
#include <vector>

#include "common/text.h"
#include "tests/manager/raw_server.h"
#include "tests/support/tcp_client.h"
#include "tests/support/temp_tree.h"

extern char** environ;

namespace piman::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A run of `piman` whose output goes into files of a temporary tree.
class Piman {
 public:
  Piman(const TempTree& tree, std::vector<std::string> arguments) : tree_(tree) {
    arguments.insert(arguments.begin(), "piman");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    ::posix_spawn_file_actions_addopen(&actions, 1, tree.path("out").c_str(), flags, 0600);
    ::posix_spawn_file_actions_addopen(&actions, 2, tree.path("err").c_str(), flags, 0600);
    EXPECT_EQ(::posix_spawn(&pid_, PIMAN_PROGRAM, &actions, nullptr, argv.data(), environ), 0) << PIMAN_PROGRAM;
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~Piman() {
    if (pid_ > 0) {
      send(SIGKILL);
      wait();
    }
  }
  Piman(const Piman&) = delete;
  Piman& operator=(const Piman&) = delete;

  void send(int signal) const { ::kill(pid_, signal); }
  /// The exit status; 128 and the signal when one killed it.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string out() const { return read_file(tree_.path("out")); }
  std::string err() const { return read_file(tree_.path("err")); }
  bool wait_for_log(std::string_view words) const {
    for (int i = 0; i < 1000; ++i) {
      if (err().find(words) != std::string::npos) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    ADD_FAILURE() << "never logged: " << words << "\n" << err();
    return false;
  }

 private:
  const TempTree& tree_;
  ::pid_t pid_ = 0;
};

struct CommandLine {
  std::vector<std::string> arguments;
  int status;
  std::string out;  ///< what standard output begins with
  std::string err;  ///< all of standard error
};

TEST(Program, AnswersEveryCommandLine) {
  const TempTree tree({{"good.yml", "site: lab\n"}, {"bad.yml", "siet: lab\nagents: {port: 0}\n"}});
  const std::string good = "--config.file=" + tree.path("good.yml");
  const std::string bad = "--config.file=" + tree.path("bad.yml");
  const std::string bad_problems = concat(tree.path("bad.yml"), ":1: unknown key siet; did you mean site?\n",
                                          tree.path("bad.yml"), ":2: agents.port: 0 is not between 1 and 65535\n");
  const std::vector<CommandLine> lines = {
      {{}, 2, "", "piman: which command? piman help lists them\n"},
      {{"serve"}, 2, "", "piman: unknown command \"serve\"; piman help lists them\n"},
      {{"--help"}, 0, "piman " PIMAN_VERSION " - ", ""},
      {{"help"}, 0, "piman " PIMAN_VERSION " - ", ""},
      {{"help", "server"}, 0, "Usage: piman server", ""},
      {{"help", "config"}, 0, "Usage: piman config", ""},
      {{"version"}, 0, "piman " PIMAN_VERSION "\n", ""},
      {{"--version"}, 0, "piman " PIMAN_VERSION "\n", ""},
      {{"server", "--help"}, 0, "Usage: piman server", ""},
      {{"server", "--nonsense"}, 2, "", "piman: unknown flag \"--nonsense\"; --help lists them\n"},
      {{"server", "extra"}, 2, "", "piman: unexpected argument \"extra\"\n"},
      {{"server", bad}, 2, "", bad_problems},
      {{"server", good, "--log.level=loud", "--web.listen-address=8080"},
       2,
       "",
       "piman: --log.level: \"loud\" is none of debug, info, warn, error\n"
       "piman: --web.listen-address: \"8080\" is no address like 127.0.0.1:8080, [::1]:8080 or :8080\n"},
      {{"config"}, 2, "", "piman: config needs a word: check, import or reference\n"},
      {{"config", "chekc"}, 2, "", "piman: unknown config command \"chekc\": it is check, import or reference\n"},
      {{"config", "check", good}, 0, concat(tree.path("good.yml"), ": no problems\n"), ""},
      {{"config", "check", bad}, 2, "", bad_problems},
      {{"config", "check", "--config.file=/absent/piman.yml"}, 2, "", "/absent/piman.yml: no such file\n"},
      {{"config", "reference"}, 0, "# Configuration of the manager\n", ""},
  };
  for (const CommandLine& line : lines) {
    std::string shown;
    for (const std::string& argument : line.arguments) shown += concat(argument, ' ');
    Piman piman(tree, line.arguments);
    EXPECT_EQ(piman.wait(), line.status) << shown;
    EXPECT_THAT(piman.out(), StartsWith(line.out)) << shown;
    EXPECT_EQ(piman.out().empty(), line.out.empty()) << shown;
    EXPECT_EQ(piman.err(), line.err) << shown;
  }
}

TEST(Program, ImportsThePythonSystemsFolder) {
  const TempTree tree(
      {{"old/hosts.csv", "B8:27:EB:00:00:02;172.30.4.2;;1543190400\nbroken\n"},
       {"old/piman.yaml",
        "private_number: 4\nserver_address: 172.30.4.1\nsubnet_mask: 255.255.255.0\ninterface: eth1\n"
        "switch_count: 1\nswitches:\n- switch_address: 172.30.4.254\n  pi_addresses: [172.30.4.2]\n"},
       {"old/monitoring/monitoring.config", "[DEFAULT]\nslack = https://hooks.example/T0/secret\ncpu_threshold = 85\n"},
       {"old/reinstall.txt", "172.30.4.2\n"},
       {"new/", ""}});
  const std::vector<std::string> line = {"config", "import", tree.path("old"), "--folder=" + tree.path("new"),
                                         "--config.file=" + tree.path("new/piman.yml")};
  Piman piman(tree, line);
  EXPECT_EQ(piman.wait(), 1) << "a line was not taken";
  EXPECT_THAT(piman.err(), HasSubstr("old/hosts.csv: line 2: \"broken\""));
  EXPECT_THAT(piman.err(), HasSubstr("reinstall.txt: its orders were not taken"));
  EXPECT_EQ(read_file(tree.path("new/hosts.csv")), "b8:27:eb:00:00:02;172.30.4.2;pi2;1543190400\n");
  EXPECT_EQ(read_file(tree.path("new/slack.url")), "https://hooks.example/T0/secret\n");
  EXPECT_EQ(read_file(tree.path("new/switch.community")), "private\n");
  const std::string yaml = read_file(tree.path("new/piman.yml"));
  EXPECT_THAT(yaml, Not(HasSubstr("secret")));
  for (const char* words : {"hosts_file: hosts.csv", "interfaces: \"eth1\"", "cpu_threshold: 85", "\"pi2\": 2"}) {
    EXPECT_THAT(yaml, HasSubstr(words));
  }
  Piman check(tree, {"config", "check", "--config.file=" + tree.path("new/piman.yml")});
  EXPECT_EQ(check.wait(), 0) << check.err();
  Piman again(tree, line);
  EXPECT_EQ(again.wait(), 1);
  EXPECT_THAT(again.err(), HasSubstr("new/piman.yml is there already: nothing was written"));
  Piman elsewhere(tree, {"config", "import", tree.path("old"), "--folder=" + tree.path("new"),
                         "--config.file=" + tree.path("other.yml")});
  EXPECT_EQ(elsewhere.wait(), 1);
  EXPECT_THAT(elsewhere.err(), HasSubstr("new/hosts.csv is there already: nothing was written"));
  EXPECT_EQ(::access(tree.path("other.yml").c_str(), F_OK), -1) << "its inventory would be another one";
  EXPECT_EQ(read_file(tree.path("new/piman.yml")), yaml) << "nothing is overwritten";
  Piman none(tree, {"config", "import", tree.path("absent/hosts.csv")});
  EXPECT_EQ(none.wait(), 2);
}

/// A port that nobody listens on at this moment.
std::uint16_t free_port() { return port_of(listen_on("127.0.0.1", 0, 1)); }

TEST(Program, ServesReloadsAndStops) {
  const TempTree tree({{"hosts.csv", "b8:27:eb:00:00:01;127.0.0.2;pi1;\nbroken\n"}});
  const std::uint16_t port = free_port();
  tree.put("piman.yml", concat("web: {listen_address: \"127.0.0.1:", port, "\"}\nagents: {port: ", free_port(), "}\n"));
  Piman piman(tree, {"server", "--config.file=" + tree.path("piman.yml"), "--log.level=info"});
  ASSERT_TRUE(piman.wait_for_log("msg=listening"));
  EXPECT_THAT(piman.err(), HasSubstr(":2: \\\"broken\\\" has 1 fields"));
  EXPECT_THAT(piman.err(), HasSubstr("msg=\"inventory loaded\""));
  ASSERT_TRUE(piman.wait_for_log("node=pi1 phase=agent-down"));
  HttpReply ready;
  for (int i = 0; i < 200 && ready.status != 200; ++i) {
    ready = http_get(port, "/readyz");
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(http_get(port, "/nodes/pi1/metrics").status, 503);

  piman.send(SIGHUP);  // the file still has its problem: nothing changes
  ASSERT_TRUE(piman.wait_for_log("inventory not reloaded: the old one stays"));
  EXPECT_THAT(http_get(port, "/api/v1/sd").body, HasSubstr("\"pi1\""));

  tree.put("hosts.csv", "b8:27:eb:00:00:02;127.0.0.3;pi2;\n");
  piman.send(SIGHUP);
  ASSERT_TRUE(piman.wait_for_log("node=pi2 phase=agent-down"));
  EXPECT_THAT(http_get(port, "/api/v1/sd").body, HasSubstr("\"pi2\""));
  EXPECT_THAT(http_get(port, "/api/v1/sd").body, Not(HasSubstr("\"pi1\"")));

  tree.remove("hosts.csv");
  piman.send(SIGHUP);
  ASSERT_TRUE(piman.wait_for_log("no such file"));
  EXPECT_THAT(http_get(port, "/api/v1/sd").body, HasSubstr("\"pi2\""));

  const TcpClient idle(port);  // a browser that keeps its connection must not hold the program
  const auto began = std::chrono::steady_clock::now();
  piman.send(SIGTERM);
  EXPECT_EQ(piman.wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(2000));
  EXPECT_THAT(piman.err(), HasSubstr("msg=stopping signal=SIGTERM"));
}

TEST(Program, ATakenPortIsOneClearLine) {
  const UniqueFd taken = listen_on("127.0.0.1", 0, 1);
  const TempTree tree({{"piman.yml", ""}, {"hosts.csv", ""}});
  const std::string address = concat("127.0.0.1:", port_of(taken));
  Piman piman(tree, {"server", "--config.file=" + tree.path("piman.yml"), "--log.level=error",
                     "--web.listen-address=" + address});
  EXPECT_EQ(piman.wait(), 1);
  EXPECT_THAT(piman.err(), StartsWith(concat("piman: listening on ", address, ": ")));
}

}  // namespace
}  // namespace piman::test
