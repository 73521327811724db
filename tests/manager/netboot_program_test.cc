// SPDX-License-Identifier: Apache-2.0
// Netboot's subcommands and their server, as programs: what an earlier run of the server stored is shown, a machine is
// accepted, the inventory is read anew.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/text.h"
#include "manager/store/database.h"
#include "manager/store/store.h"
#include "tests/manager/boots/boot_script.h"
#include "tests/manager/raw_server.h"
#include "tests/support/tcp_client.h"
#include "tests/support/temp_tree.h"

extern char** environ;

namespace piman::manager {
namespace {

using piman::test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kStranger = "dc:a6:32:00:00:01";

/// A run of `piman` with its words in files.
class ProgramRun {
 public:
  ProgramRun(const TempTree& tree, std::vector<std::string> arguments, const std::string& name = "run")
      : out_(tree.path(name + ".out")), err_(tree.path(name + ".err")) {
    arguments.insert(arguments.begin(), "piman");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::posix_spawn_file_actions_addopen(&actions, 2, err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    EXPECT_EQ(::posix_spawn(&pid_, PIMAN_PROGRAM, &actions, nullptr, argv.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~ProgramRun() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  ProgramRun(const ProgramRun&) = delete;
  ProgramRun& operator=(const ProgramRun&) = delete;

  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int stop() {
    ::kill(pid_, SIGTERM);
    return wait();
  }
  int interrupt() {
    ::kill(pid_, SIGINT);
    return wait();
  }
  std::string out() const { return piman::test::read_file(out_); }
  std::string err() const { return piman::test::read_file(err_); }
  bool wait_for_log(std::string_view words) const {
    for (int i = 0; i < 1000; ++i) {
      if (err().find(words) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "never logged: " << words << "\n" << err();
    return false;
  }

 private:
  std::string out_, err_;
  ::pid_t pid_ = 0;
};

class NetbootProgram : public ::testing::Test {
 protected:
  NetbootProgram() : port(piman::test::port_of(piman::test::listen_on("127.0.0.1", 0, 1))) {
    tree.put("piman.yml", concat("web: {listen_address: \"127.0.0.1:", port, "\"}\n", "agents: {port: ", port,
                                 "}\n"
                                 "netboot: {enabled: true, interfaces: lo, console_port: 0}\n"
                                 "dhcp: {mode: off, subnets: 10.0.0.0/24}\n"
                                 "tftp: {enabled: false}\n"));
  }
  /// What an earlier server would have left.
  void store_the_past() {
    Logger log(LogLevel::kError, LogFormat::kLogfmt, [](std::string_view) {});
    StoreSettings settings;
    settings.folder = tree.path("state");
    auto store = Store::open(settings, log);
    ASSERT_TRUE(store) << store.error().message;
    test::Script script;
    test::boot_a_3b(script);
    for (BootRecord& record : script.tick(1000).records) (*store)->put_boot(std::move(record));
    PendingHost host;
    host.mac = *MacAddress::parse(kStranger);
    host.model = "pi4";
    host.first_seen = host.last_seen = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    host.messages = 3;
    (*store)->put_pending(host);
  }
  std::vector<std::string> with_server(std::vector<std::string> arguments) const {
    arguments.push_back(concat("--server=http://127.0.0.1:", port));
    return arguments;
  }
  std::vector<std::string> with_token(std::vector<std::string> arguments) const {
    arguments.push_back("--token.file=" + tree.path("state/api.token"));
    return with_server(std::move(arguments));
  }
  std::vector<std::string> server_command() const {
    return {"server", "--config.file=" + tree.path("piman.yml"), "--log.level=info"};
  }

  TempTree tree{{"hosts.csv", "# ours\nb8:27:eb:6c:4c:16;10.0.0.11;pi1;\n"},
                {"boot/assignments.csv", "pi1;desk;\npi8;;x\n"},
                {"boot/images/default/config.txt", "arm_64bit=1\n"},
                {"boot/groups/desk/cmdline.txt", "console=tty1\n"},
                {"boot/images/default/cmdline.txt", "quiet\n"}};
  std::uint16_t port;
};

TEST_F(NetbootProgram, shows_the_past_and_accepts_a_machine) {
  store_the_past();
  ProgramRun server(tree, server_command(), "server");
  ASSERT_TRUE(server.wait_for_log("msg=listening"));
  EXPECT_THAT(server.err(), HasSubstr("assignments.csv:2: no node pi8 in the inventory"));

  ProgramRun boots(tree, with_server({"boots", "pi1"}));
  EXPECT_EQ(boots.wait(), 0) << boots.err();
  EXPECT_THAT(boots.out(), HasSubstr("booted  20.5 s  pi3b_rom"));
  EXPECT_THAT(boots.out(), HasSubstr("kernel8.img  complete  9 MB"));
  ProgramRun doctor(tree, with_server({"doctor", "pi1"}));
  EXPECT_EQ(doctor.wait(), 0) << doctor.err();
  EXPECT_THAT(doctor.out(), HasSubstr("Its last boot went well"));

  ProgramRun pending(tree, with_server({"hosts", "pending"}));
  EXPECT_EQ(pending.wait(), 1) << pending.err();
  EXPECT_THAT(pending.out(), HasSubstr(std::string(kStranger) + "  pi4"));
  ProgramRun all(tree, with_server({"doctor"}));
  EXPECT_EQ(all.wait(), 1);
  EXPECT_THAT(all.out(), HasSubstr(concat("piman hosts accept ", kStranger, " NAME")));

  ProgramRun taken(tree, with_token({"hosts", "accept", std::string(kStranger), "pi1"}));
  EXPECT_EQ(taken.wait(), 1);
  EXPECT_THAT(taken.err(), HasSubstr("name pi1 is that of line 2 already"));
  ProgramRun accept(tree, with_token({"hosts", "accept", std::string(kStranger), "pi2"}));
  EXPECT_EQ(accept.wait(), 0) << accept.err();
  EXPECT_THAT(accept.out(), StartsWith("pi2 (dc:a6:32:00:00:01) has 10.0.0.12 now."));
  EXPECT_EQ(piman::test::read_file(tree.path("hosts.csv")),
            concat("# ours\nb8:27:eb:6c:4c:16;10.0.0.11;pi1;\n", kStranger, ";10.0.0.12;pi2;\n"));
  EXPECT_THAT(piman::test::http_get(port, "/api/v1/sd").body, HasSubstr("\"pi2\""));
  ProgramRun none(tree, with_server({"hosts", "pending", "--json"}));
  EXPECT_EQ(none.wait(), 0);
  EXPECT_THAT(none.out(), HasSubstr("\"hosts\":[]"));

  const std::string metrics = piman::test::http_get(port, "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("\npiman_pending_hosts 0\n"));
  EXPECT_THAT(metrics, HasSubstr("\npiman_dhcp_leases{state=\"bound\"} 0\n"));

  ProgramRun second(tree, server_command(), "second");
  EXPECT_EQ(second.wait(), 1);
  EXPECT_THAT(second.err(), HasSubstr("is in use by another piman"));
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(NetbootProgram, tells_of_events_and_nodes) {
  store_the_past();
  auto server = std::make_unique<ProgramRun>(tree, server_command(), "server");
  ASSERT_TRUE(server->wait_for_log("msg=listening"));
  ProgramRun follower(tree, with_server({"events", "--follow"}), "follower");
  const auto told = [&](std::string_view words) {
    for (int i = 0; i < 2000; ++i) {
      if (follower.out().find(words) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "never told: " << words << "\n" << follower.out() << follower.err();
    return false;
  };
  // No agent is at the node's address: that is an event of its own. Whether somebody there refuses connections is up to
  // the network that this runs in.
  EXPECT_TRUE(told("down, after "));
  const std::string phase = follower.out().find("agent-down, after ") == std::string::npos ? "down" : "agent-down";
  ProgramRun accept(tree, with_token({"hosts", "accept", std::string(kStranger), "pi2"}));
  EXPECT_EQ(accept.wait(), 0) << accept.err();
  EXPECT_TRUE(told("accepted  pi2         dc:a6:32:00:00:01 with 10.0.0.1"));

  ProgramRun list(tree, with_server({"events", "--kind=accepted", "--json"}));
  EXPECT_EQ(list.wait(), 0) << list.err();
  EXPECT_THAT(list.out(), HasSubstr(R"("kind":"accepted","node":"pi2")"));
  EXPECT_THAT(list.out(), Not(HasSubstr("down, after")));
  ProgramRun nodes(tree, with_server({"nodes", concat("phase=", phase)}));
  EXPECT_EQ(nodes.wait(), 0) << nodes.err();
  EXPECT_THAT(nodes.out(), HasSubstr(concat("pi1   ", phase)));
  ProgramRun none(tree, with_server({"nodes", "pi1", "pi77"}));
  EXPECT_EQ(none.wait(), 1);
  EXPECT_EQ(none.err(), "piman nodes: \"pi77\": no node is called so\n");
  ProgramRun node(tree, with_server({"node", "b8:27:eb:6c:4c:16"}));
  EXPECT_EQ(node.wait(), 0) << node.err();
  EXPECT_THAT(node.out(), HasSubstr(concat("pi1: ", phase, " for ")));
  for (const char* part : {"\nPhases\n", "\nBoots\n", "booted", "\nCard\nnothing was installed", "\nEvents\n"}) {
    EXPECT_THAT(node.out(), HasSubstr(part));
  }
  ProgramRun json(tree, with_server({"node", "pi1", "--json"}));
  EXPECT_EQ(json.wait(), 0) << json.err();
  EXPECT_THAT(json.out(), StartsWith(R"({"node":{"status":"success","data":{"name":"pi1")"));
  EXPECT_THAT(json.out(), HasSubstr(R"(,"installs":{"status":"success")"));
  ProgramRun several(tree, with_server({"node", "all"}));
  EXPECT_EQ(several.wait(), 2);

  // The server goes and comes back: who follows is told so, and misses nothing.
  EXPECT_EQ(server->stop(), 0);
  EXPECT_TRUE(follower.wait_for_log("the server does not answer, trying again: "));
  server = std::make_unique<ProgramRun>(tree, server_command(), "server");
  ASSERT_TRUE(server->wait_for_log("msg=listening"));
  EXPECT_TRUE(follower.wait_for_log("the server answers again\n"));
  ProgramRun another(tree, with_token({"hosts", "accept", "dc:a6:32:00:00:02", "pi3"}));
  EXPECT_EQ(another.wait(), 0) << another.err();
  EXPECT_TRUE(told("accepted  pi3"));
  const std::string all = follower.out();
  EXPECT_EQ(all.find("accepted  pi2"), all.rfind("accepted  pi2")) << "told twice";
  EXPECT_EQ(follower.interrupt(), 0);
}

TEST_F(NetbootProgram, says_what_is_wrong_with_a_command_line_or_a_server) {
  struct Line {
    std::vector<std::string> arguments;
    int exit;
    std::string words;
  };
  const std::vector<Line> lines = {
      {{"hosts", "accpet"}, 2, "unknown hosts command \"accpet\""},
      {{"hosts", "accept", "dc:a6:32:00:00:01"}, 2, "an argument is missing"},
      {{"hosts", "accept", "dc:a6", "pi2"}, 2, "\"dc:a6\" is no MAC address"},
      {{"hosts", "accept", "dc:a6:32:00:00:01", "a b"}, 2, "\"a b\" is no host name"},
      {{"hosts", "accept", "dc:a6:32:00:00:01", "pi2", "--address=10"}, 2, "\"10\" is no IPv4 address"},
      {{"boots"}, 2, "an argument is missing"},
      {{"boots", "../x"}, 2, "\"../x\" is no node's name or MAC"},
      {{"boots", "pi1", "--boot=0"}, 2, "--boot is no number from 1 on"},
      {{"boots", "pi1"}, 3, "no piman server at"},
      {{"doctor", "pi1"}, 3, "no piman server at"},
      {{"hosts", "pending"}, 3, "no piman server at"},
  };
  for (const Line& line : lines) {
    ProgramRun run(tree, with_server(line.arguments));
    EXPECT_EQ(run.wait(), line.exit) << line.words;
    EXPECT_THAT(run.err(), HasSubstr(line.words));
    EXPECT_EQ(run.out(), "");
  }
  ProgramRun wordless(tree, {"hosts"});
  EXPECT_EQ(wordless.wait(), 2);
  EXPECT_EQ(wordless.err(), "piman: hosts needs a word: list, add, remove, pending or accept\n");
  for (const std::vector<std::string>& help : std::vector<std::vector<std::string>>{{"hosts", "--help"},
                                                                                    {"hosts", "pending", "--help"},
                                                                                    {"hosts", "accept", "--help"},
                                                                                    {"boots", "--help"},
                                                                                    {"doctor", "--help"},
                                                                                    {"netboot", "tree", "--help"},
                                                                                    {"help", "doctor"}}) {
    ProgramRun run(tree, help);
    EXPECT_EQ(run.wait(), 0);
    EXPECT_THAT(run.out(), HasSubstr("Examples:\n"));
  }
}

TEST_F(NetbootProgram, lists_the_boot_files_of_a_node) {
  const std::string config = "--config.file=" + tree.path("piman.yml");
  ProgramRun run(tree, {"netboot", "tree", "pi1", config});
  EXPECT_EQ(run.wait(), 0) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("groups/desk/cmdline.txt"));
  EXPECT_THAT(run.out(), HasSubstr("images/default/config.txt"));
  ProgramRun unknown(tree, {"netboot", "tree", "pi77", config});
  EXPECT_EQ(unknown.wait(), 2);
  EXPECT_THAT(unknown.err(), HasSubstr("no node \"pi77\" in"));
}

TEST_F(NetbootProgram, a_server_that_does_not_boot_nodes_says_so) {
  tree.put("piman.yml", concat("web: {listen_address: \"127.0.0.1:", port, "\"}\nagents: {port: ", port, "}\n"));
  ProgramRun server(tree, server_command(), "server");
  ASSERT_TRUE(server.wait_for_log("msg=listening"));
  ProgramRun doctor(tree, with_server({"doctor"}));
  EXPECT_EQ(doctor.wait(), 1);
  EXPECT_THAT(doctor.err(), HasSubstr("this manager does not boot nodes: netboot.enabled is false"));
  EXPECT_THAT(piman::test::http_get(port, "/metrics").body, Not(HasSubstr("piman_dhcp_")));
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(NetbootProgram, what_is_no_database_is_kept_beside_a_new_one) {
  tree.put("state/piman.db", "precious notes");
  const ProgramRun server(tree, server_command(), "server");
  ASSERT_TRUE(server.wait_for_log("the database was damaged: it is set aside, and a new one begun"));
  std::vector<std::string> kept;
  for (const auto& entry : std::filesystem::directory_iterator(tree.path("state"))) {
    if (entry.path().filename().string().starts_with("piman.db.corrupt-")) kept.push_back(entry.path().string());
  }
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(piman::test::read_file(kept[0]), "precious notes");
}

TEST_F(NetbootProgram, does_not_start_on_the_database_of_another_program) {
  std::filesystem::create_directory(tree.path("state"));
  {
    auto foreign = Database::open(tree.path("state/piman.db"), Database::Mode::kCreate);
    ASSERT_TRUE(foreign);
    ASSERT_TRUE(foreign->run("CREATE TABLE cookies (name TEXT)"));
  }
  const std::string before = piman::test::read_file(tree.path("state/piman.db"));
  ProgramRun server(tree, server_command(), "server");
  EXPECT_EQ(server.wait(), 1);
  EXPECT_THAT(server.err(), HasSubstr("is a database of another program, not of piman"));
  EXPECT_EQ(piman::test::read_file(tree.path("state/piman.db")), before);
}

}  // namespace
}  // namespace piman::manager
