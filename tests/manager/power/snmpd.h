// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/power/snmp_poe.h"
#include "tests/support/temp_tree.h"

/// A real snmpd on a free loopback port, as the PoE switch. See poe_agent.py.
namespace piman::power {

inline constexpr const char* kSnmpd = "/usr/sbin/snmpd";

/// Ports 1 to 3 of group 1 with power, of which 1 and 2 say how much; three learnt addresses.
inline std::string poe_state(bool lies = false) {
  std::string rows;
  for (const int port : {1, 2, 3}) {
    rows += concat("\"1.3.6.1.2.1.105.1.1.1.3.1.", port, "\":1,\"1.3.6.1.2.1.105.1.1.1.6.1.", port, "\":3,");
    if (port < 3) rows += concat("\"1.3.6.1.4.1.9.9.402.1.2.1.9.1.", port, "\":", 4200 + port, ',');
  }
  rows +=
      "\"1.3.6.1.2.1.17.1.4.1.2.1\":10101,\"1.3.6.1.2.1.17.1.4.1.2.2\":10102,"
      "\"1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.0.1\":1,\"1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.0.2\":2,"
      "\"1.3.6.1.2.1.17.7.1.2.2.1.2.7.2.0.0.0.0.1\":1,\"1.3.6.1.2.1.17.7.1.2.2.1.2.7.2.0.0.0.0.3\":3";
  return concat("{\"rows\":{", rows, "},\"lies\":", lies ? "true" : "false", "}");
}

class Snmpd {
 public:
  Snmpd() {
    port_ = free_port();
    const std::string root = tree_.path();
    tree_.put("state.json", poe_state());
    tree_.put("state/", "");
    std::string config = concat("agentaddress udp:127.0.0.1:", port_, "\nrwcommunity secret 127.0.0.1\n",
                                "rocommunity readonly 127.0.0.1\nrwcommunity secret@7 127.0.0.1\n",
                                "createUser boss SHA-256 authauth1 AES privpriv1\nrwuser boss priv\n");
    for (const char* base : {"1.3.6.1.2.1.105", "1.3.6.1.4.1.9.9.402", "1.3.6.1.2.1.17"}) {
      config += concat("pass_persist .", base, " ", POE_AGENT, " ", root, "/state.json\n");
    }
    tree_.put("snmpd.conf", config);
    start();
  }
  ~Snmpd() { stop(); }

  void stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  void pause() const { ::kill(pid_, SIGSTOP); }
  void resume() const { ::kill(pid_, SIGCONT); }
  void lie() { tree_.put("state.json", poe_state(true)); }
  std::string state() const { return test::read_file(tree_.path() + "/state.json"); }

  /// The switch "rack" with ports 1 to 3 for pi1 to pi3, and a community.
  SwitchConfig config(const std::string& community = "secret") {
    SwitchConfig config;
    config.name = "rack";
    config.address = HostPort{"127.0.0.1", port_, false};
    config.community_file = secret(community);
    config.timeout = std::chrono::milliseconds(500);
    config.retries = 1;
    config.ports = {{"pi1", 1}, {"pi2", 2}, {"pi3", 3}};
    return config;
  }
  SwitchConfig v3(const std::string& auth, const std::string& priv, const std::string& user = "boss") {
    SwitchConfig config = this->config();
    config.version = SwitchConfig::Version::kV3;
    config.user = user;
    config.auth_key_file = secret(auth);
    config.priv_key_file = secret(priv);
    return config;
  }
  std::string secret(const std::string& text) {
    const std::string name = concat("secret", ++secrets_);
    tree_.put(name, text + "\n");
    const std::string path = tree_.path() + "/" + name;
    ::chmod(path.c_str(), 0600);
    return path;
  }

 private:
  static std::uint16_t free_port() {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }
  void start() {
    const std::string root = tree_.path();
    const std::string conf = root + "/snmpd.conf", log = root + "/snmpd.log";
    const std::string persistent = concat("SNMP_PERSISTENT_FILE=", root, "/state/snmpd.persist");
    const std::string folder = concat("SNMP_PERSISTENT_DIR=", root, "/state");
    std::string path = "PATH=/usr/bin:/bin";
    char* environment[] = {const_cast<char*>(persistent.c_str()), const_cast<char*>(folder.c_str()), path.data(),
                           nullptr};
    const char* argv[] = {kSnmpd, "-f", "-C", "-c", conf.c_str(), "-Lf", log.c_str(), "-I", "-smux", nullptr};
    ASSERT_EQ(::posix_spawn(&pid_, kSnmpd, nullptr, nullptr, const_cast<char**>(argv), environment), 0);
    // It is up when it answers.
    SwitchConfig probe = config();
    probe.timeout = std::chrono::milliseconds(200);
    probe.retries = 0;
    auto poe = make_snmp_poe(probe);
    ASSERT_TRUE(poe) << poe.error().message;
    for (int tries = 0; tries < 50; ++tries) {
      if ((*poe)->read({"pi1", 1})) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    FAIL() << "snmpd does not answer: " << test::read_file(log);
  }

  test::TempTree tree_;
  std::uint16_t port_ = 0;
  pid_t pid_ = 0;
  int secrets_ = 0;
};

}  // namespace piman::power
