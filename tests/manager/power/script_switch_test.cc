// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "common/unique_fd.h"
#include "manager/power/make_switch.h"
#include "tests/support/temp_tree.h"

namespace piman::power {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class ScriptSwitch : public ::testing::Test {
 protected:
  std::unique_ptr<PowerSwitch> script(const std::string& body, milliseconds timeout = milliseconds(5000)) {
    tree_.put("power", "#!/bin/sh\n" + body + "\n");
    SwitchConfig config;
    config.name = "plugs";
    config.kind = SwitchConfig::Kind::kCommand;
    config.command = tree_.path() + "/power";
    config.timeout = timeout;
    ::chmod(config.command.c_str(), 0755);
    return make_script_switch(config);
  }
  test::TempTree tree_;
};

TEST_F(ScriptSwitch, gets_words_that_no_shell_looks_at) {
  const std::string out = tree_.path() + "/out";
  const auto set = script("printf '%s|' \"$#\" \"$@\" > " + out)->set({"$(reboot) x", 7}, false);
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(test::read_file(out), "3|$(reboot) x|7|off|");
}

TEST_F(ScriptSwitch, failures_have_the_first_line) {
  const auto set = script("echo 'no such plug' >&2; exit 3")->set({"pi1", 1}, true);
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("pi1 1 on: exit status 3; \"no such plug\""));
}

TEST_F(ScriptSwitch, a_slow_script_is_killed_with_its_children) {
  const auto began = std::chrono::steady_clock::now();
  const auto set = script("sleep 30 & sleep 30", milliseconds(300))->set({"pi1", 1}, true);
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(3000));
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("not done in 300 ms, killed"));
}

TEST_F(ScriptSwitch, a_script_without_end_of_words_does_not_fill_the_memory) {
  EXPECT_FALSE(script("yes | head -c 10000000; exit 1")->set({"pi1", 1}, true));
}

TEST_F(ScriptSwitch, a_script_that_is_not_there_is_an_error) {
  SwitchConfig config;
  config.command = "/nonexistent/script";
  const auto set = make_script_switch(config)->set({"pi1", 1}, true);
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("No such file"));
}

TEST_F(ScriptSwitch, a_script_ends_with_a_manager_that_is_killed) {
  const std::string pipe = tree_.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto power = script("read never < " + pipe, milliseconds(30'000));
  const pid_t manager = ::fork();
  if (manager == 0) {
    static_cast<void>(power->set({"pi1", 1}, false));
    ::_exit(0);
  }
  // The script listens to the pipe: somebody can be written to.
  const auto script_lives = [&] { return UniqueFd(::open(pipe.c_str(), O_WRONLY | O_NONBLOCK)).valid(); };
  UniqueFd writer;  // held, so that the script goes on reading
  for (int i = 0; i < 500 && !writer.valid(); ++i) {
    writer.reset(::open(pipe.c_str(), O_WRONLY | O_NONBLOCK));
    std::this_thread::sleep_for(milliseconds(10));
  }
  ASSERT_TRUE(writer.valid()) << "the script did not begin";
  ASSERT_EQ(::kill(manager, SIGKILL), 0);
  ASSERT_EQ(::waitpid(manager, nullptr, 0), manager);
  bool lives = true;
  for (int i = 0; i < 500 && lives; ++i) {
    lives = script_lives();
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_FALSE(lives) << "it may still switch";
}

}  // namespace
}  // namespace piman::power
